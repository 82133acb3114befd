"""The store: a SQLite file with the readings and the last attempt of each account."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from moonshot_status.core import causes, log, paths
from moonshot_status.core.account import Account, Reading
from moonshot_status.core.errors import Problem, ProblemError
from moonshot_status.core.thresholds import Level
from moonshot_status.spending.ledger import History
from moonshot_status.store import accounts, compaction, file_lock
from moonshot_status.store.accounts import AccountState
from moonshot_status.store.schema import NewerStoreError
from moonshot_status.store.write_batcher import WriteBatcher

if TYPE_CHECKING:
    from moonshot_status.core.hysteresis import LevelChange

FILE_NAME = "balance.db"
BUSY_SECONDS = 3
# The beginnings of SQLite's messages for missing or conflicting tables, invalid text and an invalid
# header. A file that was renamed since it was opened is read-only to SQLite, too.
_CORRUPTION_MESSAGES = (
    "no such",
    "Could not decode",
    "table ",
    "unsupported file",
    "attempt to write a readonly",
)
# Threads that wait for SQLite's own lock sleep for longer and longer.
_CONNECTION_LOCK = threading.RLock()
_BATCHERS: dict[Path, WriteBatcher[tuple[Account, AccountState], AccountState]] = {}
_T = TypeVar("_T")


class Store:
    """The store in ``folder``. Its methods never raise: they set ``error`` instead.

    From the first error on, nothing is saved any more.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / FILE_NAME
        self.error: Problem | None = None
        if not folder.is_absolute():
            self.error = _store_error(self._file, FileNotFoundError("there is no home folder"))

    def load(self, account: Account) -> AccountState:
        """Return the state of the account; an empty one if nothing can be read."""
        return self._try(lambda: self._load(account), AccountState())

    @contextmanager
    def request_lock(self, account: Account, timeout: float) -> Iterator[bool]:
        """Hold the request lock inside the block; yields False if it times out.

        ``timeout`` is in seconds. Yields True if the system has no locks.
        """
        with file_lock.file_lock(self._lock_path(account), timeout) as acquired:
            yield acquired

    def save(self, account: Account, latest: AccountState, before: AccountState) -> AccountState:
        """Store an attempt and its reading, if it has one, and return the state after it.

        ``before`` is the state before the attempt; its reading is kept if nothing can be stored.
        """
        same_key = latest.key in ("", before.key)
        fallback = replace(
            latest,
            reading=latest.reading or (before.reading if same_key else None),
            key=latest.key or before.key,
        )
        state = self._try(lambda: self._write(account, latest), fallback)
        self._compact(account)
        return state

    def history(self, account: Account, since: datetime | None = None) -> History:
        """Return the whole history, or the part from ``since`` (UTC) on that a forecast needs."""
        return self._try(lambda: self._load_history(account, since), History())

    def record_level(
        self, account: Account, settings: str, reading: Reading, judge: Callable[[Level], Level]
    ) -> LevelChange | None:
        """Store the level that ``judge`` returns for the stored one, and return a notable change.

        A change is returned once; None after an error, so that it is not returned twice.
        """
        if self.error:
            return None
        from moonshot_status.store import alert_state

        try:
            with self._open() as db:
                return alert_state.record_level(db, account, settings, reading, judge)
        except (sqlite3.Error, OSError, NewerStoreError, UnicodeDecodeError) as error:
            log.log(f"the level is not stored: {error}")
            return None

    def _compact(self, account: Account) -> None:
        """Compact the oldest readings; a failure is retried next time."""
        if self.error is None:
            with suppress(sqlite3.Error, OSError, NewerStoreError), self._open() as db:
                compaction.compact(db, account)

    def _try(self, action: Callable[[], _T], default: _T) -> _T:
        if self.error:
            return default
        try:
            return self._try_twice(action)
        except (sqlite3.Error, OSError, NewerStoreError, UnicodeDecodeError) as error:
            self.error = _store_error(self._file, error)
            log.log(self.error.message)
            return default

    def _try_twice(self, action: Callable[[], _T]) -> _T:
        """Run the action, and again with a new file if this one turns out to be corrupt."""
        inode = self._inode()
        try:
            return action()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if not _is_corruption(error):
                raise
            self._set_aside(inode)
            return action()

    def _load(self, account: Account) -> AccountState:
        if not self._file.exists():
            return AccountState()
        with self._open() as db:
            return accounts.read(db, account)

    def _load_history(self, account: Account, since: datetime | None) -> History:
        if not self._file.exists():
            return History()
        with self._open() as db:
            return compaction.load_history(db, account, since)

    def _write(self, account: Account, latest: AccountState) -> AccountState:
        paths.private_folder(self._folder)
        paths.private_file(self._file)
        # Most of the time is spent waiting for the disk, once for each transaction: without
        # batches, 500 accounts take twice as long.
        batcher = _BATCHERS.setdefault(self._file, WriteBatcher(self._write_all))
        return batcher.write((account, latest))

    def _write_all(self, latest: Sequence[tuple[Account, AccountState]]) -> list[AccountState]:
        with self._open() as db:
            return accounts.write(db, latest)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        uri = f"{self._file.as_uri()}?mode=rw"
        with (
            _CONNECTION_LOCK,
            closing(
                sqlite3.connect(uri, timeout=BUSY_SECONDS, isolation_level=None, uri=True)
            ) as db,
        ):
            yield db

    def _lock_path(self, account: Account) -> Path:
        return self._folder / f"asking-{account.identity[:16]}.lock"

    def _inode(self) -> int:
        return self._file.stat().st_ino if self._file.exists() else 0

    def _set_aside(self, inode: int) -> None:
        """Rename the corrupt file, unless another process has done so."""
        with file_lock.file_lock(self._folder / "mending.lock", BUSY_SECONDS) as acquired:
            if not acquired or self._inode() != inode:
                return
            stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
            aside = self._file.with_name(f"{FILE_NAME}.damaged-{stamp}")
            # The journal first: a new file must never meet the journal of the old one.
            with suppress(FileNotFoundError):
                Path(f"{self._file}-journal").rename(f"{aside}-journal")
            self._file.rename(aside)
            log.log(f"the store is corrupt and was renamed to {aside}")


def _is_corruption(error: sqlite3.DatabaseError | UnicodeDecodeError) -> bool:
    # With a corrupt name in it, sqlite3 cannot decode its own message.
    if type(error) in (sqlite3.DatabaseError, UnicodeDecodeError):
        return True
    return isinstance(error, sqlite3.OperationalError) and str(error).startswith(
        _CORRUPTION_MESSAGES
    )


def _store_error(file: Path, error: Exception) -> Problem:
    if isinstance(error, NewerStoreError):
        return ProblemError(causes.STORE_NEWER, path=str(file)).problem
    reason = str(getattr(error, "strerror", None) or error)
    return ProblemError(causes.STORE_UNUSABLE, path=str(file), error=reason).problem
