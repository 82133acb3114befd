"""A process that looks and ends: what looking needs, a connection above all, ends with it.

It is a copy of this one, which has the modules of a poll already and never more than one thread.
"""

from __future__ import annotations

import marshal
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, NoReturn

from moonshot_status.core import log, signals
from moonshot_status.watch.file_changes import States


class PollResult(NamedTuple):
    """What a look brings: the bytes to print, and until when they hold (seconds since 1970).

    ``states`` are those of the files that it was made of. ``fault`` is not empty where the command
    line is at fault.
    """

    update: bytes
    until: float
    states: States
    fault: str = ""


class Worker:
    """The process, from its start to what it found. Raises OSError if it cannot be started."""

    def __init__(self, look: Callable[[], PollResult]) -> None:
        self.pipe, writing = os.pipe()
        # Until the new process has given up our handlers, no signal may meet it.
        let_through = signals.block()
        try:
            self._process = os.fork()
            if not self._process:
                _work(look, writing, let_through)
        except OSError:
            os.close(self.pipe)
            raise
        finally:
            os.close(writing)
            let_through()
        os.set_blocking(self.pipe, False)
        self._said, self._next_signals = b"", [signal.SIGTERM]

    def has_ended(self) -> bool:
        """Whether it has; to be asked whenever its pipe or SIGCHLD has something to say."""
        self._listen()
        if os.waitpid(self._process, os.WNOHANG) == (0, 0):
            return False
        self._listen()
        os.close(self.pipe)
        return True

    @property
    def found(self) -> PollResult | None:
        """What it found, once it has ended; None if it failed."""
        try:
            return PollResult(*marshal.loads(self._said))  # noqa: S302 - from our own copy
        except (ValueError, EOFError, TypeError):
            return None

    def end(self) -> None:
        """Have it end with what it started; from the second time on, without mercy."""
        with suppress(ProcessLookupError):
            os.kill(self._process, self._next_signals[-1])
        self._next_signals.append(signal.SIGKILL)

    def _listen(self) -> None:
        with suppress(BlockingIOError):
            while said := os.read(self.pipe, 65536):
                self._said += said


def _work(
    look: Callable[[], PollResult], writing: int, let_through: Callable[[], None]
) -> NoReturn:
    try:
        signal.set_wakeup_fd(-1)
        signals.restore_default()
        let_through()
        _turn_away_from_the_bar()
        said = marshal.dumps(tuple(look()))
        while said:
            said = said[os.write(writing, said) :]
    except BaseException:  # noqa: BLE001 - this process may do nothing but end
        log.log_traceback()
    finally:
        os._exit(0)


def _turn_away_from_the_bar() -> None:
    """What this process starts must neither write to the bar nor read its clicks."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
