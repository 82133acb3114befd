"""A process in a terminal of its own."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time

_SECONDS = 60


class Terminal:
    """A command whose streams are a terminal, which is its controlling terminal, too."""

    def __init__(self, *command: str) -> None:
        self._terminal, other_end = pty.openpty()
        # Not pty.fork: to fork a process that has threads is a warning in later versions of Python.
        self._process = subprocess.Popen(
            command, stdin=other_end, stdout=other_end, stderr=other_end,
            start_new_session=True, preexec_fn=_take_control,
        )  # fmt: skip
        os.close(other_end)

    def type(self, text: str) -> None:
        """Send the text as if it was typed."""
        os.write(self._terminal, text.encode())

    def wait_for(self, pattern: str) -> str:
        """Return what was printed since the last call, once the pattern is found in it."""
        seen, until = "", time.monotonic() + _SECONDS
        while not re.search(pattern, seen):
            assert time.monotonic() < until, seen
            if select.select([self._terminal], [], [], 0.2)[0]:
                seen += os.read(self._terminal, 4096).decode("utf-8", "replace")
        return seen

    def wait_until_echo_is_off(self) -> None:
        """Wait until what is typed is not shown any more."""
        until = time.monotonic() + _SECONDS
        while self.echoes():
            assert time.monotonic() < until
            time.sleep(0.01)

    def echoes(self) -> bool:
        """Return whether what is typed is shown."""
        return bool(termios.tcgetattr(self._terminal)[3] & termios.ECHO)

    def finish(self, typed: str = "") -> tuple[int, str]:
        """Type the text, and return the exit status of the process and the rest that it printed.

        The text is typed again after each second without output: Python handles a signal that
        comes right before a blocking call only after the call. On Linux nothing more can be read
        once the process has ended, and the settings of the terminal are still there: ``close`` ends
        it.
        """
        printed, until = b"", time.monotonic() + _SECONDS
        self.type(typed)
        while True:
            assert time.monotonic() < until, printed
            if not select.select([self._terminal], [], [], 1)[0]:
                self.type(typed)
                continue
            try:
                piece = os.read(self._terminal, 4096)
            except OSError:  # how Linux says that nobody has the other end any more
                break
            if not piece:
                break
            printed += piece
        return self._process.wait(_SECONDS), printed.decode("utf-8", "replace")

    def close(self) -> None:
        """End the terminal, and the process with it if it still runs."""
        os.close(self._terminal)
        self._process.wait(_SECONDS)


def _take_control() -> None:
    """Make standard input the controlling terminal, and have Ctrl-C sent by it heard."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
