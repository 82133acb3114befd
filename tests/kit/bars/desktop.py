"""Real programs without a display: started in a folder of their own, watched, and ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

_T = TypeVar("_T")


class DesktopError(Exception):
    """Something that a test needs did not happen in time."""


def require(*programs: str) -> None:
    """Skip the test where a program is missing."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def wait_for(what: str, look: Callable[[], _T], seconds: float = 60) -> _T:
    """What ``look`` finds, as soon as it finds anything. Raises DesktopError."""
    until = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > until:
            raise DesktopError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.05)


class Desktop:
    """A runtime folder, an environment, and the processes that were started in it."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.environment = {
            # What a bar gets from a session that no shell has prepared.
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "NO_AT_BRIDGE": "1",
            "XDG_RUNTIME_DIR": str(folder),
        }
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str | Path, log: str, **more: str) -> subprocess.Popen[bytes]:
        """Start a program in the background; what it prints goes into the file ``log``."""
        with (self.folder / log).open("wb") as file:
            process = subprocess.Popen(
                [str(word) for word in command],
                env={**self.environment, **more},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def call(self, *command: str | Path) -> bytes:
        """Run a program to its end and return what it printed."""
        words = [str(word) for word in command]
        done = subprocess.run(
            words, env=self.environment, capture_output=True, check=True, timeout=20
        )
        return done.stdout

    def read(self, log: str) -> str:
        path = self.folder / log
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def end(self) -> None:
        """End what was started, the last one first, and all of its children."""
        for process in reversed(self._processes):
            _signal(process, signal.SIGTERM)
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                _signal(process, signal.SIGKILL)
                process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
