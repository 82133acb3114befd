"""The signals that end the program: at once, and with what it has started."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def hold_back() -> Callable[[], None]:
    """Have the signals that end the program wait; returns what lets them through again."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)

    def let_through() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    return let_through


def as_usual() -> None:
    """Have the signals that end the program do just that, unless they are ignored."""
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def before_the_end(clean_up: Callable[[], None]) -> Iterator[None]:
    """While inside, a signal that ends the program has ``clean_up`` called first."""

    def end(number: int, _: FrameType | None) -> None:
        clean_up()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    # Only the main thread may say what a signal does.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, end) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
