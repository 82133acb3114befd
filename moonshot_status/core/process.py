"""Run a command with a deadline, in a process group that is killed at the deadline."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from moonshot_status.core import signals

_OUTPUT_LIMIT = 1 << 16
_GROUP_CHECK_SECONDS = 0.05
# A helper that the command left running may keep the pipe open.
_READ_AFTER_EXIT_SECONDS = 0.5
# A command that runs as another user cannot be killed.
_WAIT_AFTER_KILL_SECONDS = 0.1


class Finished(NamedTuple):
    """The exit status of a command, and its output if that was captured."""

    status: int
    output: bytes


def run(
    command: Sequence[str], seconds: float, *, stdin: int | None = subprocess.DEVNULL,
    capture: bool = True, whole_group: bool = False, cwd: Path | None = None,
) -> Finished:  # fmt: skip
    """Run the command without a shell and return its status and the first 64 KiB of its output.

    The program is a name that is found in PATH, an absolute path, or one that begins with ``~/``.
    ``stdin`` is as in ``subprocess``; standard error is discarded, and so is the output unless
    ``capture`` is set. With ``whole_group`` the call waits for everything that the command leaves
    running in its group, too. Raises OSError or ValueError if the command cannot be started, and
    TimeoutExpired, after killing its group, if it does not end within ``seconds``.
    """
    # A signal must not end this process before it knows which group to kill.
    unblock = signals.block()
    try:
        process = subprocess.Popen(
            [find_program(command[0]), *command[1:]],
            stdin=stdin,
            stdout=subprocess.PIPE if capture else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=unblock,
        )
    except (OSError, ValueError):
        unblock()
        raise
    output, reader = bytearray(), None
    with signals.cleanup_on_exit_signal(lambda: _kill_group(process)):
        unblock()
        try:
            reader = _start_reader(process.stdout, output) if process.stdout else None
            _wait(process, seconds, whole_group=whole_group)
        except BaseException:
            _kill_group(process)
            _reap(process)
            raise
        finally:
            if reader:
                reader.join(_READ_AFTER_EXIT_SECONDS)
    return Finished(process.returncode, bytes(output))


def find_program(program: str) -> str:
    """Return the absolute path of a program, whatever the working folder is.

    Raises OSError for a relative path, and for a name that is in no absolute folder of PATH.
    """
    path = os.path.expanduser(program) if program.startswith("~/") else program
    if os.path.isabs(path):
        return path
    folders = [folder for folder in os.get_exec_path() if os.path.isabs(folder)]
    found = None if "/" in path else shutil.which(path, path=os.pathsep.join(folders))
    if found is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)
    return found


def _start_reader(pipe: IO[bytes], output: bytearray) -> threading.Thread:
    """Start a thread that reads the pipe up to the limit and then closes it."""

    def read() -> None:
        with pipe:
            while len(output) < _OUTPUT_LIMIT and (piece := os.read(pipe.fileno(), 4096)):
                output.extend(piece)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    return reader


def _wait(process: subprocess.Popen[bytes], seconds: float, *, whole_group: bool) -> None:
    """Wait for the command, and for its group if asked. Raises TimeoutExpired."""
    until = time.monotonic() + seconds
    process.wait(seconds)
    while whole_group and _has_group(process):
        if time.monotonic() >= until:
            raise subprocess.TimeoutExpired(process.args, seconds)
        time.sleep(_GROUP_CHECK_SECONDS)


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Wait a moment for the killed command; a thread goes on waiting, so that no zombie is left."""
    waiter = threading.Thread(target=process.wait, daemon=True)
    waiter.start()
    waiter.join(_WAIT_AFTER_KILL_SECONDS)


def _has_group(process: subprocess.Popen[bytes]) -> bool:
    try:
        os.killpg(process.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the group without waiting, because a signal handler may interrupt another wait."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
