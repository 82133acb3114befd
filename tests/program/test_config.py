"""``moonshot-status config`` as its users run it."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import stat
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit.support import KEY, PROGRAM, Run

from moonshot_status.polling import demo

OwnFile = Callable[[Any], Path]
LONG_KEY = "sk-canary" + "0123456789" * 4 + "WXYZ"
COMMAND = {"api_key_command": ["pass", "show", "moonshot"]}
TWO = {"accounts": {"work": {"api_key": KEY}, "cn": {"api_key": KEY, "region": "china"}}}


def rows(text: bytes) -> dict[str, list[str]]:
    """The table by its first column."""
    table = text.decode().partition("\n\n")[0].splitlines()
    return {name: rest for name, *rest in (re.split(r"  +", line) for line in table)}


def last_line(text: bytes) -> str:
    return text.decode().splitlines()[-1]


def test_show_tells_each_value_and_where_it_came_from(
    run: Run, own_file: OwnFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = {"api_key": LONG_KEY, "max_age": 60.5, "thresholds": {"warning": 40.50}}
    path = own_file(
        {"region": "china", "hide_amount": True, "accounts": {"work": account, "cn": {}}}
    )
    path.chmod(0o600)
    monkeypatch.setenv("MOONSHOT_BASE_URL", "https://api.example/v1")
    done = run("--timeout", "3", "--show", "today,pace", "config", "show")
    assert (done.stderr, done.returncode) == (b"", 0)
    assert rows(done.stdout) == {
        "account": ["work", f"accounts in {path}"],
        "region": ["china", f"region in {path}"],
        "api_key": ["sk-…WXYZ", f"accounts.work.api_key in {path}"],
        "base_url": ["https://api.example", "MOONSHOT_BASE_URL"],
        "max_age": ["60.5", f"accounts.work.max_age in {path}"],
        "timeout": ["3", "--timeout"],
        "show": ["today, pace", "--show"],
        "hide_amount": ["true", f"hide_amount in {path}"],
        "notify_command": ["–", "default"],
        "thresholds.warning": ["40.5", f"accounts.work.thresholds.warning in {path}"],
        "thresholds.critical": ["7", "default"],
        "thresholds.runway_days": ["–", "default"],
    }
    assert last_line(done.stdout) == "Accounts: work, cn"


def test_show_knows_the_account_that_is_named(run: Run, own_file: OwnFile) -> None:
    own_file(TWO)
    assert rows(run("--account", "cn", "config", "show").stdout)["account"] == ["cn", "--account"]
    done = run("--account", "x", "config", "show")
    assert (done.returncode, done.stdout) == (2, b"")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ({"api_key": KEY}, ["api_key", "sk-…"]),
        ({"api_key": "canary" * 4}, ["api_key", "…"]),
        (COMMAND, ["api_key_command", '["pass", "show", "moonshot"]']),
        ({"api_key_command": ["echo", KEY]}, ["api_key_command", '["echo", "sk-…"]']),
    ],
)
def test_show_masks_the_key(run: Run, own_file: OwnFile, written: Any, shown: list[str]) -> None:
    own_file(written)
    done = run("config", "show")
    assert rows(done.stdout)[shown[0]][0] == shown[1]
    assert b"canary" not in done.stdout


def test_show_tells_what_is_wrong_and_what_to_mend(run: Run, own_file: OwnFile) -> None:
    done = run("config", "show")
    assert rows(done.stdout)["region"] == ["international", "default"]
    assert (last_line(done.stderr), done.returncode) == (
        "Next: moonshot-status config set-key", 1
    )  # fmt: skip
    own_file({"api_key": KEY}).chmod(0o644)
    done = run("config", "show")
    assert (done.returncode, b"chmod 600" in done.stderr) == (0, True)
    own_file("{")
    done = run("config", "show")
    assert rows(done.stdout)["region"] == ["–"]
    assert (last_line(done.stderr), done.returncode) == (
        "Next: moonshot-status config validate", 1
    )  # fmt: skip


def test_path_is_where_the_file_is_or_would_be(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = home / ".config" / "moonshot-status" / "config.json"
    assert run("config", "path").stdout.decode() == f"{usual}\n"
    (home / "other.json").write_text("{")
    monkeypatch.chdir(home)
    done = run("--config", "other.json", "config", "path")
    assert done.stdout.decode() == f"{home}/other.json\n"


def test_validate(run: Run, own_file: OwnFile, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run("config", "validate")
    assert (done.stdout, done.returncode) == (b"", 1)
    assert last_line(done.stderr) == "Next: moonshot-status setup"
    path = own_file(TWO)
    done = run("config", "validate")
    assert (done.stdout.decode(), done.returncode) == (f"{path} is valid.\n", 0)
    own_file({"max_age": -1, "region": "mars"})
    done = run("config", "validate")
    assert [line.split(":")[0] for line in done.stdout.decode().splitlines()] == [
        f"{path} has a mistake at max_age", f"{path} has a mistake at region"
    ]  # fmt: skip
    assert done.stderr.startswith(b"Error: 2 mistakes.\nNext: ")
    assert done.returncode == 1
    own_file({})
    assert run("config", "validate").returncode == 0
    monkeypatch.setenv("MOONSHOT_REGION", "mars")
    done = run("config", "validate")
    assert done.stdout.startswith(b"MOONSHOT_REGION names a region")
    assert done.stderr.startswith(b"Error: 1 mistake.\n")


def test_set_and_unset(run: Run, own_file: OwnFile) -> None:
    path = own_file('{\n  "api_key": "sk-x",\n  "max_age":   60\n}\n')
    done = run("config", "set", "max_age", "120")
    assert (done.stdout.decode(), done.returncode) == (f"max_age: changed in {path}\n", 0)
    assert path.read_text() == '{\n  "api_key": "sk-x",\n  "max_age":   120\n}\n'
    run("config", "set", "thresholds.warning", "9.50")
    assert run("config", "unset", "max_age").returncode == 0
    assert path.read_text() == ('{\n  "api_key": "sk-x",\n  "thresholds": {"warning": 9.50}\n}\n')
    done = run("config", "unset", "max_age")
    assert (done.stdout.decode(), done.returncode) == (f"max_age: nothing to change in {path}\n", 0)


def test_set_for_an_account(run: Run, own_file: OwnFile) -> None:
    path = own_file(TWO)
    run("--account", "cn", "config", "set", "show", "balance,pace")
    run("config", "set", "accounts.new.region", "china")
    run("--account", "cn", "config", "set", "accounts.work.max_age", "5")
    run("config", "set", "timeout", "3")
    accounts = TWO["accounts"]
    assert json.loads(path.read_text()) == {
        "accounts": {
            "work": accounts["work"] | {"max_age": 5},
            "cn": {**accounts["cn"], "show": ["balance", "pace"]},
            "new": {"region": "china"},
        },
        "timeout": 3,
    }
    done = run("--account", "x", "config", "set", "max_age", "5")
    assert (done.returncode, b"there is: work, cn, new" in done.stderr) == (2, True)


def test_the_default_account_of_a_flat_file_has_a_name_too(run: Run, own_file: OwnFile) -> None:
    path = own_file({"api_key": KEY})
    assert run("--account", "default", "config", "set", "max_age", "5").returncode == 0
    assert json.loads(path.read_text()) == {"api_key": KEY, "max_age": 5}


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["set", "max_age", "soon"], 1, "max_age: allowed is a number of seconds"),
        (["set", "thresholds.critical", "99"], 1, "critical is above warning"),
        (["set", "nonsense", "1"], 2, "there is: region, api_key"),
        (["unset", "nonsense"], 2, "there is: region, api_key"),
        (["set", "max_age"], 2, "Missing argument"),
        (["set", "api_key", KEY], 2, "no place on the command line"),
        (["set", "accounts.a.api_key", KEY], 2, "no place on the command line"),
        (["set", KEY, "1"], 2, "there is no setting 'sk-…'"),
        (["set-key", KEY], 2, "no place on the command line"),
    ],
)
def test_what_is_refused(
    run: Run, own_file: OwnFile, arguments: list[str], status: int, told: str
) -> None:
    path = own_file({"api_key": "sk-x", "thresholds": {"warning": 9}})
    before = path.read_bytes()
    done = run("config", *arguments)
    assert (done.returncode, done.stdout) == (status, b"")
    assert told in done.stderr.decode()
    assert last_line(done.stderr).startswith("Next: moonshot-status config ")
    assert b"canary" not in done.stderr
    assert path.read_bytes() == before


def test_set_leaves_a_broken_file_alone(run: Run, own_file: OwnFile) -> None:
    path = own_file("{")
    for arguments in (["set", "max_age", "5"], ["unset", "max_age"], ["set-key"]):
        done = run("config", *arguments, stdin=None, input=KEY.encode())
        assert last_line(done.stderr) == "Next: moonshot-status config validate"
        assert (done.returncode, path.read_text()) == (1, "{")


def test_config_alone_shows_its_commands(run: Run) -> None:
    done = run("config")
    assert done.returncode == 2
    assert b"set-key" in done.stdout + done.stderr


def piped(run: Run, text: str | bytes, *arguments: str, general: tuple[str, ...] = ()) -> Any:
    written = text.encode() if isinstance(text, str) else text
    done = run(*general, "config", "set-key", *arguments, stdin=None, input=written)
    assert b"canary" not in done.stdout + done.stderr
    return done


@pytest.mark.parametrize("text", [KEY, f"{KEY}\nsecond line", f' "{KEY}" \r\n', f"'{KEY}'\n"])
def test_set_key_takes_the_first_line(
    run: Run, server: demo.Server, home: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.delenv("MOONSHOT_API_KEY")
    path = home / ".config" / "moonshot-status" / "config.json"
    done = piped(run, text, "--replace")
    assert (done.stdout.decode(), done.returncode) == (f"api_key: changed in {path}\n", 0)
    assert json.loads(path.read_text()) == {"api_key": KEY}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert run().stdout == b"$49.58\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "nothing on the first line"),
        ("\n" + KEY, "nothing on the first line"),
        (" ''\n", "nothing on the first line"),
        (f"{KEY} {KEY}", "characters that no key has"),
        (b"\xff", "characters that no key has"),
        ("sk-kimi-canary", "Kimi Code"),
        ("x" * 100_000, ""),
    ],
)
def test_set_key_takes_no_rubbish(
    run: Run, own_file: OwnFile, text: str | bytes, told: str
) -> None:
    path = own_file({"api_key": "sk-x"})
    done = piped(run, text)
    if told:
        assert (done.returncode, told in done.stderr.decode()) == (1, True)
        assert last_line(done.stderr).startswith("Next: moonshot-status config set-key")
        assert json.loads(path.read_text()) == {"api_key": "sk-x"}


def test_set_key_without_standard_input(run: Run) -> None:
    done = run("config", "set-key")
    assert (done.returncode, b"nothing on the first line" in done.stderr) == (1, True)
    done = run("config", "set-key", stdin=None, preexec_fn=lambda: os.close(0))
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


def test_set_key_for_an_account(run: Run, own_file: OwnFile) -> None:
    path = own_file(TWO)
    done = piped(run, "sk-new")
    assert (done.returncode, b"there is: work, cn" in done.stderr) == (2, True)
    assert piped(run, "sk-new", general=("--account", "cn")).returncode == 0
    assert json.loads(path.read_text())["accounts"]["cn"]["api_key"] == "sk-new"
    own_file({"accounts": {"only": {"region": "china"}}})
    assert piped(run, "sk-new").returncode == 0
    expected = {"region": "china", "api_key": "sk-new"}
    assert json.loads(path.read_text()) == {"accounts": {"only": expected}}


def test_set_key_writes_the_region_that_is_named(run: Run, own_file: OwnFile) -> None:
    path = own_file({"base_url": "https://api.moonshot.ai"})
    done = piped(run, "sk-new", general=("--region", "china"))
    assert (done.returncode, b"international host" in done.stderr) == (1, True)
    own_file({"region": "international"})
    assert piped(run, "sk-new", general=("--region", "China")).returncode == 0
    assert json.loads(path.read_text()) == {"region": "china", "api_key": "sk-new"}


@pytest.mark.parametrize("account", [None, "work"])
def test_set_key_takes_no_commands_place_unasked(
    run: Run, own_file: OwnFile, account: str | None
) -> None:
    path = own_file({"accounts": {account: COMMAND}} if account else COMMAND)
    done = piped(run, "sk-new")
    assert last_line(done.stderr) == "Next: moonshot-status config set-key --replace"
    assert piped(run, "sk-new", "--replace").returncode == 0
    new = {"api_key": "sk-new"}
    assert json.loads(path.read_text()) == ({"accounts": {account: new}} if account else new)


@pytest.mark.parametrize(("typed", "status"), [(f"{KEY}\n", 0), ("\x03", 1)])
def test_a_typed_key_is_not_shown(home: Path, typed: str, status: int) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.execv(PROGRAM[0], [*PROGRAM, "config", "set-key"])  # noqa: S606
    seen, end = b"", time.monotonic() + 30
    while b"not shown): " not in seen:
        assert time.monotonic() < end, seen
        if select.select([terminal], [], [], 0.2)[0]:
            seen += os.read(terminal, 4096)
    while termios.tcgetattr(terminal)[3] & termios.ECHO:
        time.sleep(0.01)
    os.write(terminal, typed.encode())
    _, code = os.waitpid(pid, 0)
    seen += os.read(terminal, 4096)
    assert os.waitstatus_to_exitcode(code) == status
    assert termios.tcgetattr(terminal)[3] & termios.ECHO
    os.close(terminal)
    assert b"canary" not in seen
    path = home / ".config" / "moonshot-status" / "config.json"
    assert path.exists() == (status == 0)
