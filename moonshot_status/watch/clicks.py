"""Clicks that a bar writes on standard input: left opens, middle hides, right refreshes."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

_READ_SIZE = 65536
_MAX_LINE = 65536
_SUBCOMMANDS = {1: "open", 2: "hide"}
_REFRESH_BUTTON = 3


class ClickReader:
    """Reads clicks and runs what they stand for, each subcommand at most once at a time.

    ``button`` returns the number of the button in a line, or 0. ``program`` is the command line
    that runs this program. ``refresh`` is called for a right click. ``descriptor`` is where the
    clicks are read.
    """

    def __init__(
        self, button: Callable[[str], int], program: tuple[str, ...],
        refresh: Callable[[], None], descriptor: int = 0,
    ) -> None:  # fmt: skip
        self._button, self._program, self._refresh = button, program, refresh
        self._descriptor, self._unread = descriptor, b""
        self._running: dict[str, int] = {}
        self.is_open = True

    def read(self) -> None:
        """Read what has arrived and act on each complete line; at the end of file, close."""
        received = b""
        with suppress(OSError):
            received = os.read(self._descriptor, _READ_SIZE)
        self.is_open = bool(received)
        *lines, unread = (self._unread + received).split(b"\n")
        self._unread = unread[:_MAX_LINE]
        for line in lines:
            self._act(self._button(line.decode("utf-8", "replace")))

    def reap(self) -> None:
        """Forget the subcommands that have ended."""
        for subcommand, process in list(self._running.items()):
            if os.waitpid(process, os.WNOHANG) != (0, 0):
                del self._running[subcommand]

    def _act(self, button: int) -> None:
        if button == _REFRESH_BUTTON:
            self._refresh()
        elif button in _SUBCOMMANDS and _SUBCOMMANDS[button] not in self._running:
            with suppress(OSError):
                self._running[_SUBCOMMANDS[button]] = self._spawn(_SUBCOMMANDS[button])

    def _spawn(self, subcommand: str) -> int:
        """Start a subcommand that cannot read from or write to the bar, and return its pid."""
        detached = [(os.POSIX_SPAWN_OPEN, end, os.devnull, os.O_RDWR, 0) for end in range(3)]
        command = [*self._program, subcommand]
        return os.posix_spawn(
            command[0], command, os.environ, file_actions=detached, setpgroup=0, setsigmask=()
        )
