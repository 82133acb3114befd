"""Run the notification command in a process of its own, so that no poll waits for it.

The process runs this file in isolated mode, where no folder and no variable of the user's can
replace Python's modules.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

LIMIT_SECONDS = 10.0
_SCRIPT = Path(__file__).absolute()


def start(command: Sequence[str], environment: Mapping[bytes, bytes], stdin: bytes) -> int:
    """Start the command with ``stdin`` on its standard input, and do not wait for it.

    Returns the number of the process that supervises it. Raises OSError and ValueError.
    """
    reading, writing = os.pipe()
    try:
        _fill(writing, stdin)
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
    # Nobody waits for it, now or when this object is deleted: init inherits it soon.
    process.returncode = 0
    return process.pid


def run(command: Sequence[str], seconds: float = LIMIT_SECONDS) -> None:
    """Run the command in the home folder; after ``seconds``, kill it with its process group.

    It inherits this process's environment and standard input. Raises OSError and ValueError.
    """
    from moonshot_status.core import process

    with suppress(subprocess.TimeoutExpired):
        process.run(command, seconds, stdin=None, capture=False, whole_group=True, cwd=_home())


def _fill(pipe: int, content: bytes) -> None:
    """Write everything before there is a reader. Raises BlockingIOError if it does not fit."""
    os.set_blocking(pipe, False)
    with open(pipe, "wb", buffering=0) as file:
        if file.write(content) != len(content):
            raise BlockingIOError("more than a pipe holds")


def _home() -> Path:
    home = Path(os.path.expanduser("~"))
    return home if home.is_dir() else Path("/")


if __name__ == "__main__":
    # Last in the path: only this package is found there, never another module.
    sys.path.append(str(_SCRIPT.parents[2]))
    run(sys.argv[1:])
