"""The SQLite file in the user's state folder: readings, and the last attempt of each account."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from moonshot_status import bookkeeping, debug, folders, lock, tables
from moonshot_status.account import Account, Level, Reading
from moonshot_status.errors import Kind, Problem
from moonshot_status.grouped import Grouped
from moonshot_status.ledger import Books
from moonshot_status.tables import Known, NewerStoreError
from moonshot_status.text import one_line

if TYPE_CHECKING:
    from moonshot_status.notice import Change

FILE_NAME = "balance.db"
_BUSY_SECONDS = 3
# How SQLite begins to speak of tables that are gone or in the way, of text that is none, and of a
# header that makes no sense. A file that was renamed since it was opened is read-only to it, too.
_DAMAGE = (
    "no such",
    "Could not decode",
    "table ",
    "unsupported file",
    "attempt to write a readonly",
)
# SQLite has those who wait for each other sleep, ever longer; threads can do better.
_ONE_THREAD = threading.RLock()
_WRITES: dict[Path, Grouped[tuple[Account, Known], Known]] = {}
_T = TypeVar("_T")


class Store:
    """The file in ``folder``. No method ever raises for trouble with it.

    From the first trouble on, ``trouble`` says what it is and nothing is kept any more.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / FILE_NAME
        self.trouble: Problem | None = None
        if not folder.is_absolute():
            self.trouble = _trouble(self._file, FileNotFoundError("there is no home folder"))

    def recall(self, account: Account) -> Known:
        """What is stored about the account."""
        return self._try(lambda: self._recall(account), Known())

    @contextmanager
    def claim(self, account: Account, patience: float) -> Iterator[bool]:
        """Be the one who asks; False if another still is after ``patience`` seconds.

        Where the system cannot promise that there is only one, everybody may ask.
        """
        with lock.held(self._lock_path(account), patience) as mine:
            yield mine

    def keep(self, account: Account, latest: Known, before: Known) -> Known:
        """Store an attempt and, if it brought one, its reading; returns what is known now."""
        same_key = latest.key in ("", before.key)
        fallback = replace(
            latest,
            reading=latest.reading or (before.reading if same_key else None),
            key=latest.key or before.key,
        )
        known = self._try(lambda: self._write(account, latest), fallback)
        self._make_room(account)
        return known

    def books(self, account: Account, since: datetime | None = None) -> Books:
        """The account's past: all of it, exactly, or from ``since`` on as a forecast needs it."""
        return self._try(lambda: self._books(account, since), Books())

    def settle(
        self, account: Account, settings: str, reading: Reading, judge: Callable[[Level], Level]
    ) -> Change | None:
        """Remember the level that ``judge`` makes of the remembered one; a change is returned once.

        At any trouble there is none to tell: that it were the only time could not be promised.
        """
        if self.trouble:
            return None
        from moonshot_status import notices  # for those who want to be told

        try:
            with self._open() as db:
                return notices.settle(db, account, settings, reading, judge)
        except (sqlite3.Error, OSError, NewerStoreError, UnicodeDecodeError) as error:
            debug.say(f"the level is not remembered: {error}")
            return None

    def _make_room(self, account: Account) -> None:
        """Turn the oldest readings into moves; what fails here is tried again next time."""
        if self.trouble is None:
            with suppress(sqlite3.Error, OSError, NewerStoreError), self._open() as db:
                bookkeeping.book(db, account)

    def _try(self, action: Callable[[], _T], otherwise: _T) -> _T:
        if self.trouble:
            return otherwise
        try:
            return self._try_twice(action)
        except (sqlite3.Error, OSError, NewerStoreError, UnicodeDecodeError) as error:
            self.trouble = _trouble(self._file, error)
            debug.say(self.trouble.message)
            return otherwise

    def _try_twice(self, action: Callable[[], _T]) -> _T:
        """Once more with a new file if this one turns out to be damaged."""
        inode = self._inode()
        try:
            return action()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if not _is_damage(error):
                raise
            self._put_aside(inode)
            return action()

    def _recall(self, account: Account) -> Known:
        if not self._file.exists():
            return Known()
        with self._open() as db:
            return tables.read(db, account)

    def _books(self, account: Account, since: datetime | None) -> Books:
        if not self._file.exists():
            return Books()
        with self._open() as db:
            return bookkeeping.books(db, account, since)

    def _write(self, account: Account, latest: Known) -> Known:
        folders.private_folder(self._folder)
        folders.private_file(self._file)
        # To wait for the disk takes longest: what comes from several threads waits for it once.
        writes = _WRITES.setdefault(self._file, Grouped(self._write_all))
        return writes.do((account, latest))

    def _write_all(self, latest: Sequence[tuple[Account, Known]]) -> list[Known]:
        with self._open() as db:
            return tables.write(db, latest)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        uri = f"{self._file.as_uri()}?mode=rw"
        with (
            _ONE_THREAD,
            closing(
                sqlite3.connect(uri, timeout=_BUSY_SECONDS, isolation_level=None, uri=True)
            ) as db,
        ):
            yield db

    def _lock_path(self, account: Account) -> Path:
        return self._folder / f"asking-{account.identity[:16]}.lock"

    def _inode(self) -> int:
        return self._file.stat().st_ino if self._file.exists() else 0

    def _put_aside(self, inode: int) -> None:
        """Rename the damaged file, unless another process did so already."""
        with lock.held(self._folder / "mending.lock", _BUSY_SECONDS) as mine:
            if not mine or self._inode() != inode:
                return
            stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
            aside = self._file.with_name(f"{FILE_NAME}.damaged-{stamp}")
            # The journal first: a new file must never meet the old one's.
            with suppress(FileNotFoundError):
                Path(f"{self._file}-journal").rename(f"{aside}-journal")
            self._file.rename(aside)
            debug.say(f"the store was damaged; it is kept as {aside}")


def _is_damage(error: sqlite3.DatabaseError | UnicodeDecodeError) -> bool:
    # Where damage is in a name, sqlite3 fails to decode its own message.
    if type(error) in (sqlite3.DatabaseError, UnicodeDecodeError):
        return True
    return isinstance(error, sqlite3.OperationalError) and str(error).startswith(_DAMAGE)


def _trouble(file: Path, error: Exception) -> Problem:
    if isinstance(error, NewerStoreError):
        why = "was written by a later version of this program"
    else:
        why = f"cannot be used: {getattr(error, 'strerror', None) or error}"
    return Problem(
        Kind.STORE,
        one_line(f"{file} {why}"),
        "Nothing is kept, so neither waiting times nor a single asker can be promised.",
    )
