"""Start ``watch`` again when the program was upgraded: old code cannot use a newer store."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

import moonshot_status
from moonshot_status.core.paths import state_folder
from moonshot_status.reply_cache import FileState
from moonshot_status.store import check
from moonshot_status.store.database import FILE_NAME
from moonshot_status.watch.file_changes import file_states

_MESSAGE = "moonshot-status: the program was upgraded; watch starts again"
# Until the new program has handlers, these would end it.
_IGNORED_MEANWHILE = (signal.SIGUSR1, signal.SIGIO)


class Program:
    """The program as it was installed when this process started."""

    def __init__(self) -> None:
        self._state = _state()

    def is_outdated(self) -> bool:
        """Return whether another version was installed since, and has written to the store.

        That it has written proves that it works; while it is being installed it may not.
        """
        return _state() not in ((), self._state) and check.is_newer(state_folder() / FILE_NAME)

    def restart(self) -> None:
        """Run the new program in this process, with the same arguments. Returns if that fails.

        After that, this program counts as up to date.
        """
        self._state = _state()
        with suppress(OSError, AttributeError):  # There may be no standard error.
            sys.stderr.write(f"{_MESSAGE}\n")
            sys.stderr.flush()
        before = {number: signal.signal(number, signal.SIG_IGN) for number in _IGNORED_MEANWHILE}
        with suppress(OSError):
            os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - as this process was started
        for number, handler in before.items():
            signal.signal(number, handler)


def _state() -> FileState:
    path = os.fsencode(moonshot_status.__file__)
    return file_states([path])[path]
