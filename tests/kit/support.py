"""Constants and helpers that tests and fixtures share."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moonshot_status.core.errors import Cause, Kind, Problem
from moonshot_status.polling import demo

REPOSITORY = Path(__file__).parents[2]
PROGRAM = (str(Path(sys.executable).with_name("moonshot-status")),)
KEY = "sk-canary0123456789"
# The warnings of the program's processes, which are errors as they are in pyproject.toml.
WARNINGS = "error"
# What the recorder writes for $4.20, then for $50.00, then for $4.20.
LOW = "unknown warning default: $4.20 left, at or below the warning mark of $5.00"
WELL_AGAIN = "warning ok default: $50.00 left"
LOW_AGAIN = LOW.replace("unknown", "ok")


def made_up_problem(
    kind: Kind, message: str = "It went wrong", hint: str = "", retry_after: int | None = None
) -> Problem:
    """Return a problem of that kind with these sentences."""
    return Problem(Cause(kind, message, hint), retry_after=retry_after)


Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


def assert_no_warnings(stderr: bytes | None) -> None:
    """Fail if a process has printed an exception that it could not raise, such as a warning."""
    text = (stderr or b"").decode(errors="replace")
    assert "Exception ignored" not in text, text


def balance(available: str) -> demo.ServerResponse:
    """Return a response with this amount, all of it from a voucher."""
    return demo.balance(available, available, "0")


def ends_within(seconds: float, process: int) -> bool:
    """Return whether the process ends in that time; a zombie counts as ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            os.kill(process, 0)
            state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")")[-1]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state.split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


def written_number(path: Path) -> int:
    """Wait for a file with a process id, and return the id."""
    until = time.monotonic() + 60
    while time.monotonic() < until and not (path.exists() and path.read_text(encoding="utf-8")):
        time.sleep(0.01)
    return int(path.read_text(encoding="utf-8"))


@dataclass
class Recorder:
    """A notification command that records each notification, and settings that name it."""

    folder: Path
    own_file: Callable[[Any], Path]

    @property
    def command(self) -> list[str]:
        return [str(self.folder / "command")]

    def does(self, script: str) -> None:
        """Make the command this shell script, run in the recorder's folder."""
        path = self.folder / "command"
        path.write_text(f"#!/bin/sh\ncd '{self.folder}'\n{script}\n", encoding="utf-8")
        path.chmod(0o700)

    def settings(self, **more: Any) -> Path:
        """Write the settings file with the command and more settings."""
        return self.own_file({"notify_command": self.command, **more})

    def notifications(self) -> list[str]:
        """Wait until no command is running, and return one line for each run so far."""
        until = time.monotonic() + 60
        # A process that just becomes another program has no arguments for a moment.
        while (self._is_running() or self._is_running()) and time.monotonic() < until:
            time.sleep(0.05)
        path = self.folder / "told"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def _is_running(self) -> bool:
        found = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, check=True)
        return any(self.command[0].encode() in line for line in found.stdout.splitlines())
