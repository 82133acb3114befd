"""The reply cache: what is cached under which conditions, and when it is no longer valid."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from moonshot_status import __version__, reply_cache
from moonshot_status.formats import Reply
from moonshot_status.polling import inputs

MINUTE = 60 * 10**9


@pytest.fixture
def replies(home: Path) -> Path:
    return home / ".cache" / "moonshot-status" / "replies"


@pytest.fixture
def input_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that the reply depends on, written a while ago."""
    path = tmp_path / "input"
    path.write_text("before", encoding="utf-8")
    # Only touching makes the time of the last change of the inode come later, never earlier.
    monkeypatch.setattr(reply_cache, "_CLOCK_TICK_NANOSECONDS", 0)
    monkeypatch.setattr(sys, "argv", ["/bin/moonshot-status"])
    monkeypatch.setattr(inputs, "input_paths", lambda _: [bytes(path), b"/nowhere/at/all"])
    time.sleep(0.02)
    return path


def cache(text: str = "$1.00\n", code: int = 0, reason: str = "", *, seconds: float = 60) -> None:
    reply_cache.recorder(None)(Reply(text, code, reason, valid_until=time.time() + seconds))


def cached() -> tuple[int, bytes, bytes] | None:
    try:
        return reply_cache._load(reply_cache._call_digest())
    except (OSError, ValueError):
        return None


def test_the_text_may_hold_anything(input_file: Path) -> None:
    cache("¥1.00 \0\0 \udc00", 33, "no ¥\0\0 \udc00")
    assert cached() == (33, b"\xc2\xa51.00 \0\0 ?", b"no \xc2\xa5\0\0 ?")


def test_it_expires_when_its_text_does(input_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache(seconds=60)
    now = time.time_ns()
    for offset, holds in ((0, True), (59, True), (61, False), (-1, False), (-(10**8), False)):
        monkeypatch.setattr(time, "time_ns", lambda: now + offset * 10**9)  # noqa: B023
        assert bool(cached()) is holds


def test_an_expired_reply_is_not_cached(input_file: Path) -> None:
    cache(seconds=0)
    assert cached() is None


def test_another_utc_offset_invalidates_it(
    input_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache()
    assert cached()
    monkeypatch.setattr(reply_cache, "_utc_offset", lambda: 3600)
    assert cached() is None


def test_another_version_invalidates_it(input_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache()
    monkeypatch.setattr(reply_cache, "__version__", f"{__version__}.1")
    assert cached() is None


@pytest.mark.parametrize("change", ["write", "touch", "mode", "remove", "replace"])
def test_a_change_of_an_input_file_invalidates_it(input_file: Path, change: str) -> None:
    cache()
    assert cached()
    time.sleep(0.02)
    if change == "write":
        input_file.write_text("after!", encoding="utf-8")
    elif change == "touch":
        input_file.touch()
    elif change == "mode":
        input_file.chmod(0o600)
    elif change == "remove":
        input_file.unlink()
    else:
        other = input_file.with_name("other")
        other.write_text("before", encoding="utf-8")
        other.replace(input_file)
    assert cached() is None


def test_a_change_during_the_poll_prevents_caching(input_file: Path) -> None:
    keep = reply_cache.recorder(None)
    time.sleep(0.02)
    input_file.write_text("after", encoding="utf-8")
    keep(Reply("before", valid_until=time.time() + 60))
    assert cached() is None


@pytest.mark.parametrize("file", [b"/first", b"/second"])
@pytest.mark.parametrize("time_of", [0, 1], ids=["modification", "status change"])
def test_the_newest_change_of_several_files_decides(
    replies: Path, monkeypatch: pytest.MonkeyPatch, file: bytes, time_of: int
) -> None:
    hour_ago = time.time_ns() - 60 * MINUTE
    states = {path: [hour_ago, hour_ago, 1, 1, 1] for path in (b"/first", b"/second")}
    monkeypatch.setattr(inputs, "input_paths", lambda _: [*states, b"/nowhere"])
    monkeypatch.setattr(reply_cache, "file_state", lambda path: tuple(states.get(path, ())))
    cache()
    assert cached()
    (reply,) = replies.iterdir()
    reply.unlink()
    states[file][time_of] = time.time_ns()
    cache()
    assert cached() is None


def test_a_change_within_a_clock_tick_prevents_caching(
    input_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reply_cache, "_CLOCK_TICK_NANOSECONDS", MINUTE)
    cache()
    assert cached() is None


@pytest.mark.parametrize("change", ["program", "argument", "encoding", "modules", "environment"])
def test_another_call_has_another_name(monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    monkeypatch.setattr(sys, "argv", ["/bin/moonshot-status"])
    before = reply_cache._call_digest()
    assert reply_cache._call_digest() == before
    if change == "environment":
        monkeypatch.setenv("MOONSHOT_KEY", "sk-another")
    elif change == "encoding":
        monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "latin-1")
    elif change == "modules":
        monkeypatch.setattr(sys, "path", [Path("/elsewhere"), *sys.path])
    else:
        words = {"program": ["/bin/other"], "argument": ["/bin/moonshot-status", "--refresh"]}
        monkeypatch.setattr(sys, "argv", words[change])
    assert reply_cache._call_digest() != before


@pytest.mark.parametrize(
    ("words", "variables", "counts"),
    [
        (["/bin/moonshot-status", "--format", "waybar"], {}, False),
        (["bin/moonshot-status"], {}, True),
        (["moonshot-status"], {}, True),
        (["/bin/moonshot-status", "--config", "/c.json"], {}, False),
        (["/bin/moonshot-status", "--config", "c.json"], {}, True),
        (["/bin/moonshot-status", "--config", "~/c.json"], {}, True),
        (["/bin/moonshot-status", "--config=/c.json"], {}, False),
        (["/bin/moonshot-status", "--config=c.json"], {}, True),
        (["/bin/moonshot-status", "--config=/c.json", "--config", "c.json"], {}, True),
        (["/bin/moonshot-status", "--config"], {}, False),
        (["/bin/moonshot-status"], {"HOME": "home"}, True),
        (["/bin/moonshot-status"], {"HOME": "~/home"}, True),
        (["/bin/moonshot-status"], {"HOME": ""}, False),
        (["/bin/moonshot-status"], {"CODEXBAR_CONFIG": "/c.json"}, False),
        (["/bin/moonshot-status"], {"CODEXBAR_CONFIG": "~/c.json"}, False),
        (["/bin/moonshot-status"], {"CODEXBAR_CONFIG": "c.json"}, True),
        (["/bin/moonshot-status"], {"CODEXBAR_CONFIG": " 'c.json'"}, True),
        (["/bin/moonshot-status"], {"SSL_CERT_FILE": "ca.pem"}, True),
        (["/bin/moonshot-status"], {"SSL_CERT_DIR": "certificates"}, True),
        # The program ignores relative ones.
        (["/bin/moonshot-status"], {"XDG_CONFIG_HOME": "config", "XDG_STATE_HOME": ""}, False),
    ],
    ids=str,
)
def test_the_working_folder_counts_if_a_relative_path_is_in_use(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str],
    variables: dict[str, str], counts: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(sys, "argv", words)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    before = reply_cache._call_digest()
    monkeypatch.chdir(tmp_path)
    assert (reply_cache._call_digest() != before) is counts


@pytest.mark.parametrize(("program", "counts"), [("moonshot-status", True), ("/bin/it", False)])
def test_the_search_path_counts_if_the_program_is_searched_for(
    monkeypatch: pytest.MonkeyPatch, program: str, counts: bool
) -> None:
    monkeypatch.setattr(sys, "argv", [program])
    before = reply_cache._call_digest()
    monkeypatch.setenv("PATH", "/elsewhere")
    assert (reply_cache._call_digest() != before) is counts


def test_without_a_working_folder_only_relative_paths_prevent_caching(
    input_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def deleted() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(os, "getcwd", deleted)
    cache()
    assert cached()
    monkeypatch.setattr(sys, "argv", ["moonshot-status"])
    cache()
    reply_cache.print_if_valid()
    assert cached() is None


def test_an_input_file_that_cannot_be_examined_prevents_caching(
    input_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: bytes) -> bytes:
        raise PermissionError

    cache()
    monkeypatch.setattr(reply_cache, "file_state", refuse)
    assert cached() is None
    reply_cache.print_if_valid()
    cache()


def test_a_cache_that_cannot_be_written_is_no_error(input_file: Path, home: Path) -> None:
    (home / ".cache").touch()
    cache()
    reply_cache.print_if_valid()


@pytest.mark.parametrize("damage", ["short", "long", "noise", "empty", "open", "link", "folder"])
def test_a_damaged_or_foreign_file_is_ignored(input_file: Path, replies: Path, damage: str) -> None:
    cache()
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
    assert cached() is None
    reply_cache.print_if_valid()


def test_a_reply_to_another_call_is_ignored(
    input_file: Path, replies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache()
    (path,) = replies.iterdir()
    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-another")
    path.rename(replies / reply_cache._call_digest())
    assert cached() is None


def test_a_file_of_another_user_is_ignored(
    input_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert cached() is None


def test_the_folder_does_not_grow(
    input_file: Path, replies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(reply_cache._MAX_REPLIES + 10):
        monkeypatch.setenv("MOONSHOT_KEY", str(number))
        cache()
    assert len(list(replies.iterdir())) == reply_cache._MAX_REPLIES
    assert cached()


@pytest.fixture
def full(input_file: Path, replies: Path) -> list[Path]:
    """As many replies as are kept, the first of which is the oldest: each is an hour younger."""
    replies.mkdir(parents=True)
    paths = [replies / f"{number:032x}" for number in range(reply_cache._MAX_REPLIES)]
    for age, path in enumerate(reversed(paths), 1):
        path.touch()
        os.utime(path, (time.time() - age * 3600,) * 2)
    return paths


def test_the_newest_replies_stay(full: list[Path], replies: Path) -> None:
    cache()
    assert cached()
    assert set(replies.iterdir()) == {*full[1:], replies / reply_cache._call_digest()}


@pytest.mark.parametrize("seconds", [5, 10**9])
def test_replies_from_before_the_clock_was_set_back_are_the_oldest(
    full: list[Path], replies: Path, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    for number, path in enumerate(full[:-1]):
        os.utime(path, (time.time() + seconds + number,) * 2)
    for number in range(3):
        monkeypatch.setenv("MOONSHOT_KEY", str(number))
        cache()
        assert cached()
    assert set(full) & set(replies.iterdir()) == {*full[3:]}


def test_the_reply_just_written_stays_although_its_time_is_the_oldest(
    full: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def set_back(source: Path, target: Path) -> None:
        replace(source, target)
        os.utime(target, (0, 0))

    monkeypatch.setattr(Path, "replace", set_back)
    cache()
    assert cached()


def test_a_file_server_with_a_clock_of_its_own(
    full: list[Path], replies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has been written an hour ahead of this clock is not older than the rest."""
    replace = Path.replace

    def ahead(source: Path, target: Path) -> None:
        replace(source, target)
        os.utime(target, (time.time() + 3600,) * 2)

    monkeypatch.setattr(Path, "replace", ahead)
    for number in range(3):
        monkeypatch.setenv("MOONSHOT_KEY", str(number))
        cache()
    assert set(full) & set(replies.iterdir()) == {*full[3:]}


def test_files_of_others_stay_and_are_no_error(full: list[Path], replies: Path) -> None:
    foreign = [replies / name for name in ("notes", "f" * 31, "F" * 32, "g" * 32, "e" * 33)]
    for path in foreign:
        path.touch()
    foreign += [replies / ("e" * 32), replies / ("d" * 32), replies / ("c" * 32)]
    foreign[-3].mkdir()
    foreign[-2].symlink_to("notes")
    foreign[-1].symlink_to("nowhere")
    for path in foreign:
        os.utime(path, (0, 0), follow_symlinks=False)
    cache()
    assert cached()
    assert {path for path in replies.iterdir() if path not in full[1:]} == {
        *foreign, replies / reply_cache._call_digest()
    }  # fmt: skip


def test_nothing_is_written_or_deleted_through_a_link(
    full: list[Path], replies: Path, tmp_path: Path
) -> None:
    elsewhere = replies.rename(tmp_path / "elsewhere")
    replies.symlink_to(elsewhere)
    before = sorted(elsewhere.iterdir())
    for _ in range(2):
        cache()
    assert sorted(elsewhere.iterdir()) == before
    with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
        reply_cache._delete_oldest(replies, "")


def test_a_reply_that_cannot_be_deleted_is_no_error(
    full: list[Path], replies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = os.unlink

    def refuse(name: str, dir_fd: int) -> None:
        if name == full[0].name:
            raise PermissionError
        unlink(name, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", refuse)
    monkeypatch.setattr(reply_cache, "_MAX_REPLIES", len(full) - 1)
    cache()
    assert cached()
    assert set(full) - set(replies.iterdir()) == {full[1]}


def test_a_reply_that_another_process_deletes_is_no_error(
    full: list[Path], replies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deleted:
        name = path = "e" * 32

        def is_file(self, **_: bool) -> bool:
            raise FileNotFoundError

    entries = [Deleted(), *os.scandir(replies)]
    monkeypatch.setattr(reply_cache, "_MAX_REPLIES", len(full) - 1)
    monkeypatch.setattr(os, "scandir", lambda _: contextlib.nullcontext(entries))
    cache()
    assert not full[0].exists()
    assert full[1].exists()
    assert cached()


class EndError(Exception):
    """In place of the end of the process."""


@pytest.mark.parametrize(
    ("room", "terminal", "status", "printed"),
    [
        (99, True, 33, (b"ten bytes!", b"no key")),
        (99, False, 33, (b"ten bytes!", b"")),
        (13, True, 1, (b"ten bytes!", b"no ")),
        (13, False, 33, (b"ten bytes!", b"")),
        (4, True, 1, (b"ten ", b"")),
    ],
)
def test_it_is_written_whole_or_the_status_says_so(
    input_file: Path, monkeypatch: pytest.MonkeyPatch, room: int, terminal: bool, status: int,
    printed: tuple[bytes, bytes],
) -> None:  # fmt: skip
    """``room`` is for how many bytes there is room; the reason is for a terminal alone."""
    cache("ten bytes!", 33, "no key")
    written = {1: b"", 2: b""}

    def write_a_piece(descriptor: int, text: bytes) -> int:
        piece = text[: min(3, room - len(written[1] + written[2]))]
        if not piece:
            raise OSError
        written[descriptor] += piece
        return len(piece)

    def end(code: int) -> None:
        raise EndError(code)

    monkeypatch.setattr(os, "isatty", lambda descriptor: terminal and descriptor == 2)
    monkeypatch.setattr(os, "write", write_a_piece)
    monkeypatch.setattr(os, "_exit", end)
    with pytest.raises(EndError, match=f"^{status}$"):
        reply_cache.print_if_valid()
    assert tuple(written.values()) == printed


def test_a_closed_standard_output_is_left_to_the_full_program(
    input_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, text: bytes) -> int:
        raise BrokenPipeError

    cache()
    monkeypatch.setattr(os, "write", refuse)
    reply_cache.print_if_valid()


def test_the_inputs_are_the_files_that_a_reply_depends_on(home: Path) -> None:
    state = home / ".local" / "state" / "moonshot-status"
    names = [os.fsdecode(name) for name in inputs.input_paths(Path("given.json"))]
    assert names == [
        f"{Path.cwd()}/given.json",
        f"{home}/.config/codexbar/config.json",
        f"{home}/.codexbar/config.json",
        f"{state}/balance.db",
        f"{state}/amounts",
        f"{state}/balance.db-journal",
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
