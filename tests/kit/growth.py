"""Whether the time of a call grows faster than its input, on a machine of any speed."""

from __future__ import annotations

import gc
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LENGTH = 100_000
# Each step is ten times as long as the one before: so is the time if it is linear, and a hundred
# times as long if it is quadratic.
_STEPS = (LENGTH // 100, LENGTH // 10, LENGTH)
_MAX_GROWTH = 30
# Less than this many seconds is too little to compare.
_MINIMUM = 0.01


def is_superlinear(call: Callable[[str], object], text: Callable[[int], str]) -> bool:
    """Call it with texts of growing length, up to 10^5, and compare the processor times.

    Stops at the first text that takes too long, which is after a tenth of a second or so.
    """
    shorter = ""
    for length in _STEPS:
        longer = text(length)
        if _seconds(call, longer) > _MINIMUM:
            long = min(_seconds(call, longer) for _ in range(3))
            short = min(_seconds(call, shorter) for _ in range(3))
            if long > max(_MINIMUM, _MAX_GROWTH * short):
                return True
        shorter = longer
    return False


def _seconds(call: Callable[[str], object], text: str) -> float:
    # A full collection looks at all objects of the test run.
    gc.disable()
    try:
        started = time.thread_time()
        call(text)
        return time.thread_time() - started
    finally:
        gc.enable()


@contextmanager
def processor_seconds(limit: float) -> Iterator[None]:
    """Raise TimeoutError after so many seconds of processor time, in a pattern's match, too."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"more than {limit:g} s of processor time")

    previous = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)
