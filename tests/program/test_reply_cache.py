"""A cached reply: byte for byte what was printed before, and gone when anything changes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit.support import KEY, Run, balance

from moonshot_status import __main__ as entry_point
from moonshot_status import formats, reply_cache
from moonshot_status.cli import main
from moonshot_status.config import hide_amounts, resolver
from moonshot_status.polling import demo

Poll = Callable[..., tuple[bytes, int, bool]]


@pytest.fixture
def poll(invoke: Run, monkeypatch: pytest.MonkeyPatch) -> Poll:
    """Return the program's output and exit status, and whether they came from the cache."""
    # Within one process a poll follows a change sooner than the clock of the files ticks.
    monkeypatch.setattr(reply_cache, "_CLOCK_TICK_NANOSECONDS", 0)
    real, calls = main.main, []

    def counted(*given: Any, **more: Any) -> Any:
        calls.append(given)
        return real(*given, **more)

    monkeypatch.setattr(main, "main", counted)

    def poll(*arguments: str) -> tuple[bytes, int, bool]:
        calls.clear()
        done = invoke(*arguments)
        assert done.stderr == b"" or "--debug" in arguments
        return done.stdout, done.returncode, not calls

    return poll


@pytest.fixture
def replies(home: Path) -> Path:
    return home / ".cache" / "moonshot-status" / "replies"


def is_cached(poll: Poll, *arguments: str) -> bool:
    """Return whether the third of three polls is; it must print what the second one did."""
    first, second, third = (poll(*arguments) for _ in range(3))
    assert not first[2]
    assert third[:2] == second[:2]
    return third[2]


def test_three_processes_print_the_same_with_one_request(run: Run, server: demo.Server) -> None:
    assert len({run("--format", "waybar").stdout for _ in range(3)}) == 1
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        *(["--format", name] for name in formats.names()),
        ["--account", "default"], ["--max-age", "3000"], ["--region", "international"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_cached_reply_is_what_was_printed_before(
    poll: Poll, server: demo.Server, arguments: list[str]
) -> None:
    assert is_cached(poll, *arguments)
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", ["waybar", "i3blocks", "json"])
def test_a_failure_is_cached_until_the_next_request_is_allowed(
    poll: Poll, server: demo.Server, name: str
) -> None:
    server.response = balance("0.5")
    poll()
    server.response = demo.error(429, "rate_limit_reached_error", "try again after 40 seconds")
    assert is_cached(poll, "--format", name, "--max-age", "0")
    assert len(server.requests) == 2


def test_an_expected_exit_status_is_cached(poll: Poll, server: demo.Server) -> None:
    server.response = balance("0.5")
    assert is_cached(poll, "--format", "i3blocks")
    assert poll("--format", "i3blocks")[1] == 33


def test_no_key_and_a_mistake_in_the_settings_are_cached(
    poll: Poll, own_file: Callable[[Any], Path]
) -> None:
    assert is_cached(poll, "--format", "waybar")
    path = own_file({"region": "mars"})
    expected = "— · bad settings\n".encode()
    assert poll() == (expected, 1, False)
    poll()
    assert poll() == (expected, 1, True)
    path.unlink()
    assert poll() == ("— · no key\n".encode(), 1, False)


def test_a_terminal_is_told_the_reason_each_time(run: Run, replies: Path) -> None:
    def printed(*, terminal: bool) -> bytes:
        """Return what is printed on standard output and, if that is a terminal, on the other."""
        master, slave = pty.openpty()
        stderr = slave if terminal else subprocess.PIPE
        done = run(stderr=stderr, stdout=subprocess.PIPE, capture_output=False)
        os.close(slave)
        assert done.stdout == "— · no key\n".encode()
        told: bytes = os.read(master, 10_000) if terminal else done.stderr
        os.close(master)
        return told

    assert printed(terminal=False) == b""
    (before,) = replies.iterdir()
    inode = before.stat().st_ino
    assert b"There is no API key" in printed(terminal=True)
    assert printed(terminal=False) == b""
    (after,) = replies.iterdir()
    assert after.stat().st_ino == inode


@pytest.mark.parametrize("account", [[], ["--account", "default,default"]], ids=["one", "several"])
def test_an_unexpected_error_is_not_cached(
    poll: Poll, server: demo.Server, monkeypatch: pytest.MonkeyPatch, account: list[str]
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(resolver, "resolve", fail)
        assert "internal error" in poll("--format", "waybar", *account)[0].decode()
    assert b"$49.58" in poll("--format", "waybar", *account)[0]


def test_an_account_that_is_gone_is_cached_until_the_settings_change(
    poll: Poll, server: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    account = {"api_key": KEY, "base_url": server.base_url}
    arguments = ("--format", "tmux", "--account", "work,home")
    own_file({"accounts": {"home": account}})
    assert is_cached(poll, *arguments)
    expected = "work — · bad settings │ home $49.58\n".encode()
    assert poll(*arguments) == (expected, 0, True)
    own_file({"accounts": {"work": account, "home": account}})
    assert poll(*arguments) == ("work $49.58 │ home $49.58\n".encode(), 0, False)
    own_file({"accounts": {"work": account}})
    assert poll(*arguments) == ("work $49.58 │ home — · bad settings\n".encode(), 0, False)


@pytest.mark.parametrize(
    "arguments", [["--refresh"], ["--demo", "ok"], ["--debug"], ["--max-age", "0"]], ids=" ".join
)
def test_a_forced_request_is_not_cached(
    poll: Poll, server: demo.Server, arguments: list[str]
) -> None:
    assert not is_cached(poll, *arguments)


CHANGES: dict[str, Callable[[Path, pytest.MonkeyPatch], Any]] = {
    "another key": lambda _, patch: patch.setenv("MOONSHOT_API_KEY", "sk-another"),
    "no key": lambda _, patch: patch.delenv("MOONSHOT_API_KEY"),
    "another base URL": lambda _, patch: patch.setenv("MOONSHOT_BASE_URL", "http://[::1]:1"),
    "another region": lambda _, patch: patch.setenv("MOONSHOT_REGION", "china"),
    "another time zone": lambda _, patch: patch.setenv("TZ", "Asia/Shanghai"),
    "another zone of the same time": lambda _, patch: patch.setenv("TZ", "Africa/Abidjan"),
    "a settings file": lambda home, _: write(home, {"thresholds": {"warning": 60}}),
    "a CodexBar file": lambda home, _: write(home, {}, ".config/codexbar/config.json"),
    "an old CodexBar file": lambda home, _: write(home, {}, ".codexbar/config.json"),
    "another file of CodexBar": lambda _, patch: patch.setenv("CODEXBAR_CONFIG", "/c.json"),
    "another folder of settings": lambda _, patch: patch.setenv("XDG_CONFIG_HOME", "/config"),
    "another store": lambda home, patch: patch.setenv("XDG_STATE_HOME", str(home)),
    "a proxy": lambda _, patch: patch.setenv("HTTPS_PROXY", "http://127.0.0.1:1"),
    "certificates": lambda _, patch: patch.setenv("SSL_CERT_FILE", "/ca.pem"),
    "completion": lambda _, patch: patch.setenv("_MOONSHOT_STATUS_COMPLETE", "bash_source"),
    "another home": lambda home, patch: patch.setenv("HOME", str(home.parent)),
    "no store": lambda home, _: database(home).unlink(),
    "another mode of the store": lambda home, _: database(home).chmod(0o640),
    "hidden amounts": lambda *_: hide_amounts.set_hidden(hidden=True),
    "an option of Python": lambda _, patch: patch.setattr(sys, "orig_argv", ["python", "-I"]),
    "a journal": lambda home, _: Path(f"{database(home)}-journal").touch(),
}


def write(home: Path, settings: Any, name: str = ".config/moonshot-status/config.json") -> None:
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings))


def database(home: Path) -> Path:
    return home / ".local" / "state" / "moonshot-status" / "balance.db"


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_noticed(
    poll: Poll, server: demo.Server, home: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    assert is_cached(poll, "--format", "json")
    CHANGES[change](home, monkeypatch)
    assert not poll("--format", "json")[2]


def test_a_changed_settings_file_is_noticed_each_time(
    poll: Poll, server: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    settings = {"api_key": KEY, "base_url": server.base_url}
    own_file({**settings, "thresholds": {"warning": 50}})
    assert is_cached(poll, "--format", "json")
    own_file({**settings, "thresholds": {"warning": 10}})
    assert b'"level": "ok"' in poll("--format", "json")[0]
    assert poll("--format", "json")[2] is True
    own_file(settings).chmod(0o600)
    assert poll("--format", "json")[2] is False


def test_another_process_has_refreshed(poll: Poll, server: demo.Server) -> None:
    assert is_cached(poll)
    server.response = balance("12.5")
    poll("--refresh")
    assert poll() == (b"$12.50\n", 0, False)


def test_another_terminal_or_folder_is_the_same_call(
    poll: Poll, server: demo.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_cached(poll)
    monkeypatch.chdir("/")
    monkeypatch.setenv("PWD", "/")
    monkeypatch.setenv("COLUMNS", "47")
    assert poll()[2]


@pytest.mark.parametrize("name", ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"])
@pytest.mark.parametrize("value", ["", "relative"])
def test_a_relative_folder_is_as_good_as_none(
    poll: Poll, server: demo.Server, replies: Path, monkeypatch: pytest.MonkeyPatch,
    name: str, value: str,
) -> None:  # fmt: skip
    polls = []
    for _ in range(3):
        monkeypatch.setenv(name, value)  # The program removes it.
        polls.append(poll())
    assert [is_cached for _, _, is_cached in polls] == [False, False, True]
    assert len(list(replies.iterdir())) == 1


def test_a_settings_file_with_a_relative_path_is_that_of_the_folder(
    poll: Poll, server: demo.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same command line in two folders shows two accounts."""
    for number, region in enumerate(("international", "china")):
        folder = tmp_path / region
        folder.mkdir()
        settings = {"api_key": KEY, "region": region, "base_url": server.base_url}
        (folder / "c.json").write_text(json.dumps(settings), encoding="utf-8")
        monkeypatch.chdir(folder)
        for option in (["--config", "c.json"], ["--config=c.json"]):
            assert is_cached(poll, *option)
            assert poll(*option)[0].decode().startswith("$¥"[number])


def in_a_terminal(number: int) -> dict[str, str]:
    """Return variables that differ between the terminals, bars and agents of one session."""
    names = (
        "COLUMNS", "LINES", "SHLVL", "WINDOWID", "TMUX_PANE", "INVOCATION_ID", "BLOCK_X", "BLOCK_Y",
    )  # fmt: skip
    paths = dict.fromkeys(("PWD", "OLDPWD"), f"/folder/{number}")
    return paths | {name: str(number) for name in names}


def test_processes_in_other_terminals_print_the_cached_reply(
    run: Run, server: demo.Server, home: Path, tmp_path: Path
) -> None:
    def is_cached(number: int, *, folder: Path = Path("/"), **more: str) -> bool:
        """Run the program in that terminal, and return whether it ended without click."""
        variables = {"PYTHONPROFILEIMPORTTIME": "1", **in_a_terminal(number), **more}
        environment = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
        done = run("--format", "waybar", cwd=folder, env=environment | variables)
        assert done.returncode == 0
        time.sleep(0.1)  # A reply is not cached while its inputs are younger than a clock tick.
        return b" click" not in done.stderr

    assert not is_cached(1)
    assert not is_cached(1)
    assert is_cached(2)
    assert is_cached(3, folder=tmp_path)
    assert not is_cached(4, TZ="Asia/Shanghai")
    assert not is_cached(5, PYTHONPATH=str(tmp_path))
    assert is_cached(6)
    assert not is_cached(7, MOONSHOT_API_KEY="sk-another")


def test_the_program_works_without_a_cache(server: demo.Server) -> None:
    code = (
        f"import sys; sys.modules[{reply_cache.__name__!r}] = None\n"
        f"from {entry_point.__name__} import run; run()"
    )
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
        assert (done.stdout, done.stderr, done.returncode) == (b"$49.58\n", b"", 0)
    assert len(server.requests) == 1


def test_no_secret_is_in_it(poll: Poll, server: demo.Server, replies: Path) -> None:
    assert is_cached(poll, "--format", "json")
    (reply,) = replies.iterdir()
    assert reply.stat().st_mode & 0o777 == 0o600
    assert replies.stat().st_mode & 0o777 == 0o700
    content = reply.name.encode() + reply.read_bytes()
    assert b"49.58894" in content  # it is neither compressed nor encrypted
    assert KEY.encode() not in content
