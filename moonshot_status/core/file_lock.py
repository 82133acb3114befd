"""A lock between processes, which the system releases when its holder ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from moonshot_status.core import paths

_RETRY_SECONDS = 0.02


@contextmanager
def file_lock(path: Path, timeout: float) -> Iterator[bool]:
    """Hold the lock inside the block; yield False if it is not acquired in ``timeout`` seconds.

    Yields True if the file cannot be created or the system has no such locks. The file is not
    removed afterwards: if others wait for it, two of them could then acquire a lock.
    """
    try:
        paths.private_folder(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    except OSError:
        yield True
        return
    try:
        yield _acquire(descriptor, time.monotonic() + timeout)
    finally:
        os.close(descriptor)


@contextmanager
def folder_lock(folder: Path, timeout: float) -> Iterator[None]:
    """Hold a lock on the folder inside the block, if it is acquired in ``timeout`` seconds.

    No file is created for it. Without such a folder there is no lock.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        yield
        return
    try:
        _acquire(descriptor, time.monotonic() + timeout)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, until: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(_RETRY_SECONDS)
        except OSError:
            return True
