"""The reply of an earlier poll, printed again at once while nothing it depends on has changed.

It saves most polls nearly all of their cost. The file can be deleted, and every poll goes the long
way. Nothing is imported at the top that the interpreter has not loaded already, or nearly so.
"""

from __future__ import annotations

import os
import stat
import sys
import time

from moonshot_status import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from moonshot_status.formats import Reply

_FOLDER = "replies"
_MOST_REPLIES = 64
# A file that was written just before it was looked at may be written again without a new time.
_SETTLED_NANOSECONDS = 50_000_000


def answer() -> None:
    """Print what is remembered for this very call and end the process, if it still holds."""
    try:
        remembered = _recall(_call())
        if remembered is None:
            return
        code, text = remembered
        written = os.write(1, text)
    except (ImportError, OSError, ValueError):
        return
    os._exit(code if _printed(text[written:]) else 1)


def memory(config: Path | None) -> Callable[[Reply], None]:
    """What remembers the reply to this call, whose settings file is ``config`` or the usual one.

    To be called before anything is read: what changes from now on is not in the reply for sure.
    """
    try:
        from moonshot_status import inputs

        name, began, before = _call(), time.time_ns(), _states(inputs.paths(config))
    except (ImportError, OSError):
        return lambda _: None

    def remember(reply: Reply) -> None:
        if reply.until <= time.time():
            return
        try:
            if _states(list(before)) == before and _newest_change(before) < began:
                _write(name, reply, began, before)
        except OSError:
            pass  # Nothing is lost but the time that it would have saved.

    return remember


def _recall(name: str) -> tuple[int, bytes] | None:
    """The exit status and the text, or None where the long way has to be gone."""
    content = _own_bytes(os.path.join(_folder(), name))
    checksum, _, body = content.partition(b"\0")
    if checksum != _digest(name.encode(), body).encode():
        return None
    head, _, text = body.partition(b"\0\0")
    began, until, offset, code, *inputs = head.split(b"\0")
    if not int(began) <= time.time_ns() < int(until) or int(offset) != _utc_offset():
        return None
    if any(_state(path) != state for path, state in zip(inputs[::2], inputs[1::2], strict=True)):
        return None
    return int(code), text


def _printed(text: bytes) -> bool:
    """Whether the rest of a text could be written, too."""
    try:
        while text:
            text = text[os.write(1, text) :]
    except OSError:
        return False
    return True


def _write(name: str, reply: Reply, began: int, states: dict[bytes, bytes]) -> None:
    from moonshot_status import folders

    facts = (began, int(reply.until * 10**9), _utc_offset(), reply.exit_code)
    inputs = (part for pair in states.items() for part in pair)
    head = b"\0".join([*(b"%d" % fact for fact in facts), *inputs])
    body = head + b"\0\0" + reply.text.encode("utf-8", "replace")
    folder = folders.cache_folder() / _FOLDER
    folders.write_privately(folder / name, _digest(name.encode(), body).encode() + b"\0" + body)
    oldest_last = sorted(folder.iterdir(), key=lambda path: -path.stat().st_mtime_ns)
    for path in oldest_last[_MOST_REPLIES:]:
        path.unlink(missing_ok=True)


def _call() -> str:
    """A one-way name of everything that the process was given; the environment holds keys."""
    given = [f"{name}={value}" for name, value in sorted(os.environ.items())]
    given += [__version__, os.getcwd(), str(os.isatty(2)), *sys.argv]
    return _digest(*(os.fsencode(word) for word in given))


def _digest(*parts: bytes) -> str:
    # hashlib loads OpenSSL, which takes longer than all the rest of this module.
    from _blake2 import blake2b

    return blake2b(b"\0".join(parts), digest_size=16).hexdigest()


def _folder() -> str:
    import appdirs

    return os.path.join(appdirs.user_cache_dir("moonshot-status", appauthor=False), _FOLDER)


def _own_bytes(path: str) -> bytes:
    """The file's content. Raises OSError, and ValueError for a file that others could have made."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        mine = status.st_uid == os.geteuid() and not status.st_mode & 0o077
        if not mine or not stat.S_ISREG(status.st_mode):
            raise ValueError("not a file of our own")
        return os.read(descriptor, status.st_size)
    finally:
        os.close(descriptor)


def _states(paths: list[bytes]) -> dict[bytes, bytes]:
    return {path: _state(path) for path in paths}


def _state(path: bytes) -> bytes:
    """What changes with every change of the file. Raises OSError if that cannot be seen."""
    try:
        seen = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return b"absent"
    marks = (seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_mode, seen.st_ino)
    return b" ".join(b"%d" % mark for mark in marks)


def _newest_change(states: dict[bytes, bytes]) -> int:
    """Nanoseconds since 1970, with the time that it takes to settle."""
    times = [int(mark) for state in states.values() for mark in state.split()[:2] if mark.isdigit()]
    return max(times, default=0) + _SETTLED_NANOSECONDS


def _utc_offset() -> int:
    """Seconds; it changes with the time zone, however that was set."""
    return time.localtime().tm_gmtoff
