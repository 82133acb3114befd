"""Standard output: each update once, in one write, and none that has been overtaken."""

from __future__ import annotations

import os
from contextlib import suppress


class OutputWriter:
    """Where updates go, whenever the reader takes them. Raises OSError when there is none left."""

    def __init__(self, descriptor: int = 1) -> None:
        self._descriptor = descriptor
        self._printed = self._newest = self._rest = b""

    def show(self, update: bytes) -> None:
        """Print it when the reader is ready for it, unless it is what was printed last."""
        self._newest = update

    @property
    def is_waiting(self) -> bool:
        """Whether there is something to write."""
        return bool(self._rest) or self._newest != self._printed

    def write(self) -> None:
        """To be called when the reader is ready."""
        if not self._rest:
            self._rest = self._printed = self._newest
        with suppress(BlockingIOError):
            self._rest = self._rest[os.write(self._descriptor, self._rest) :]
