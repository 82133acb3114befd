"""A remembered reply: byte for byte what the long way prints, and gone when anything changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from kit.support import KEY, PROGRAM, REPOSITORY

from moonshot_status import __version__, formats, reply_cache
from moonshot_status.config import hide_amounts
from moonshot_status.formats import Reply
from moonshot_status.polling import demo, inputs

Poll = Callable[..., tuple[bytes, int, bool]]
MINUTE = 60 * 10**9


@pytest.fixture
def poll(monkeypatch: pytest.MonkeyPatch) -> Poll:
    """The program's output and exit status, and whether it remembered them."""
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")

    def poll(*arguments: str, **more: Any) -> tuple[bytes, int, bool]:
        done = subprocess.run([*PROGRAM, *arguments], capture_output=True, check=False, **more)
        remembered = b"| click\n" not in done.stderr
        return done.stdout, done.returncode, remembered

    return poll


@pytest.fixture
def replies(home: Path) -> Path:
    return home / ".cache" / "moonshot-status" / "replies"


def is_remembered(poll: Poll, *arguments: str, **more: Any) -> bool:
    """Whether the third of three polls is; it must print what the second one did."""
    first, second, third = (poll(*arguments, **more) for _ in range(3))
    assert not first[2]
    assert third[:2] == second[:2]
    return third[2]


@pytest.mark.parametrize(
    "arguments",
    [
        *(["--format", name] for name in formats.names()),
        ["--account", "default"], ["--max-age", "3000"], ["--region", "international"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_it_prints_what_the_long_way_prints(
    poll: Poll, server: demo.Server, arguments: list[str]
) -> None:
    assert is_remembered(poll, *arguments)
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", ["waybar", "i3blocks", "json"])
def test_a_failure_is_remembered_until_the_api_may_be_asked_again(
    poll: Poll, server: demo.Server, name: str
) -> None:
    server.response = demo.balance("0.5", "0.5", "0")
    poll()
    server.response = demo.error(429, "rate_limit_reached_error", "try again after 40 seconds")
    assert is_remembered(poll, "--format", name, "--max-age", "0")
    assert len(server.requests) == 2


def test_an_expected_exit_status_is_remembered(poll: Poll, server: demo.Server) -> None:
    server.response = demo.balance("0.5", "0.5", "0")
    assert is_remembered(poll, "--format", "i3blocks")
    assert poll("--format", "i3blocks")[1] == 33


def test_no_key_and_a_mistake_in_the_settings_are_remembered(
    poll: Poll, own_file: Callable[[Any], Path]
) -> None:
    assert is_remembered(poll, "--format", "waybar")
    path = own_file({"region": "mars"})
    expected = "— · bad settings\n".encode()
    assert poll() == (expected, 1, False)
    poll()
    assert poll() == (expected, 1, True)
    path.unlink()
    assert poll() == ("— · no key\n".encode(), 1, False)


@pytest.mark.parametrize(
    "arguments", [["--refresh"], ["--demo", "ok"], ["--debug"], ["--max-age", "0"]], ids=" ".join
)
def test_what_is_asked_anew_is_not_remembered(
    poll: Poll, server: demo.Server, arguments: list[str]
) -> None:
    assert not is_remembered(poll, *arguments)


CHANGES: dict[str, Callable[[Path, pytest.MonkeyPatch], Any]] = {
    "another key": lambda _, patch: patch.setenv("MOONSHOT_API_KEY", "sk-another"),
    "another base URL": lambda _, patch: patch.setenv("MOONSHOT_BASE_URL", "http://[::1]:1"),
    "another region": lambda _, patch: patch.setenv("MOONSHOT_REGION", "china"),
    "another time zone": lambda _, patch: patch.setenv("TZ", "Asia/Shanghai"),
    "a settings file": lambda home, _: write(home, {"thresholds": {"warning": 60}}),
    "a CodexBar file": lambda home, _: write(home, {}, ".config/codexbar/config.json"),
    "an old CodexBar file": lambda home, _: write(home, {}, ".codexbar/config.json"),
    "another home": lambda home, patch: patch.setenv("HOME", str(home.parent)),
    "no store": lambda home, _: database(home).unlink(),
    "another mode of the store": lambda home, _: database(home).chmod(0o640),
    "hidden amounts": lambda *_: hide_amounts.set_hidden(hidden=True),
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
    assert is_remembered(poll, "--format", "json")
    CHANGES[change](home, monkeypatch)
    assert not poll("--format", "json")[2]


def test_a_changed_settings_file_is_noticed_each_time(
    poll: Poll, server: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    own_file({"api_key": KEY, "thresholds": {"warning": 50}})
    time.sleep(0.1)
    assert is_remembered(poll, "--format", "json")
    own_file({"api_key": KEY, "thresholds": {"warning": 10}})
    assert b'"level": "ok"' in poll("--format", "json")[0]
    poll("--format", "json")
    assert poll("--format", "json")[2] is True
    own_file({"api_key": KEY}).chmod(0o600)
    assert poll("--format", "json")[2] is False


def test_another_process_has_refreshed(poll: Poll, server: demo.Server) -> None:
    assert is_remembered(poll)
    server.response = demo.balance("12.5", "12.5", "0")
    poll("--refresh")
    assert poll() == (b"$12.50\n", 0, False)


def test_another_folder_and_another_program_are_other_calls(
    poll: Poll, server: demo.Server, tmp_path: Path
) -> None:
    assert is_remembered(poll)
    assert not poll(cwd="/")[2]
    done = subprocess.run(
        [sys.executable, "-m", "moonshot_status"], capture_output=True, check=False
    )
    assert b"| click\n" in done.stderr


def test_a_terminal_is_another_call(server: demo.Server, poll: Poll) -> None:
    assert is_remembered(poll)
    names = [reply_cache._call_digest()]
    ours, theirs = os.openpty()
    before = os.dup(2)
    try:
        os.dup2(theirs, 2)
        names.append(reply_cache._call_digest())
    finally:
        os.dup2(before, 2)
        for descriptor in (before, ours, theirs):
            os.close(descriptor)
    assert len(set(names)) == 2


def test_the_program_works_without_it(
    server: demo.Server, poll: Poll, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_remembered(poll, "--format", "xbar")
    expected = poll("--format", "xbar")[:2]
    (tmp_path / "sitecustomize.py").write_text(
        f"import sys; sys.modules[{reply_cache.__name__!r}] = None"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for _ in range(3):
        assert poll("--format", "xbar") == (*expected, False)


def test_no_secret_is_in_it(poll: Poll, server: demo.Server, replies: Path) -> None:
    assert is_remembered(poll, "--format", "json")
    (reply,) = replies.iterdir()
    assert reply.stat().st_mode & 0o777 == 0o600
    assert replies.stat().st_mode & 0o777 == 0o700
    assert KEY.encode() not in reply.name.encode() + reply.read_bytes()


# From here on within this process: what is remembered under which conditions.


@pytest.fixture
def input_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that the reply depends on, written a while ago."""
    path = tmp_path / "input"
    path.write_text("before")
    # Only touching makes the time of the last change of the inode come later, never earlier.
    monkeypatch.setattr(reply_cache, "_CLOCK_TICK_NANOSECONDS", 0)
    monkeypatch.setattr(inputs, "input_paths", lambda _: [bytes(path), b"/nowhere/at/all"])
    time.sleep(0.02)
    return path


def remember(text: str = "$1.00\n", code: int = 0, seconds: float = 60) -> None:
    reply_cache.recorder(None)(Reply(text, code, valid_until=time.time() + seconds))


def recalled() -> tuple[int, bytes] | None:
    try:
        return reply_cache._load(reply_cache._call_digest())
    except (OSError, ValueError):
        return None


def test_the_text_may_hold_anything(input_file: Path) -> None:
    remember("¥1.00 \0\0 \udc00", 33)
    assert recalled() == (33, b"\xc2\xa51.00 \0\0 ?")


def test_it_ends_when_its_words_stop_being_true(
    input_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(seconds=60)
    now = time.time_ns()
    for offset, holds in ((0, True), (59, True), (61, False), (-1, False), (-(10**8), False)):
        monkeypatch.setattr(time, "time_ns", lambda: now + offset * 10**9)  # noqa: B023
        assert bool(recalled()) is holds


def test_what_is_over_already_is_not_kept(input_file: Path) -> None:
    remember(seconds=0)
    assert recalled() is None


def test_another_offset_of_the_clock_ends_it(
    input_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember()
    assert recalled()
    monkeypatch.setattr(reply_cache, "_utc_offset", lambda: 3600)
    assert recalled() is None


def test_another_version_of_the_program_ends_it(
    input_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember()
    monkeypatch.setattr(reply_cache, "__version__", f"{__version__}.1")
    assert recalled() is None


@pytest.mark.parametrize("change", ["write", "touch", "mode", "remove", "replace"])
def test_a_change_of_a_file_ends_it(input_file: Path, change: str) -> None:
    remember()
    assert recalled()
    time.sleep(0.02)
    if change == "write":
        input_file.write_text("after!")
    elif change == "touch":
        input_file.touch()
    elif change == "mode":
        input_file.chmod(0o600)
    elif change == "remove":
        input_file.unlink()
    else:
        other = input_file.with_name("other")
        other.write_text("before")
        other.replace(input_file)
    assert recalled() is None


def test_what_changes_meanwhile_is_not_remembered(input_file: Path) -> None:
    keep = reply_cache.recorder(None)
    time.sleep(0.02)
    input_file.write_text("after")
    keep(Reply("before", valid_until=time.time() + 60))
    assert recalled() is None


def test_what_changed_a_moment_ago_is_not_remembered(
    input_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reply_cache, "_CLOCK_TICK_NANOSECONDS", MINUTE)
    remember()
    assert recalled() is None


def test_what_cannot_be_looked_at_is_not_remembered(
    input_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: bytes) -> bytes:
        raise PermissionError

    remember()
    monkeypatch.setattr(reply_cache, "file_state", refuse)
    assert recalled() is None
    reply_cache.print_if_valid()
    remember()


def test_where_nothing_can_be_written_nothing_is_kept(input_file: Path, home: Path) -> None:
    (home / ".cache").touch()
    remember()
    reply_cache.print_if_valid()


@pytest.mark.parametrize("damage", ["short", "long", "noise", "empty", "open", "link", "folder"])
def test_a_file_that_is_not_ours_is_not_believed(
    input_file: Path, replies: Path, damage: str
) -> None:
    remember()
    (path,) = replies.iterdir()
    content = path.read_bytes()
    if damage == "open":
        path.chmod(0o644)
    elif damage == "link":
        path.rename(replies / "elsewhere")
        path.symlink_to(replies / "elsewhere")
    elif damage == "folder":
        path.unlink()
        path.mkdir(mode=0o700)
    else:
        path.write_bytes(
            {
                "short": content[:-1],
                "long": content + b"!",
                "noise": os.urandom(300),
                "empty": b"",
            }[damage]
        )
    assert recalled() is None
    reply_cache.print_if_valid()


def test_a_reply_to_another_call_is_not_believed(
    input_file: Path, replies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember()
    (path,) = replies.iterdir()
    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-another")
    path.rename(replies / reply_cache._call_digest())
    assert recalled() is None


def test_a_file_of_another_user_is_not_believed(
    input_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert recalled() is None


def test_the_folder_does_not_grow(
    input_file: Path, replies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(reply_cache._MAX_REPLIES + 10):
        monkeypatch.setenv("NUMBER", str(number))
        remember()
    assert len(list(replies.iterdir())) == reply_cache._MAX_REPLIES
    assert recalled()


class EndError(Exception):
    """In place of the end of the process."""


@pytest.mark.parametrize(("piece", "status"), [(3, 33), (None, 1)])
def test_it_is_written_whole_or_the_status_says_so(
    input_file: Path, monkeypatch: pytest.MonkeyPatch, piece: int | None, status: int
) -> None:
    remember("ten bytes!", 33)
    written = []

    def write_a_piece(descriptor: int, text: bytes) -> int:
        if written and piece is None:
            raise OSError
        written.append(text[: piece or 4])
        return len(written[-1])

    def end(code: int) -> None:
        raise EndError(code)

    monkeypatch.setattr(os, "write", write_a_piece)
    monkeypatch.setattr(os, "_exit", end)
    with pytest.raises(EndError, match=f"^{status}$"):
        reply_cache.print_if_valid()
    assert b"".join(written) == (b"ten bytes!" if piece else b"ten ")


def test_a_closed_standard_output_is_left_to_the_long_way(
    input_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, text: bytes) -> int:
        raise BrokenPipeError

    remember()
    monkeypatch.setattr(os, "write", refuse)
    reply_cache.print_if_valid()


def test_the_inputs_are_the_files_that_a_reply_depends_on(home: Path) -> None:
    names = [os.fsdecode(name) for name in inputs.input_paths(Path("given.json"))]
    assert names == [
        f"{REPOSITORY}/given.json" if Path.cwd() == REPOSITORY else f"{Path.cwd()}/given.json",
        f"{home}/.config/codexbar/config.json",
        f"{home}/.codexbar/config.json",
        f"{database(home)}",
        f"{database(home).parent}/amounts",
        f"{database(home)}-journal",
        "/etc/localtime",
    ]
    assert os.fsdecode(inputs.input_paths(None)[0]) == f"{home}/.config/moonshot-status/config.json"


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
def test_the_offset_is_that_of_the_time_zone(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        seen = reply_cache._utc_offset()
    time.tzset()
    offset = datetime.now(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    assert seen == offset.total_seconds()
