"""The signals that end the program, and the cleanup before it ends."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def block() -> Callable[[], None]:
    """Block the signals that end the program, and return the function that unblocks them."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)

    def unblock() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    return unblock


def restore_default() -> None:
    """Restore the default action of the signals that end the program, unless they are ignored."""
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def keyboard_interrupt() -> Iterator[None]:
    """Raise KeyboardInterrupt on Ctrl-C inside the block, as a hidden prompt needs.

    Without it Ctrl-C would end the process at once and leave the terminal without its echo.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def cleanup_on_exit_signal(clean_up: Callable[[], None]) -> Iterator[None]:
    """Call ``clean_up`` before a signal ends the program inside the block.

    Blocks can be nested: the inner one is cleaned up first.
    """

    def end(number: int, _: FrameType | None) -> None:
        clean_up()
        signal.signal(number, before[signal.Signals(number)])
        os.kill(os.getpid(), number)

    # Only the main thread may set handlers.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in _ENDING}
    before = {n: handler for n, handler in handlers.items() if handler is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
