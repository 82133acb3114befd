"""Wait for events: one blocking call on everything that can wake the process."""

from __future__ import annotations

import math
import os
import select
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

_WAKING_SIGNALS = (signal.SIGUSR1, signal.SIGCHLD, signal.SIGIO)
_READER_GONE = select.POLLERR | select.POLLHUP | select.POLLNVAL
_READ_SIZE = 65536


@dataclass(frozen=True)
class WakeUp:
    """Why a wait ended: the numbers of the signals received, and the descriptors that are ready.

    ``should_exit`` is set when the reader of the output is gone or the parent process has ended.
    """

    signals: bytes
    ready: frozenset[int]
    should_exit: bool


TIMED_OUT = WakeUp(b"", frozenset(), should_exit=False)


class EventWaiter:
    """Waits for signals, descriptors, and the end of the reader or of the parent process.

    It takes over the process's signal wakeup descriptor for good. ``output`` is the descriptor
    that updates are written to.
    """

    def __init__(self, output: int = 1) -> None:
        self._output, self._parent = output, os.getppid()
        self._signals, wakeup_fd = os.pipe()
        for end in (self._signals, wakeup_fd):
            os.set_blocking(end, False)
        for number in _WAKING_SIGNALS:
            signal.signal(number, _do_nothing)
        # Python writes the number of each signal that has a handler.
        signal.set_wakeup_fd(wakeup_fd, warn_on_full_buffer=False)
        self._always = [self._signals]
        self._registered: tuple[Sequence[int], bool] | None = None
        # Other systems notice the end of the parent at the next wake-up.
        if hasattr(os, "pidfd_open"):
            with suppress(OSError):
                self._always.append(os.pidfd_open(self._parent))

    def wait(self, seconds: float, readable: Sequence[int], *, is_writing: bool) -> WakeUp:
        """Sleep for at most ``seconds``, and return why the sleep ended.

        Data on a ``readable`` descriptor ends it and, with ``is_writing``, an output that is ready.
        """
        if self._registered != (readable, is_writing):
            self._registered = (readable, is_writing)
            self._poll = self._make_poll(readable, is_writing)
        events = dict(self._poll.poll(math.ceil(seconds * 1000)))
        is_orphan = os.getppid() != self._parent
        # Nearly every wake-up ends here, so this part has to be cheap.
        if not events and not is_orphan:
            return TIMED_OUT
        should_exit = bool(events.get(self._output, 0) & _READER_GONE) or is_orphan
        return WakeUp(self._read_signals(), frozenset(events), should_exit)

    def _make_poll(self, readable: Sequence[int], is_writing: bool) -> select.poll:
        poll = select.poll()
        for descriptor in (*self._always, *readable):
            poll.register(descriptor, select.POLLIN)
        # The end of the reader is always reported.
        poll.register(self._output, select.POLLOUT if is_writing else 0)
        return poll

    def _read_signals(self) -> bytes:
        with suppress(BlockingIOError):
            return os.read(self._signals, _READ_SIZE)
        return b""


def _do_nothing(_: int, __: FrameType | None) -> None:
    """Handle a signal that only has to end the wait."""
