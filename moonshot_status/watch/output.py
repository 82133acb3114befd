"""Write updates to standard output: each once, in one write, and only the newest."""

from __future__ import annotations

import os
from contextlib import suppress


class OutputWriter:
    """Holds the newest update until the reader is ready for it, and skips repeated updates."""

    def __init__(self, descriptor: int = 1) -> None:
        self._descriptor = descriptor
        self._printed = self._newest = self._rest = b""

    def show(self, update: bytes) -> None:
        """Make this the update that ``write`` prints next, unless it was the last one printed."""
        self._newest = update

    @property
    def is_waiting(self) -> bool:
        """Whether there is something to write."""
        return bool(self._rest) or self._newest != self._printed

    def write(self) -> None:
        """Write as much as the reader takes, when it is ready. Raises OSError if it is gone."""
        if not self._rest:
            self._rest = self._printed = self._newest
        with suppress(BlockingIOError):
            self._rest = self._rest[os.write(self._descriptor, self._rest) :]
