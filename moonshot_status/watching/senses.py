"""What wakes the process: one blocking call on everything that can tell it something."""

from __future__ import annotations

import math
import os
import select
import signal
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

_TELLING = (signal.SIGUSR1, signal.SIGCHLD, signal.SIGIO)
_GONE = select.POLLERR | select.POLLHUP | select.POLLNVAL
_MOST_SIGNALS = 65536


@dataclass(frozen=True)
class Woken:
    """Why: the numbers of the ``signals`` that came, and the descriptors that are ``ready``.

    ``is_alone``: there is no reader any more, or the parent has ended.
    """

    signals: bytes
    ready: frozenset[int]
    is_alone: bool


class Senses:
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
        # Elsewhere the parent's end is seen at the next wake-up.
        if hasattr(os, "pidfd_open"):
            with suppress(OSError):
                self._always.append(os.pidfd_open(self._parent))

    def rest(self, seconds: float, readable: Iterable[int], *, is_writing: bool) -> Woken:
        """Sleep so long at most; what is ``readable`` and, if asked, the reader wake us as well."""
        poll = select.poll()
        for descriptor in (*self._always, *readable):
            poll.register(descriptor, select.POLLIN)
        # Its end is told unasked.
        poll.register(self._reader, select.POLLOUT if is_writing else 0)
        woken = dict(poll.poll(math.ceil(seconds * 1000)))
        is_alone = woken.get(self._reader, 0) & _GONE or os.getppid() != self._parent
        return Woken(self._heard(), frozenset(woken), bool(is_alone))

    def _heard(self) -> bytes:
        with suppress(BlockingIOError):
            return os.read(self._signals, _MOST_SIGNALS)
        return b""


def _hear(_: int, __: FrameType | None) -> None:
    """Nothing to do: that there is a handler makes the signal wake us."""
