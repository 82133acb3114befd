"""The process that runs the notification command, so that no poll ever waits for it.

It runs as a script, and on Python's own library alone: in isolated mode, where no folder and no
variable of the user's can put other modules in the place of those.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

LIMIT_SECONDS = 10.0
_PAUSE_SECONDS = 0.05
_SCRIPT = Path(__file__).absolute()


def start(command: Sequence[str], environment: Mapping[bytes, bytes], told: bytes) -> int:
    """Have the command run with ``told`` on its standard input, and go on.

    Returns the number of the process that sees to it. Raises OSError and ValueError.
    """
    reading, writing = os.pipe()
    try:
        _fill(writing, told)
        process = subprocess.Popen(
            [sys.executable, "-I", _SCRIPT, *(word.encode() for word in command)],
            stdin=reading,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    finally:
        os.close(reading)
    # It is not waited for, now or when this object goes: the system inherits it soon.
    process.returncode = 0
    return process.pid


def run(command: Sequence[str], seconds: float = LIMIT_SECONDS) -> None:
    """Run the command, and at the limit end it and all that it started.

    It has our environment and our standard input, which nobody has to write to any more. Raises
    OSError and ValueError.
    """
    until = time.monotonic() + seconds
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=_home(),
        start_new_session=True,
    )
    while _is_at_work(process):
        if time.monotonic() >= until:
            _end(process)
            return
        time.sleep(_PAUSE_SECONDS)


def _fill(pipe: int, told: bytes) -> None:
    """Write it all before there is a reader, and without waiting: it fits, or it is an error."""
    os.set_blocking(pipe, False)
    with open(pipe, "wb", buffering=0) as file:
        if file.write(told) != len(told):
            raise BlockingIOError("more than a pipe holds")


def _is_at_work(process: subprocess.Popen[bytes]) -> bool:
    """Whether the command is running, or anything that it left behind in its group."""
    if process.poll() is None:
        return True
    try:
        os.killpg(process.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_PAUSE_SECONDS)


def _home() -> Path:
    home = Path(os.path.expanduser("~"))
    return home if home.is_dir() else Path("/")


if __name__ == "__main__":
    run(sys.argv[1:])
