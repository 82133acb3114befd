"""Whether the files have changed on which the last look depends."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress

States = dict[bytes, "tuple[int, ...]"]
"""Of each file, what changes with every change of it; nothing of one that is not there."""

ARE_TOLD = hasattr(fcntl, "F_NOTIFY")
"""Whether the system tells of changes at all."""
_NEWS = ("DN_MODIFY", "DN_CREATE", "DN_DELETE", "DN_RENAME")


def states(paths: list[bytes]) -> States:
    return {path: _state(path) for path in paths}


class FileChanges:
    """Compares the files with what they were, and has SIGIO sent when a look may be worth it.

    Linux sends it, once, when anything changes in a file's folder. It is a hint: folders that come
    later, or that are on another machine, have to be looked at now and then all the same.
    """

    def __init__(self) -> None:
        self._known: States = {}
        self._folders: list[int] = []

    def expect(self, known: States) -> None:
        """From now on compare with these states."""
        self._known = known
        self.listen()

    def any(self) -> bool:
        return any(_state(path) != known for path, known in self._known.items())

    def listen(self) -> None:
        """Have the next change told, also after one was told already."""
        self.ignore()
        # A file can be replaced where it is, and where a link leads to.
        places = [path for known in self._known for path in (known, os.path.realpath(known))]
        for folder in {_folder(path) for path in places}:
            with suppress(OSError):
                self._listen_to(folder)

    def ignore(self) -> None:
        """Have nothing told."""
        for descriptor in self._folders:
            os.close(descriptor)
        self._folders.clear()

    def _listen_to(self, path: bytes) -> None:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK)
        self._folders.append(folder)
        if ARE_TOLD:
            fcntl.fcntl(folder, fcntl.F_NOTIFY, sum(getattr(fcntl, news) for news in _NEWS))


def _state(path: bytes) -> tuple[int, ...]:
    try:
        seen = os.stat(path)
    except OSError:
        return ()
    return seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_mode, seen.st_ino


def _folder(path: bytes) -> bytes:
    """The one in which the file is, or the nearest in which it could begin to be."""
    folder = os.path.dirname(path)
    if os.path.isdir(folder):
        return folder
    nearest = _folder(folder)
    # In a home folder something is written all the time.
    return folder if nearest == os.path.expanduser(b"~") else nearest
