"""Run a function in a child process, which is a fork of this one.

The process must have one thread.
"""

from __future__ import annotations

import marshal
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from moonshot_status.core import log, signals


def start(make: Callable[[], tuple[Any, ...]], *, outlives: bool = False) -> tuple[int, int]:
    """Start a child process that calls ``make``; return its id and a pipe with the result.

    The pipe has what ``marshal`` makes of the result, or nothing if ``make`` raises. The child's
    standard streams do not lead to the bar. A child that ``outlives`` this process is in a session
    of its own and inherits no descriptor. Raises OSError if it cannot be started.
    """
    reading, writing = os.pipe()
    # The child must not get a signal before it has dropped this process's handlers.
    unblock = signals.block()
    try:
        process = os.fork()
        if not process:
            _run(make, writing, unblock, outlives=outlives)
    except OSError:
        os.close(reading)
        raise
    finally:
        os.close(writing)
        unblock()
    return process, reading


def result(output: bytes) -> tuple[Any, ...] | None:
    """Return the result that was read from the pipe; None if the child failed."""
    try:
        return tuple(marshal.loads(output))  # noqa: S302 - from our own fork
    except (ValueError, EOFError, TypeError):
        return None


def _run(
    make: Callable[[], tuple[Any, ...]], writing: int, unblock: Callable[[], None], *,
    outlives: bool,
) -> NoReturn:  # fmt: skip
    try:
        signal.set_wakeup_fd(-1)
        signals.restore_default()
        unblock()
        _leave_bar()
        if outlives:
            os.setsid()
            os.dup2(1, 2)
            _close_others(writing)
        output = marshal.dumps(make())
        while output:
            output = output[os.write(writing, output) :]
    except BaseException:  # noqa: BLE001 - this process may do nothing but end
        log.log_traceback()
    finally:
        os._exit(0)


def _leave_bar() -> None:
    """Keep the commands that this process runs from writing to the bar or reading its clicks."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)


def _close_others(kept: int) -> None:
    """Close what the bar has left open, except the standard streams and ``kept``."""
    for path in list(Path("/dev/fd").iterdir()):
        if int(path.name) not in (0, 1, 2, kept):
            with suppress(OSError):  # the one that listed the folder is closed
                os.close(int(path.name))
