"""What wakes the process: one blocking call on everything that can tell it something."""

from __future__ import annotations

import math
import os
import select
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

_TELLING = (signal.SIGUSR1, signal.SIGCHLD, signal.SIGIO)
_GONE = select.POLLERR | select.POLLHUP | select.POLLNVAL
_MOST_SIGNALS = 65536


@dataclass(frozen=True)
class WakeUp:
    """Why: the numbers of the ``signals`` that came, and the descriptors that are ``ready``.

    ``is_alone``: there is no reader any more, or the parent has ended.
    """

    signals: bytes
    ready: frozenset[int]
    should_exit: bool


NOTHING = WakeUp(b"", frozenset(), should_exit=False)


class EventWaiter:
    """Those of a process for the rest of its life; ``reader`` is where its updates are read."""

    def __init__(self, reader: int = 1) -> None:
        self._reader, self._parent = reader, os.getppid()
        self._signals, told = os.pipe()
        for end in (self._signals, told):
            os.set_blocking(end, False)
        for number in _TELLING:
            signal.signal(number, _hear)
        # The system writes the number of each signal that has a handler.
        signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        self._always = [self._signals]
        self._listens_to: tuple[Sequence[int], bool] | None = None
        # Elsewhere the parent's end is seen at the next wake-up.
        if hasattr(os, "pidfd_open"):
            with suppress(OSError):
                self._always.append(os.pidfd_open(self._parent))

    def wait(self, seconds: float, readable: Sequence[int], *, is_writing: bool) -> WakeUp:
        """Sleep so long at most; what is ``readable`` and, if asked, the reader wake us as well."""
        if self._listens_to != (readable, is_writing):
            self._listens_to = (readable, is_writing)
            self._poll = self._polling(readable, is_writing)
        woken = self._poll.poll(math.ceil(seconds * 1000))
        is_orphan = os.getppid() != self._parent
        # Nearly always, and worth nothing more: it is all that is done in most hours.
        if not woken and not is_orphan:
            return NOTHING
        ready = dict(woken)
        is_alone = bool(ready.get(self._reader, 0) & _GONE) or is_orphan
        return WakeUp(self._heard(), frozenset(ready), is_alone)

    def _polling(self, readable: Sequence[int], is_writing: bool) -> select.poll:
        poll = select.poll()
        for descriptor in (*self._always, *readable):
            poll.register(descriptor, select.POLLIN)
        # Its end is told unasked.
        poll.register(self._reader, select.POLLOUT if is_writing else 0)
        return poll

    def _heard(self) -> bytes:
        with suppress(BlockingIOError):
            return os.read(self._signals, _MOST_SIGNALS)
        return b""


def _hear(_: int, __: FrameType | None) -> None:
    """Nothing to do: that there is a handler makes the signal wake us."""
