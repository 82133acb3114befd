"""Print the cached reply of an earlier poll while nothing that it depends on has changed.

This saves most polls nearly all of their cost. The cache can be deleted at any time. The imports at
the top are of modules that the interpreter has loaded anyway, or that cost next to nothing.
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

VARIABLES = (
    "MOONSHOT_API_KEY", "MOONSHOT_KEY", "MOONSHOT_REGION", "MOONSHOT_BASE_URL",
    "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR",
    "HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "CODEXBAR_CONFIG",
    "TZ", "TZDIR",
    "_MOONSHOT_STATUS_COMPLETE",
)  # fmt: skip
"""The environment variables that can change a reply: settings, folders and the time zone.

Others, such as COLUMNS and SHLVL, differ from one terminal to the next: a reply for each of them
would push out those for the bars. Variables that only a request reads are left out unless they are
settings, and so is what the key command and the notification command inherit. A reply is valid only
while another poll would show what is stored, without a request, a command or a notification; and
the store identifies an account by its key command, whatever environment that ran in.
"""
FileState = tuple[int, ...]
"""Modification and change time in nanoseconds, size, mode and inode; empty for a missing file."""
_FOLDER = "replies"
_MAX_REPLIES = 64
# A file can be written twice without a new modification time if the writes are this close.
_CLOCK_TICK_NANOSECONDS = 50_000_000


def print_if_valid() -> None:
    """Print the cached reply for this command line and end the process, if it is still valid."""
    try:
        cached = _load(_call_digest())
        if cached is None:
            return
        code, text, reason = cached
        written = os.write(1, text)
    except (ImportError, OSError, ValueError):
        return
    is_complete = _write(1, text[written:]) and (not os.isatty(2) or _write(2, reason))
    os._exit(code if is_complete else 1)


def recorder(config: Path | None) -> Callable[[Reply], None]:
    """Return the function that caches the reply to this command line.

    ``config`` is the settings file, or None for the usual one. Call this before any input file is
    read: if one changes after this call, the reply is not cached.
    """
    try:
        from moonshot_status.polling.inputs import input_paths

        name, started_at = _call_digest(), time.time_ns()
        before = file_states(input_paths(config))
    except (ImportError, OSError, ValueError):
        return lambda _: None

    def record(reply: Reply) -> None:
        if reply.valid_until <= time.time():
            return
        try:
            if file_states(list(before)) == before and _newest_change(before) < started_at:
                _save(name, reply, started_at, before)
        except OSError:
            pass  # Without the cache, the next poll only takes longer.

    return record


def file_states(paths: list[bytes]) -> dict[bytes, FileState]:
    """Return the state of each file. Raises OSError if one cannot be examined."""
    return {path: file_state(path) for path in paths}


def file_state(path: bytes) -> FileState:
    """Return a value that changes with every change of the file. Raises OSError."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_mode, status.st_ino


def _load(name: str) -> tuple[int, bytes, bytes] | None:
    """Return the exit status of a reply, and its texts for standard output and standard error.

    Returns None if it is no longer valid. Raises OSError or ValueError if it cannot be read.
    """
    content = _read_private(os.path.join(_folder(), name))
    checksum, _, body = content.partition(b"\0")
    if checksum != _digest(name.encode(), body).encode():
        return None
    head, _, text = body.partition(b"\0\0")
    started_at, until, offset, code, length, *inputs = head.split(b"\0")
    if not int(started_at) <= time.time_ns() < int(until) or int(offset) != _utc_offset():
        return None
    pairs = zip(inputs[::2], inputs[1::2], strict=True)
    if any(_encoded(file_state(path)) != state for path, state in pairs):
        return None
    return int(code), text[: int(length)], text[int(length) :]


def _write(descriptor: int, text: bytes) -> bool:
    """Write the whole text, and return whether that succeeded."""
    try:
        while text:
            text = text[os.write(descriptor, text) :]
    except OSError:
        return False
    return True


def _save(name: str, reply: Reply, started_at: int, states: dict[bytes, FileState]) -> None:
    """Write the reply to the cache, and delete the oldest ones. Raises OSError."""
    from moonshot_status.core import paths
    from moonshot_status.core.atomic_write import write_private

    text, reason = (part.encode("utf-8", "replace") for part in (reply.text, reply.stderr))
    until = int(reply.valid_until * 10**9)
    numbers = (started_at, until, _utc_offset(), reply.exit_code, len(text))
    inputs = (part for path, state in states.items() for part in (path, _encoded(state)))
    head = b"\0".join([*(b"%d" % number for number in numbers), *inputs])
    body = head + b"\0\0" + text + reason
    folder = paths.private_folder(paths.cache_folder() / _FOLDER, real=True)
    write_private(folder / name, _digest(name.encode(), body).encode() + b"\0" + body)
    _delete_oldest(folder, name)


def _delete_oldest(folder: Path, newest: str) -> None:
    """Delete all but the newest replies; files that this program did not make stay.

    ``newest`` is the name of the reply that was just written. Raises OSError, also if the folder
    is a symlink.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        _delete_oldest_in(descriptor, newest)
    finally:
        os.close(descriptor)


def _delete_oldest_in(folder: int, newest: str) -> None:
    import re
    from contextlib import suppress

    written_at = {}
    with os.scandir(folder) as entries:
        for entry in (entry for entry in entries if re.fullmatch("[0-9a-f]{32}", entry.name)):
            # Another process may have deleted it.
            with suppress(OSError):
                if entry.is_file(follow_symlinks=False):
                    written_at[entry.name] = entry.stat(follow_symlinks=False).st_mtime_ns
    # A reply from the future was written before the clock was set back: it is an old one.
    now = max(time.time_ns(), written_at.get(newest, 0))
    oldest_first = sorted(
        written_at, key=lambda name: (name == newest, written_at[name] <= now, written_at[name])
    )
    for name in oldest_first[:-_MAX_REPLIES]:
        with suppress(OSError):
            os.unlink(name, dir_fd=folder)


def delete_all() -> None:
    """Delete every cached reply, also one that is being written. Raises OSError.

    Nothing is deleted behind a symlink, because nothing is written there.
    """
    import re
    from contextlib import suppress
    from pathlib import Path

    from moonshot_status.core import paths

    name, folder = re.compile(r"[0-9a-f]{32}|\.moonshot-status\.[0-9a-f]{16}"), Path(_folder())
    if folder.is_symlink() or not folder.is_dir():
        return
    paths.check_own(folder)
    for path in [path for path in folder.iterdir() if name.fullmatch(path.name)]:
        # Another process may have deleted it.
        with suppress(FileNotFoundError):
            path.unlink()


def _call_digest() -> str:
    """Return a digest of everything but files and time that can change the reply.

    The variables may contain keys. Raises OSError if a relative path is in use but the working
    folder has been deleted, and ValueError for a name that cannot be encoded.
    """
    # Menus contain the path of the program, which is searched for if it was given without one.
    names = VARIABLES if "/" in sys.argv[0] else (*VARIABLES, "PATH")
    call = [f"{name}={os.environ[name]}" for name in names if name in os.environ]
    call += [__version__, os.getcwd() if _has_relative_path() else ""]
    # The effect of LANG, LC_* and PYTHON*: how names are decoded, and which modules are imported.
    call += [sys.getfilesystemencoding(), os.pathsep.join(map(str, sys.path))]
    # Menus contain the interpreter's options as well.
    return _digest(*(os.fsencode(word) for word in (*call, *sys.orig_argv, *sys.argv)))


def _has_relative_path() -> bool:
    """Return whether the call may use a path that is relative to the working folder."""
    program, *arguments = sys.argv
    paths = [program, os.path.expanduser(os.environ.get("CODEXBAR_CONFIG", ""))]
    paths += [os.environ.get(name, "") for name in ("HOME", "SSL_CERT_FILE", "SSL_CERT_DIR")]
    for word, following in zip(arguments, [*arguments[1:], ""], strict=False):
        option, is_one_word, value = word.partition("=")
        if option == "--config":
            paths.append(value if is_one_word else following)
    return not all(path.startswith("/") for path in paths if path)


def _digest(*parts: bytes) -> str:
    # hashlib loads OpenSSL, which takes longer than the rest of this module.
    from _blake2 import blake2b

    return blake2b(b"\0".join(parts), digest_size=16).hexdigest()


def _folder() -> str:
    import appdirs

    # As in core.paths, which takes longer to import than all of this.
    if not os.path.isabs(os.environ.get("XDG_CACHE_HOME", "/")):
        del os.environ["XDG_CACHE_HOME"]
    return os.path.join(appdirs.user_cache_dir("moonshot-status", appauthor=False), _FOLDER)


def _read_private(path: str) -> bytes:
    """Return the file's content. Raises OSError, or ValueError if it is not a private file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        is_private = status.st_uid == os.geteuid() and not status.st_mode & 0o077
        if not is_private or not stat.S_ISREG(status.st_mode):
            raise ValueError("not a private file")
        return os.read(descriptor, status.st_size)
    finally:
        os.close(descriptor)


def _encoded(state: FileState) -> bytes:
    return b" ".join(b"%d" % part for part in state) or b"absent"


def _newest_change(states: dict[bytes, FileState]) -> int:
    """Return the time of the newest change, in nanoseconds since 1970, plus one clock tick."""
    times = [time for state in states.values() for time in state[:2]]
    return max(times, default=0) + _CLOCK_TICK_NANOSECONDS


def _utc_offset() -> int:
    """Return the offset from UTC in seconds, which changes with the time zone."""
    return time.localtime().tm_gmtoff
