"""A lock between processes that the system releases when its holder dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from moonshot_status.core import paths

_PAUSE_SECONDS = 0.02


@contextmanager
def file_lock(path: Path, patience: float) -> Iterator[bool]:
    """Hold the lock, or say False after ``patience`` seconds without it.

    The file stays: to remove it while others wait for it would let two in. Where there is no
    place for it, or no such lock, the answer is True.
    """
    try:
        paths.private_folder(path.parent)
        paths.private_file(path)
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        yield True
        return
    try:
        yield _acquired(descriptor, time.monotonic() + patience)
    finally:
        os.close(descriptor)


def _acquired(descriptor: int, until: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(_PAUSE_SECONDS)
        except OSError:
            return True
