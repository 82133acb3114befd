"""The demo: every state in every format, and nothing read or left behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.support import Run

from moonshot_status import formats
from moonshot_status.config.settings import Options
from moonshot_status.polling import demo

# Level, staleness, and kind of problem.
EXPECTED = {
    "ok": ("ok", False, None),
    "warning": ("warning", False, None),
    "critical": ("critical", False, None),
    "empty": ("empty", False, None),
    "deficit": ("ok", False, None),
    "stale": ("ok", True, "server-error"),
    "offline": ("ok", True, "offline"),
    "rate-limited": ("ok", True, "rate-limited"),
    "unauthorized": ("unknown", False, "unauthorized"),
}


@pytest.mark.parametrize("region", ["international", "china"])
@pytest.mark.parametrize("state", demo.STATES)
def test_each_state_is_what_its_name_says(run: Run, state: str, region: str, home: Path) -> None:
    document = json.loads(run("--demo", state, "--region", region, "--format", "json").stdout)
    kind = document["problem"] and document["problem"]["kind"]
    assert (document["level"], document["stale"], kind) == EXPECTED[state]
    assert (document["account"], document["region"]) == ("demo", region)
    assert (document["deficit"] is not None) == (state == "deficit")
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("state", demo.STATES)
def test_each_state_goes_with_each_format(state: str) -> None:
    view = demo.make_view(state, Options())
    for name in formats.names():
        assert formats.renderer(name)(view).text.endswith("\n")


@pytest.mark.parametrize("name", formats.names())
def test_each_format_can_be_tried(run: Run, name: str) -> None:
    done = run("--demo", "deficit", "--format", name)
    assert done.stdout.endswith(b"\n")
    assert done.stderr == b""


def test_another_path_is_not_found() -> None:
    with demo.serving(demo.balance("1", "1", "0")) as server:
        assert server.respond("GET", "/v1/users", "sk-demo").status == 404
        assert server.respond("GET", "/v1/users/me/balance", "sk-other").status == 401


def test_settings_and_keys_are_not_read(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home / ".config" / "moonshot-status"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("not JSON", encoding="utf-8")
    monkeypatch.setenv("MOONSHOT_REGION", "mars")
    assert run("--demo", "ok", "--max-age", "0").stdout == b"$49.58\n"
