"""What to do about a wrong key depends on the place that it comes from."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit.support import KEY, Run

from moonshot_status import formats
from moonshot_status.polling import demo

OwnFile = Callable[[Any], Path]
OTHER_KEY = "sk-canary-that-is-rejected"
SET_KEY = "moonshot-status{} config set-key"
FILE = "~/.config/moonshot-status/config.json"
CODEXBAR = "CodexBar's ~/.codexbar/config.json"
# For each place of a key: the options, how the hint names it, and the next step.
PLACES = {
    "file": ([], f"api_key in {FILE}", SET_KEY.format("")),
    "account": (
        ["--account", "my work"], f"accounts.my work.api_key in {FILE}",
        SET_KEY.format(" --account 'my work'"),
    ),
    "only account": ([], f"accounts.work.api_key in {FILE}", SET_KEY.format(" --account work")),
    "another file": (
        ["--config", "~/my file"], "api_key in ~/my file", SET_KEY.format(" --config '~/my file'")
    ),
    "command": ([], f"the key printed by api_key_command in {FILE}", "moonshot-status doctor"),
    "command of an account": (
        ["--account", "b"], f"the key printed by accounts.b.api_key_command in {FILE}",
        "moonshot-status --account b doctor",
    ),
    "variable": ([], "MOONSHOT_API_KEY", "correct MOONSHOT_API_KEY"),
    "second variable": ([], "MOONSHOT_KEY", "correct MOONSHOT_KEY"),
    "CodexBar": ([], CODEXBAR, f"correct {CODEXBAR}"),
}  # fmt: skip
places = pytest.mark.parametrize("place", PLACES)
Put = Callable[[str, str], None]


@pytest.fixture
def put(server: demo.Server, own_file: OwnFile, home: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    """Put a key into a place, with nothing in the others."""
    monkeypatch.delenv("MOONSHOT_API_KEY")

    def put(place: str, key: str) -> None:
        secret, url = {"api_key": key}, {"base_url": server.base_url}
        command = {"api_key_command": ["echo", key]}
        settings = {
            "file": secret,
            "account": {"accounts": {"my work": secret, "b": {}}},
            "only account": {"accounts": {"work": secret}},
            "command": command,
            "command of an account": {"accounts": {"a": {}, "b": command}},
        }
        file = own_file({**url, **settings.get(place, {})})
        if place == "another file":
            file = own_file({**url, **secret}).rename(home / "my file")
        elif place == "CodexBar":
            codexbar = home / ".codexbar" / "config.json"
            codexbar.parent.mkdir()
            codexbar.write_text(json.dumps({"providers": [{"id": "moonshot", "apiKey": key}]}))
            codexbar.chmod(0o600)
        if "variable" not in place:
            monkeypatch.delenv("MOONSHOT_BASE_URL", raising=False)
        else:
            monkeypatch.setenv("MOONSHOT_API_KEY" if place == "variable" else "MOONSHOT_KEY", key)
        if place != "another file":
            file.chmod(0o600)

    return put


@pytest.fixture
def say(invoke: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run the program in the place and return what it prints, with ``~`` for the home folder."""

    def say(place: str, *arguments: str) -> str:
        options = [word.replace("~", str(home)) for word in PLACES[place][0]]
        with monkeypatch.context() as patch:
            patch.setattr(sys.stderr, "isatty", lambda: True)
            done = invoke(*options, *arguments)
        return (done.stdout + done.stderr).decode().replace(str(home), "~")

    return say


@places
def test_a_rejected_key(put: Put, say: Callable[..., str], place: str) -> None:
    put(place, OTHER_KEY)
    _, name, step = PLACES[place]
    assert say(place, "guard", "--min", "1").splitlines()[-1] == f"Next: {step}"
    hint = f"Check the region and {name}, then run moonshot-status --refresh."
    assert json.loads(say(place, "--format", "json"))["problem"]["hint"] == hint
    findings = say(place, "doctor").splitlines()
    number = next(n for n, line in enumerate(findings) if "key rejected: " in line)
    region = "MOONSHOT_REGION=china" if "variable" in place else '"region": "china" beside it'
    fix = f"→ {hint} A key from platform.kimi.com needs {region}."
    assert findings[number + 1].strip() == fix


@places
@pytest.mark.parametrize("key", ["sk one two", "sk-kimi-canary", "sk-“canary", "sk-" + "x" * 5000])
def test_a_key_that_cannot_be_used(put: Put, say: Callable[..., str], place: str, key: str) -> None:
    put(place, key)
    said = say(place, "guard", "--min", "1").splitlines()
    assert said[-1] == f"Next: {PLACES[place][2]}"
    if "command" not in place:
        assert said[0].startswith(f"Error: {PLACES[place][1]}: Th") or PLACES[place][1] in said[1]


@pytest.mark.parametrize("name", sorted(formats.names()))
def test_every_format_names_the_place(put: Put, say: Callable[..., str], name: str) -> None:
    put("command of an account", OTHER_KEY)
    said = say("command of an account", "--format", name)
    if name in ("json", "waybar", "xbar", "swiftbar", "argos"):
        assert "printed by accounts.b.api_key_command in ~" in said
    assert "set-key" not in said


@pytest.mark.parametrize("place", [p for p in PLACES if "set-key" in PLACES[p][2]])
def test_the_next_step_replaces_the_key(
    put: Put, say: Callable[..., str], invoke: Run, home: Path, place: str
) -> None:
    put(place, OTHER_KEY)
    step = say(place, "guard", "--min", "1").splitlines()[-1].removeprefix("Next: moonshot-status ")
    done = invoke(*shlex.split(step.replace("~", str(home))), stdin=KEY.encode())
    assert done.returncode == 0, done.stderr
    assert say(place).startswith("$")


@pytest.mark.parametrize(
    ("place", "step"),
    [("account", SET_KEY.format(" --account b")), ("file", SET_KEY.format(""))],
)
def test_a_missing_key_goes_into_the_file(
    put: Put, say: Callable[..., str], invoke: Run, place: str, step: str
) -> None:
    put(place, "")
    account = ["--account", "b"] if place == "account" else []
    done = invoke(*account, "config", "show")
    assert done.stderr.decode().splitlines()[-1] == f"Next: {step}"


@places
def test_a_key_of_the_other_region_is_not_replaced(
    put: Put, say: Callable[..., str], place: str
) -> None:
    put(place, KEY)
    said = say(place, "--region", "china", "guard", "--min", "1").splitlines()
    assert said[-1] == "Next: moonshot-status doctor"


def test_validate_leads_to_the_place(put: Put, say: Callable[..., str]) -> None:
    for place in ("file", "account", "another file"):
        put(place, "sk one two")
        said = say(place, "config", "validate").splitlines()
        assert said[-2:] == ["Error: 1 mistake.", f"Next: {PLACES[place][2]}"]
