"""The program's own settings file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.support import KEY

from moonshot_status import schemas
from moonshot_status.config import settings_file
from moonshot_status.core.errors import Kind, ProblemError
from moonshot_status.schemas import Mismatch

Write = Callable[[Any], Path]
WORK = {"region": "international", "api_key_command": ["pass", "show", "moonshot"]}


def message_for(path: Path, *, required: bool = False) -> str:
    """What is said about a bad file; its values are never part of it."""
    with pytest.raises(ProblemError) as caught:
        settings_file.read(path, required=required)
    problem = caught.value.problem
    assert problem.kind is Kind.CONFIG
    assert "canary" not in f"{problem.message} {problem.hint}"
    assert str(path) in problem.message
    return problem.message


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every document that was checked against a schema since."""
    seen: list[Any] = []
    mismatch = schemas.mismatch

    def recording(document: Any, name: str) -> Mismatch | None:
        seen.append(document)
        return mismatch(document, name)

    monkeypatch.setattr(schemas, "mismatch", recording)
    return seen


def test_the_file_is_in_the_users_config_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings_file.default_path() == home / ".config" / "moonshot-status" / "config.json"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
    assert settings_file.default_path() == home / "xdg" / "moonshot-status" / "config.json"
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert settings_file.default_path() == home / ".config" / "moonshot-status" / "config.json"


def test_no_file_means_no_settings(home: Path) -> None:
    assert settings_file.read(home / "none.json").settings == {}
    assert "not there" in message_for(home / "none.json", required=True)


def test_a_valid_file_is_read(own_file: Write) -> None:
    path = own_file({"accounts": {"work": WORK, "cn": {"region": "china", "api_key": KEY}}})
    file = settings_file.read(path)
    assert file.accounts["work"] == WORK
    assert list(file.accounts) == ["work", "cn"]


def test_blank_values_are_ignored_and_quotes_dropped_but_for_the_keys(own_file: Write) -> None:
    account = {"region": " 'China' ", "api_key": f'"{KEY}"\n', "base_url": "''"}
    path = own_file({"region": "", "base_url": "  ", "accounts": {"cn": account}})
    assert settings_file.read(path).settings == {
        "accounts": {"cn": {"region": "China", "api_key": f'"{KEY}"\n'}}
    }


@pytest.mark.parametrize(
    "blank", [{"api_key": ""}, {"api_key": " '' "}, {"accounts": {"a": {"api_key": ""}}}]
)
def test_a_blank_key_excludes_no_command(own_file: Write, blank: dict[str, Any]) -> None:
    account = blank.get("accounts", {}).get("a", blank)
    account["api_key_command"] = ["pass"]
    file = settings_file.read(own_file(blank))
    assert file.accounts.get("a", file.settings) == {"api_key_command": ["pass"]}


PROGRAM = "a program's name, its full path or one in ~/"


@pytest.mark.parametrize("setting", ["api_key_command", "notify_command"])
@pytest.mark.parametrize(
    "program", ["./x", "bin/x", "../x", "x/", "$HOME/x", "~me/x", "\0", "", "a\0/"]
)
def test_a_command_of_the_working_folder_is_refused(
    own_file: Write, setting: str, program: str
) -> None:
    for written, place in (
        ({setting: [program, "y"]}, setting),
        ({"accounts": {"a": {setting: [program]}}}, f"accounts.a.{setting}"),
    ):
        with pytest.raises(ProblemError) as caught:
            settings_file.read(own_file(written))
        problem = caught.value.problem
        assert problem.message.endswith(f"has a mistake at {place}.0: allowed is {PROGRAM}")


@pytest.mark.parametrize("setting", ["api_key_command", "notify_command"])
@pytest.mark.parametrize("program", ["pass", "/usr/bin/pass", "~/bin/x", "a b", ".", "~"])
def test_a_command_is_a_name_or_a_full_path(own_file: Write, setting: str, program: str) -> None:
    written = {setting: [program, "./x", "../x", ""]}
    assert settings_file.read(own_file(written)).settings == written


def test_a_byte_order_mark_is_accepted(own_file: Write) -> None:
    assert settings_file.read(own_file('\ufeff{"max_age": 60}')).settings == {"max_age": 60}


@pytest.mark.parametrize(
    ("written", "place", "allowed"),
    [
        ({"accounts": {"work": {"region": "canary"}}}, "accounts.work.region", '"china"'),
        ({"region": "mars-canary"}, "region", '"international" or "china"'),
        ({"region": 5}, "region", '"international" or "china"'),
        ({"max_age": "canary"}, "max_age", "seconds"),
        ({"max_age": -1}, "max_age", "0 or more"),
        ({"timeout": 0}, "timeout", "from 0.001"),
        ({"timeout": True}, "timeout", "from 0.001"),
        ({"api_key": ["sk-canary"]}, "api_key", "a string"),
        ({"api_key_command": "echo canary"}, "api_key_command", "list of strings"),
        ({"api_key_command": []}, "api_key_command", "list of strings"),
        ({"api_key_command": ["echo", 5]}, "api_key_command.1", "a string"),
        ({"api_key": "sk-canary", "api_key_command": ["canary"]}, "api_key_command", "nothing"),
        ({"thresholds": {"warning": "canary"}}, "thresholds.warning", "an amount"),
        ({"thresholds": {"critical": -1}}, "thresholds.critical", "0 or more"),
        ({"thresholds": {"warn": 5}}, "thresholds.warn", "one of warning, critical"),
        ({"thresholds": [5, 1]}, "thresholds", "an object"),
        ({"base_url": 5}, "base_url", "https"),
        ({"apikey": "sk-canary"}, "apikey", "one of"),
        ({"accounts": {}}, "accounts", "at least one"),
        ({"accounts": []}, "accounts", "an object"),
        ({"accounts": {"work": "sk-canary"}}, "accounts.work", "an object"),
        ({"accounts": {"work": {"key": "sk-canary"}}}, "accounts.work.key", "one of"),
        ({"accounts": {"": {}}}, "accounts", "not empty"),
        ({"api_key": "sk-canary", "accounts": {"a": {}}}, "api_key", "nothing here"),
        ([], "the whole of it", "an object of settings"),
        ("[" * 500 + "]" * 500, "the whole of it", "an object of settings"),
    ],
)
def test_a_mistake_is_named_with_its_path_and_what_is_allowed(
    own_file: Write, written: Any, place: str, allowed: str
) -> None:
    message = message_for(own_file(written))
    assert f"at {place}: allowed is" in message
    assert allowed in message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{'api_key': 'sk-canary'}",
        '{"api_key": "sk-canary',
        '{"api_key": "sk-canary", "api_key": "sk-canary"}',
        '{"max_age": NaN}',
        '{"max_age": Infinity}',
        '{"max_age": 1} canary',
        '{"max_age": ' + "9" * 5000 + "}",
        "[" * 100_000,
    ],
)
def test_a_file_that_is_no_json_is_named(own_file: Write, text: str) -> None:
    assert "not valid JSON" in message_for(own_file(text))


def test_a_file_of_other_bytes_is_named(own_file: Write) -> None:
    path = own_file("")
    path.write_bytes(b'{"api_key": "\xffcanary"}')
    assert "not valid JSON" in message_for(path)


def test_nesting_of_any_depth_is_a_mistake_with_a_name(own_file: Write) -> None:
    for depth in range(600, 1001):
        message_for(own_file('{"region": ' + "[" * depth + "]" * depth + "}"))
    for depth in (400, 490, 2000, 20_000):
        message_for(own_file('{"accounts": {"a": ' * depth + "1" + "}}" * depth))


def test_a_file_that_cannot_be_read_is_named(home: Path) -> None:
    assert "cannot be read" in message_for(home)


def test_hostile_names_stay_on_one_printable_line(own_file: Write) -> None:
    name = "a\n\x1b[31m\u202e" + "x" * 10_000
    message = message_for(own_file({"accounts": {name: {"api_key": 5}}}))
    assert message.isprintable()
    assert len(message) <= 240


def test_a_valid_file_is_checked_once_and_again_when_it_changes(
    own_file: Write, checks: list[Any]
) -> None:
    path = own_file({"max_age": 60})
    for _ in range(3):
        assert settings_file.read(path).settings == {"max_age": 60}
    assert len(checks) == 1
    own_file({"max_age": 61})
    assert settings_file.read(path).settings == {"max_age": 61}
    assert len(checks) == 2
    own_file({"max_age": "61"})
    message_for(path)
    message_for(path)
    assert len(checks) == 4


def test_several_valid_files_are_cached(home: Path, checks: list[Any]) -> None:
    paths = [home / f"{number}.json" for number in range(4)]
    for number, path in enumerate(paths):
        path.write_text(json.dumps({"max_age": number}), encoding="utf-8")
    for path in paths * 3:
        settings_file.read(path)
    assert len(checks) == len(paths)


def test_the_cache_of_valid_files_reveals_nothing_and_stays_small(
    own_file: Write, home: Path
) -> None:
    for number in range(40):
        settings_file.read(own_file({"api_key": KEY, "max_age": number}))
    kept = [path for path in (home / ".cache").rglob("*") if path.is_file()]
    assert len(kept) == 1
    assert b"canary" not in kept[0].read_bytes()
    assert kept[0].stat().st_size < 2048


@pytest.mark.parametrize("damage", ["file for folder", "folder for file", "rubbish"])
def test_a_useless_cache_folder_is_harmless(own_file: Write, home: Path, damage: str) -> None:
    cache = home / ".cache" / "moonshot-status"
    if damage == "file for folder":
        cache.parent.write_text("", encoding="utf-8")
    elif damage == "folder for file":
        (cache / "valid-settings").mkdir(parents=True)
    else:
        cache.mkdir(parents=True)
        (cache / "valid-settings").write_bytes(b"\xff\x00")
    path = own_file({"max_age": 60})
    for _ in range(2):
        assert settings_file.read(path).settings == {"max_age": 60}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.just("sk-canary") | st.just(""),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["region", "api_key", "accounts", "work", "thresholds", "max_age"]),
            inner,
        )
    ),
)


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(VALUES)
def test_any_json_is_settings_or_a_problem(own_file: Write, document: Any) -> None:
    path = own_file(json.dumps(document))
    try:
        file = settings_file.read(path)
    except ProblemError:
        message_for(path)
    else:
        assert set(file.settings) <= set(document)
