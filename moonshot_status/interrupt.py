"""Ctrl-C; apart from the other signals because every poll needs this and few need those."""

from __future__ import annotations

import _signal  # as signal, without its enumerations: they take a twentieth of a poll


def end_at_once() -> None:
    """Have Ctrl-C end the process as the system does, without a traceback.

    The store survives an end at any moment, and a claim is released by the system.
    """
    if _signal.getsignal(_signal.SIGINT) is not _signal.SIG_IGN:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)


def end_by_exception() -> None:
    """Have Ctrl-C raise KeyboardInterrupt.

    A prompt that hides what is typed has to put the terminal back.
    """
    if _signal.getsignal(_signal.SIGINT) is not _signal.SIG_IGN:
        _signal.signal(_signal.SIGINT, _signal.default_int_handler)
