"""Read a store that another process has locked: open a copy of it.

A process that is stopped while it writes holds SQLite's lock for as long as it is stopped. The file
and its journal hold the state before that transaction, and a copy of both has no lock.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

_TRIES = 3


@contextmanager
def open_copy(file: Path) -> Iterator[sqlite3.Connection]:
    """Open a copy of the file as it was before the transaction of another process.

    Raises OSError, and sqlite3.OperationalError if the file changes all the time or the copy cannot
    be read.
    """
    with tempfile.TemporaryDirectory(prefix="moonshot-status-") as folder:
        copy = Path(folder, file.name)
        if not any(_copy(file, copy) for _ in range(_TRIES)):
            raise sqlite3.OperationalError("database is locked")
        try:
            with closing(sqlite3.connect(copy, isolation_level=None)) as db:
                yield db
        except sqlite3.DatabaseError as error:
            # Whatever is wrong with the copy says nothing about the file.
            raise sqlite3.OperationalError("database is locked") from error


def _copy(file: Path, copy: Path) -> bool:
    """Copy the file and its journal, and return whether neither has changed meanwhile."""
    before = _states(file)
    for suffix in ("", "-journal"):
        target = Path(f"{copy}{suffix}")
        target.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            shutil.copyfile(f"{file}{suffix}", target)
    return _states(file) == before


def _states(file: Path) -> list[tuple[int, ...]]:
    """Return the inode, size and times of change of the file and of its journal."""
    states: list[tuple[int, ...]] = []
    for path in (file, Path(f"{file}-journal")):
        try:
            status = path.stat()
        except FileNotFoundError:
            states.append(())
        else:
            states.append((status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    return states
