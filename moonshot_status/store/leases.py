"""The lease of a request: a lock file that names its times, held by the process that asks the API.

The file system releases the lock when that process ends, and the times tell when it has had long
enough. A lease is taken, replaced and compared within a write transaction of the store, so that
only one process at a time does so. Its file is replaced, never rewritten: a process still has its
own file open after another one has taken over.
"""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from moonshot_status.core import paths
from moonshot_status.store import values

_MAX_TIMEOUT = 60.0
_KEY_COMMAND_SECONDS = 10.0
_MARGIN_SECONDS = 5.0
_held: set[Lease] = set()


@dataclass(frozen=True)
class RequestInFlight:
    """A request that has no result yet, and its times (UTC).

    ``is_over``: its process has died, or its lease has ended.
    """

    started_at: datetime
    ends_at: datetime
    is_over: bool


def duration(timeout: float, *, runs_command: bool) -> timedelta:
    """Return how long a request with this timeout in seconds may take, key command included."""
    seconds = min(timeout, _MAX_TIMEOUT) + _MARGIN_SECONDS
    return timedelta(seconds=seconds + (_KEY_COMMAND_SECONDS if runs_command else 0))


class Lease:
    """A lease that this process holds. One without a lock file is never taken over.

    ``started_at`` (UTC) tells the result of this request from that of another one.
    """

    def __init__(
        self, path: Path = Path(), descriptor: int | None = None,
        started_at: datetime | None = None,
    ) -> None:  # fmt: skip
        self.started_at = started_at
        self._path, self._descriptor = path, descriptor
        _held.add(self)

    def is_current(self) -> bool:
        """Return whether no other process has taken over."""
        if self._descriptor is None:
            return True
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.lstat())
        except OSError:
            return False

    def release(self) -> None:
        """Remove the lock file, unless it is another process's by now."""
        _held.discard(self)
        if self._descriptor is None:
            return
        with suppress(OSError):
            if self.is_current():
                self._path.unlink()
        # A signal may come between the two, and release it again.
        descriptor, self._descriptor = self._descriptor, None
        os.close(descriptor)


def release_all() -> None:
    """Release every lease of this process, before a signal ends it."""
    for lease in list(_held):
        lease.release()


def remove(path: Path) -> None:
    """Remove the lease, so that it is no longer current; call this within a transaction."""
    with suppress(OSError):
        path.unlink()


def take(path: Path, started_at: datetime, ends_at: datetime) -> Lease:
    """Return a new lease, in place of one that is over.

    If its file cannot be created, the lease keeps no other process away.
    """
    new, descriptor = path.with_suffix(".new"), None
    try:
        paths.private_folder(path.parent, real=True)
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        _lock(descriptor, started_at, ends_at)
        new.rename(path)
    except OSError:
        if descriptor is not None:
            os.close(descriptor)
        return Lease(started_at=started_at)
    return Lease(path, descriptor, started_at)


def _lock(descriptor: int, started_at: datetime, ends_at: datetime) -> None:
    with suppress(OSError):  # some file systems have no locks
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with suppress(OSError):  # the disk may be full
        times = values.microseconds(started_at), values.microseconds(ends_at)
        os.write(descriptor, b"%d %d\n" % times)


def find(path: Path, now: datetime) -> RequestInFlight | None:
    """Return the request whose lease this file is, or None if there is none.

    If the file has no times, its own time and the longest duration count. A lease that begins in
    the future says nothing, because the clock was set back.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            return None
        started_at, ends_at = _times(descriptor)
        if started_at > now:
            return None
        return RequestInFlight(started_at, ends_at, now >= ends_at or _is_free(descriptor))
    except (OSError, ValueError, OverflowError):
        return None
    finally:
        os.close(descriptor)


def _times(descriptor: int) -> tuple[datetime, datetime]:
    try:
        started_at, ends_at = map(int, os.read(descriptor, 100).split())
        return values.moment(started_at), values.moment(ends_at)
    except (ValueError, OverflowError):
        written = values.moment(os.fstat(descriptor).st_mtime_ns // 1000)
        return written, written + duration(_MAX_TIMEOUT, runs_command=True)


def _is_free(descriptor: int) -> bool:
    """Return whether no process holds the lock."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:  # held, or a file system without locks
        return False
    return True
