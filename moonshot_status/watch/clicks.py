"""Clicks that a bar tells on standard input: left opens, middle hides, right refreshes."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

_MOST = 65536
_COMMANDS = {1: "open", 2: "hide"}
_REFRESH = 3


class Clicks:
    """``button`` reads one line, and ``program`` is the command line of this program."""

    def __init__(
        self,
        button: Callable[[str], int],
        program: tuple[str, ...],
        refresh: Callable[[], None],
        descriptor: int = 0,
    ) -> None:
        self._button, self._program, self._refresh = button, program, refresh
        self._descriptor, self._unread = descriptor, b""
        self._running: dict[str, int] = {}
        self.is_open = True

    def read(self) -> None:
        """Do what the lines say that have come; without any there will be none any more."""
        said = b""
        with suppress(OSError):
            said = os.read(self._descriptor, _MOST)
        self.is_open = bool(said)
        *lines, unread = (self._unread + said).split(b"\n")
        self._unread = unread[:_MOST]
        for line in lines:
            self._act(self._button(line.decode("utf-8", "replace")))

    def reap(self) -> None:
        """Let go of the commands that have ended."""
        for word, process in list(self._running.items()):
            if os.waitpid(process, os.WNOHANG) != (0, 0):
                del self._running[word]

    def _act(self, button: int) -> None:
        if button == _REFRESH:
            self._refresh()
        elif button in _COMMANDS and _COMMANDS[button] not in self._running:
            with suppress(OSError):
                self._running[_COMMANDS[button]] = self._started(_COMMANDS[button])

    def _started(self, word: str) -> int:
        """The number of a process that runs our own subcommand, apart from the bar."""
        apart = [(os.POSIX_SPAWN_OPEN, end, os.devnull, os.O_RDWR, 0) for end in range(3)]
        command = [*self._program, word]
        return os.posix_spawn(
            command[0], command, os.environ, file_actions=apart, setpgroup=0, setsigmask=()
        )
