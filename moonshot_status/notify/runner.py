"""Run the notification command under a supervisor process, so that no poll waits for it.

The supervisor runs this file in isolated mode, so that no folder or variable of the user's can
replace modules of the standard library.
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

    Returns the process number of the supervisor. Raises OSError if the supervisor cannot be
    started or a pipe cannot hold ``stdin``, and ValueError for a command that no process can get.
    A command that cannot be started raises nothing here.
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
    # Keeps Popen from waiting for it or warning about it; init adopts it soon.
    process.returncode = 0
    return process.pid


def run(command: Sequence[str], seconds: float = LIMIT_SECONDS) -> None:
    """Run the command in the home folder; after ``seconds``, kill it and its process group.

    It inherits this process's environment and standard input. Raises OSError or ValueError if it
    cannot be started.
    """
    from moonshot_status.core import process

    with suppress(subprocess.TimeoutExpired):
        process.run(command, seconds, stdin=None, capture=False, whole_group=True, cwd=_home())


def _fill(pipe: int, content: bytes) -> None:
    """Write the content and close the pipe. Raises BlockingIOError if it does not fit."""
    os.set_blocking(pipe, False)
    with open(pipe, "wb", buffering=0) as file:
        if file.write(content) != len(content):
            raise BlockingIOError("does not fit into a pipe")


def _home() -> Path:
    home = Path(os.path.expanduser("~"))
    return home if os.path.isdir(home) else Path("/")  # noqa: PTH112 - it raises nothing


if __name__ == "__main__":
    # Last in the path, so that nothing else there replaces a module of the standard library.
    sys.path.append(str(_SCRIPT.parents[2]))
    run(sys.argv[1:])
