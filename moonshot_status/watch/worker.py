"""A child process for one poll, so that the connection and everything else it needs goes with it.

It is a fork of this process, which has imported what a poll needs and has only one thread.
"""

from __future__ import annotations

import marshal
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, NoReturn

from moonshot_status.core import log, signals
from moonshot_status.watch.file_changes import FileStates

_READ_SIZE = 65536


class PollResult(NamedTuple):
    """The bytes to print, until when they are valid (seconds since 1970), and the input files.

    ``states`` are the states of the files when the update was made. ``usage_error`` is the error
    of the command line; empty if there is none.
    """

    update: bytes
    valid_until: float
    states: FileStates
    usage_error: str = ""


class Worker:
    """A child process that polls once. Raises OSError if it cannot be started.

    ``pipe`` becomes readable when there is a reason to call ``has_ended``.
    """

    def __init__(self, poll: Callable[[], PollResult]) -> None:
        self.pipe, writing = os.pipe()
        # The child must not get a signal before it has dropped this process's handlers.
        unblock = signals.block()
        try:
            self._process = os.fork()
            if not self._process:
                _run_in_child(poll, writing, unblock)
        except OSError:
            os.close(self.pipe)
            raise
        finally:
            os.close(writing)
            unblock()
        os.set_blocking(self.pipe, False)
        self._output, self._next_signal = b"", signal.SIGTERM

    def has_ended(self) -> bool:
        """Return whether it has ended; to be called when ``pipe`` is readable or after SIGCHLD."""
        self._read()
        if os.waitpid(self._process, os.WNOHANG) == (0, 0):
            return False
        self._read()
        os.close(self.pipe)
        return True

    @property
    def result(self) -> PollResult | None:
        """The result, once the process has ended; None if it failed."""
        try:
            return PollResult(*marshal.loads(self._output))  # noqa: S302 - from our own fork
        except (ValueError, EOFError, TypeError):
            return None

    def end(self) -> None:
        """Terminate the process and the commands it runs; from the second call on, kill it."""
        with suppress(ProcessLookupError):
            os.kill(self._process, self._next_signal)
        self._next_signal = signal.SIGKILL

    def _read(self) -> None:
        with suppress(BlockingIOError):
            while piece := os.read(self.pipe, _READ_SIZE):
                self._output += piece


def _run_in_child(
    poll: Callable[[], PollResult], writing: int, unblock: Callable[[], None]
) -> NoReturn:
    try:
        signal.set_wakeup_fd(-1)
        signals.restore_default()
        unblock()
        _detach_from_bar()
        output = marshal.dumps(tuple(poll()))
        while output:
            output = output[os.write(writing, output) :]
    except BaseException:  # noqa: BLE001 - this process may do nothing but end
        log.log_traceback()
    finally:
        os._exit(0)


def _detach_from_bar() -> None:
    """Keep the commands that this process runs from writing to the bar or reading its clicks."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
