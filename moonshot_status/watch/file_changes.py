"""Detect changes of the files that the last poll depends on."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress

from moonshot_status.reply_cache import FileState, file_state

FileStates = dict[bytes, FileState]

CAN_NOTIFY = hasattr(fcntl, "F_NOTIFY")
"""Whether the system can send SIGIO when a folder changes, as Linux does."""
_EVENTS = ("DN_MODIFY", "DN_CREATE", "DN_DELETE", "DN_RENAME")


def file_states(paths: list[bytes]) -> FileStates:
    """Return the state of each file. One that cannot be examined counts as absent."""
    return {path: _state(path) for path in paths}


class FileChanges:
    """Compares files with their expected states, and has SIGIO sent when a change is likely.

    Linux sends SIGIO once, for the next change of anything in the folder of a file. It is only a
    hint: it does not come for folders that are created later or are on a network file system.
    """

    def __init__(self) -> None:
        self._expected: FileStates = {}
        self._folders: list[int] = []

    def expect(self, states: FileStates) -> None:
        """Compare with these states from now on, and start watching."""
        self._expected = states
        self.start()

    def any(self) -> bool:
        """Return whether a file differs from its expected state."""
        return any(_state(path) != expected for path, expected in self._expected.items())

    def start(self) -> None:
        """Watch for the next change; to be called again after each SIGIO."""
        self.stop()
        # A file can be replaced where it is, and where a symlink leads.
        paths = [path for name in self._expected for path in (name, os.path.realpath(name))]
        for folder in {_existing_folder(path) for path in paths}:
            with suppress(OSError):
                self._watch(folder)

    def stop(self) -> None:
        """Stop watching."""
        for descriptor in self._folders:
            os.close(descriptor)
        self._folders.clear()

    def _watch(self, path: bytes) -> None:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK)
        self._folders.append(folder)
        if CAN_NOTIFY:
            fcntl.fcntl(folder, fcntl.F_NOTIFY, sum(getattr(fcntl, event) for event in _EVENTS))


def _state(path: bytes) -> FileState:
    try:
        return file_state(path)
    except OSError:
        return ()


def _existing_folder(path: bytes) -> bytes:
    """Return the folder of the file, or the nearest existing one above it.

    The home folder is never returned in place of a missing folder in it, because it changes all
    the time; the missing folder itself is.
    """
    folder = os.path.dirname(path)
    if os.path.isdir(folder):
        return folder
    nearest = _existing_folder(folder)
    return folder if nearest == os.path.expanduser(b"~") else nearest
