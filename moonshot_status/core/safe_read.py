"""Read files that may be anything: a pipe, a device, a huge or an endless file."""

from __future__ import annotations

import errno
import os
import stat
import time
from pathlib import Path

from moonshot_status.core.paths import ForeignPathError

SIZE_LIMIT = 1 << 20
"""The size in bytes of the largest settings file."""
_PIECE = 1 << 16
_PIPE_SECONDS = 5.0
# A pipe can be read only once: its content by device and inode.
_PIPES: dict[tuple[int, int], bytes] = {}


def read(
    path: Path, *, limit: int = SIZE_LIMIT, pipe: bool = False
) -> tuple[bytes, os.stat_result]:
    """Return the content of a regular file, and the status of the file that was opened.

    ``pipe``: it may also be a pipe, as in ``--config <(command)``; a writer has five seconds.
    Never waits for anything else. Raises OSError, also for a file of more than ``limit`` bytes.
    """
    descriptor = _open(path)
    try:
        status = os.fstat(descriptor)
        if pipe and stat.S_ISFIFO(status.st_mode):
            return _of_pipe(path, descriptor, status, limit), status
        _check_kind(path, status)
        return _content(path, descriptor, limit), status
    finally:
        os.close(descriptor)


def read_own(path: Path) -> bytes:
    """Return the content of a file that the program has written. Raises OSError.

    It is a regular file of the user's own, and no symlink.
    """
    descriptor = _open(path, os.O_NOFOLLOW)
    try:
        status = os.fstat(descriptor)
        _check_kind(path, status)
        if status.st_uid != os.geteuid():
            raise ForeignPathError(path)
        return _content(path, descriptor, SIZE_LIMIT)
    finally:
        os.close(descriptor)


def is_pipe(path: Path) -> bool:
    """Return whether it is a pipe, whose content only one process gets. Never raises."""
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except OSError:
        return False


def _open(path: Path, more_flags: int = 0) -> int:
    """Open the file without waiting for the writer of a pipe. Raises OSError."""
    try:
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | more_flags)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise _not_regular(path) from error
        raise


def _check_kind(path: Path, status: os.stat_result) -> None:
    """Raise OSError unless it is a regular file, or the null device, which is an empty one."""
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    is_null = stat.S_ISCHR(status.st_mode) and status.st_rdev == Path(os.devnull).stat().st_rdev
    if not stat.S_ISREG(status.st_mode) and not is_null:
        raise _not_regular(path)


def _not_regular(path: Path) -> OSError:
    return OSError(errno.EINVAL, "it is not a regular file", str(path))


def _content(path: Path, descriptor: int, limit: int) -> bytes:
    content = bytearray()
    while piece := os.read(descriptor, _PIECE):
        content += piece
        _check_size(path, content, limit)
    return bytes(content)


def _check_size(path: Path, content: bytearray, limit: int) -> None:
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit >> 20} MiB", str(path))


def _of_pipe(path: Path, descriptor: int, status: os.stat_result, limit: int) -> bytes:
    """Return the content of the pipe, the same each time. Raises OSError."""
    identity = status.st_dev, status.st_ino
    if identity not in _PIPES:
        _PIPES[identity] = _drained(path, descriptor, limit)
    return _PIPES[identity]


def _drained(path: Path, descriptor: int, limit: int) -> bytes:
    """Read the pipe to its end. Raises OSError if that does not come in time."""
    import select

    content, is_ready = bytearray(), False
    until, poller = time.monotonic() + _PIPE_SECONDS, select.poll()
    poller.register(descriptor, select.POLLIN)
    while True:
        try:
            piece = os.read(descriptor, _PIECE)
        except BlockingIOError:
            piece = b""
        else:
            # Without a writer a read returns nothing at once, also before one has come.
            if not piece and (content or is_ready):
                return bytes(content)
        content += piece
        _check_size(path, content, limit)
        if not piece:
            left = until - time.monotonic()
            is_ready = bool(poller.poll(max(left, 0) * 1000))
            if not is_ready:
                text = f"nothing more was written into it within {_PIPE_SECONDS:g} s"
                raise TimeoutError(errno.ETIMEDOUT, text, str(path))
