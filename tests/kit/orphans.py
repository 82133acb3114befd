"""Processes that the program leaves running, which become children of the tests; on Linux."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_PROGRAM = b"moonshot-status"
_SECONDS = 60.0


@contextmanager
def adopted() -> Iterator[None]:
    """Make orphans of this one's processes its children inside the block, and wait for them.

    A process that waits for a whole group waits for its zombies as well, so this is not for all.
    """
    _set_subreaper(1)
    try:
        yield
        wait_for_all()
    finally:
        _set_subreaper(0)


def _set_subreaper(value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, value, 0, 0, 0)


def wait_for_all(seconds: float = _SECONDS) -> None:
    """Wait until no background process of the program is left, and fail if that takes too long."""
    until = time.monotonic() + seconds
    for process in _background_processes():
        while not _has_ended(process):
            if time.monotonic() >= until:
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
                raise AssertionError(f"background process {process} did not end")
            time.sleep(0.01)


def running() -> list[int]:
    """Return the background processes that have not ended."""
    return [process for process in _background_processes() if not _has_ended(process)]


def _background_processes() -> Iterator[int]:
    """Yield the adopted processes, each in a session of its own; some may have ended."""
    for number in _children():
        with suppress(OSError):
            command = Path(f"/proc/{number}/cmdline").read_bytes()
            if os.getsid(number) == number and (_PROGRAM in command or not command):
                yield number


def _children() -> Iterator[int]:
    for path in Path("/proc/self/task").glob("*/children"):
        # The thread may have ended. Its children are then another thread's.
        with suppress(FileNotFoundError, ProcessLookupError):
            yield from map(int, path.read_text().split())


def _has_ended(process: int) -> bool:
    try:
        return os.waitpid(process, os.WNOHANG) != (0, 0)
    except ChildProcessError:
        return True
