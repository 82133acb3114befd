"""The demo: every state in every format, and nothing read or left behind."""

from __future__ import annotations

import json
import re
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
def test_each_state_is_what_its_name_says(invoke: Run, state: str, region: str, home: Path) -> None:
    document = json.loads(invoke("--demo", state, "--region", region, "--format", "json").stdout)
    kind = document["problem"] and document["problem"]["kind"]
    assert (document["level"], document["stale"], kind) == EXPECTED[state]
    assert (document["account"], document["region"]) == ("demo", region)
    assert (document["deficit"] is not None) == (state == "deficit")
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("state", demo.STATES)
def test_each_format_shows_each_state(state: str) -> None:
    shown = {
        "ok": "49.58", "warning": "3.21", "critical": "0.58", "empty": "0", "deficit": "49.58",
        "stale": "server.error", "offline": "offline", "rate-limited": "rate.limited",
        "unauthorized": "key rejected|unauthorized",
    }  # fmt: skip
    view = demo.make_view(state, Options())
    for name in formats.names():
        text = formats.renderer(name)(view).text
        assert re.search(shown[state], text), name
        assert text.endswith("\n"), name


def test_another_path_is_not_found() -> None:
    with demo.serving(demo.balance("1", "1", "0")) as server:
        assert server.respond("GET", "/v1/users", "sk-demo").status == 404
        assert server.respond("GET", "/v1/users/me/balance", "sk-other").status == 401


def test_settings_and_keys_are_not_read(
    invoke: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home / ".config" / "moonshot-status"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("not JSON", encoding="utf-8")
    monkeypatch.setenv("MOONSHOT_REGION", "mars")
    assert invoke("--demo", "ok", "--max-age", "0").stdout == b"$49.58\n"
