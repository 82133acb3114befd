"""A child process for one poll, so that the connection and everything else it needs goes with it.

It is a fork of this process, which has imported what a poll needs and has only one thread.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from moonshot_status.core import child
from moonshot_status.watch.file_changes import FileStates

_READ_SIZE = 65536


class PollResult(NamedTuple):
    """The bytes to print, until when they are valid (seconds since 1970), and the input files.

    ``states`` are the states of the files when the update was made. ``unknown_account`` is that of
    the reply. ``is_due``: a request to the API was not made. With ``is_outdated`` there was no
    poll, because the program was upgraded.
    """

    update: bytes
    valid_until: float
    states: FileStates
    unknown_account: str = ""
    is_due: bool = False
    is_outdated: bool = False


OUTDATED = PollResult(b"", 0, {}, is_outdated=True)


class Worker:
    """A child process that polls once. Raises OSError if it cannot be started.

    ``pipe`` becomes readable when there is a reason to call ``has_ended``.
    """

    def __init__(self, poll: Callable[[], PollResult]) -> None:
        self._process, self.pipe = child.start(lambda: tuple(poll()))
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
        found = child.result(self._output)
        return PollResult(*found) if found else None

    def end(self) -> None:
        """Terminate the process and the commands it runs; from the second call on, kill it."""
        with suppress(ProcessLookupError):
            os.kill(self._process, self._next_signal)
        self._next_signal = signal.SIGKILL

    def _read(self) -> None:
        with suppress(BlockingIOError):
            while piece := os.read(self.pipe, _READ_SIZE):
                self._output += piece
