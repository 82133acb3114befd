"""The store: a SQLite file with the readings and the last attempt of each account."""

from __future__ import annotations

import errno
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from moonshot_status import __version__
from moonshot_status.api.backoff import after_interruption
from moonshot_status.core import causes, file_lock, log, paths
from moonshot_status.core.account import Account, Reading
from moonshot_status.core.errors import Problem, ProblemError
from moonshot_status.core.paths import ForeignPathError
from moonshot_status.core.thresholds import Level
from moonshot_status.spending.ledger import History
from moonshot_status.store import accounts, compaction, leases, schema
from moonshot_status.store.accounts import AccountState
from moonshot_status.store.leases import Lease, RequestInFlight
from moonshot_status.store.schema import NewerStoreError
from moonshot_status.store.write_batcher import WriteBatcher

if TYPE_CHECKING:
    from moonshot_status.core.hysteresis import LevelChange

FILE_NAME = "balance.db"
# A folder of its own: nothing that watches the store's folder has to know.
_LEASE_FOLDER = "requests"
BUSY_SECONDS = 10.0
"""How long a write waits for another process's transaction."""
READ_BUSY_SECONDS = 0.5
"""How long a read waits, before a copy is read."""
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
_Result = tuple[Account, AccountState, Lease]
_BATCHERS: dict[Path, WriteBatcher[_Result, AccountState]] = {}
# The files that another process has kept locked since this process started.
_LOCKED_FOR_READING: set[Path] = set()
_LOCKED_FOR_WRITING: set[Path] = set()
_T = TypeVar("_T")


def connect(file: Path, busy_seconds: float) -> sqlite3.Connection:
    """Open the file, which must exist, in autocommit mode.

    Each statement waits up to ``busy_seconds`` for the transaction of another process. Raises
    sqlite3.OperationalError, and OSError if another user owns the file, its folder or its journal.
    """
    for path in (file.parent, file, Path(f"{file}-journal")):
        paths.check_own(path)
    if paths.exists(file) and not paths.is_file(file):
        raise OSError(errno.EINVAL, "it is not a regular file")
    # Path.as_uri() imports http.client and ssl from Python 3.14 on.
    uri = f"file://{quote(bytes(file))}?mode=rw"
    return sqlite3.connect(uri, timeout=busy_seconds, isolation_level=None, uri=True)


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

    @property
    def is_newer(self) -> bool:
        """Whether the error is that a newer version of this program wrote the file."""
        return self.error is not None and self.error.cause is causes.STORE_NEWER

    def load(self, account: Account, now: datetime | None = None) -> AccountState:
        """Return the state of the account; an empty one if nothing can be read.

        ``now`` (UTC) is the present time if it is not that of the system.
        """
        return self._try(lambda: self._load(account, now or _utc_now()), AccountState())

    def is_in_flight(self, account: Account, now: datetime) -> bool:
        """Return whether another process is asking the API, without opening the file."""
        found = leases.find(self._lease_path(account), now)
        return found is not None and not found.is_over

    def check_lock(self) -> None:
        """Set ``error`` if another process keeps the file locked."""
        self._try(self._check_lock, None)

    def begin_request(
        self, account: Account, lasts: timedelta, now: Callable[[], datetime],
        is_due: Callable[[AccountState], bool],
    ) -> tuple[AccountState, Lease | None]:  # fmt: skip
        """Take the lease of a request if it is due and no other process has it.

        Returns the state, and the lease or None. The lease ends after ``lasts``. If the store is
        unusable, the lease keeps no other process away; if it is locked, there is none.
        """
        unlocked: tuple[AccountState, Lease | None] = AccountState(), Lease()
        state, lease = self._try(lambda: self._begin_request(account, lasts, now, is_due), unlocked)
        if self.error and self.error.cause is causes.STORE_LOCKED:
            return state, None
        return state, lease

    def save(
        self, account: Account, latest: AccountState, before: AccountState,
        lease: Lease | None = None,
    ) -> AccountState:  # fmt: skip
        """Store an attempt and its reading, if it has one, and return the state after it.

        ``before`` is the state before the attempt; its reading is kept if nothing can be stored.
        Nothing is stored if another process has taken over the lease. Releases the lease.
        """
        same_key = latest.key in ("", before.key)
        fallback = replace(
            latest,
            reading=latest.reading or (before.reading if same_key else None),
            key=latest.key or before.key,
        )
        held = lease or Lease()
        state = self._try(lambda: self._write((account, latest, held)), fallback)
        self._release(held)
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
            with self._open(READ_BUSY_SECONDS) as db:
                return alert_state.record_level(db, account, settings, reading, judge)
        except (sqlite3.Error, OSError, NewerStoreError, UnicodeDecodeError) as error:
            log.log(f"the level is not stored: {error}")
            return None

    def forget(self, account: Account) -> int:
        """Delete everything about the account, and return how many rows there were."""
        return self._try(lambda: self._forget(account), 0)

    def forget_all(self) -> int:
        """Delete the file, its corrupt copies and all leases, and return how many files."""
        return self._try(self._forget_all, 0)

    def _release(self, lease: Lease) -> None:
        """Release the lease; in a transaction, so that no other process takes it meanwhile."""
        if self.error is None:
            with (
                suppress(sqlite3.Error),
                self._open(READ_BUSY_SECONDS) as db,
                schema.transaction(db),
            ):
                lease.release()
        lease.release()

    def _compact(self, account: Account) -> None:
        """Compact the oldest readings; a failure is retried next time."""
        if self.error is None:
            errors = sqlite3.Error, OSError, NewerStoreError
            with suppress(*errors), self._open(READ_BUSY_SECONDS) as db:
                compaction.compact(db, account)

    def _try(self, action: Callable[[], _T], default: _T) -> _T:
        if self.error:
            return default
        try:
            return self._try_twice(action)
        except (sqlite3.Error, OSError, NewerStoreError, UnicodeDecodeError) as error:
            if _is_locked(error):
                _LOCKED_FOR_WRITING.add(self._file)
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

    def _load(self, account: Account, now: datetime) -> AccountState:
        # The lease first: a process stores its result before it releases the lease.
        found = leases.find(self._lease_path(account), now)
        state = self._read(lambda db: accounts.read(db, account), AccountState())
        return _with_request(state, found)

    def _begin_request(
        self, account: Account, lasts: timedelta, now: Callable[[], datetime],
        is_due: Callable[[AccountState], bool],
    ) -> tuple[AccountState, Lease | None]:  # fmt: skip
        self._create()
        path, lease = self._lease_path(account), None
        try:
            with self._open(self._write_busy_seconds) as db, schema.transaction(db):
                stored, started_at = accounts.read(db, account), now()
                state = _with_request(stored, leases.find(path, started_at))
                if state.in_flight or not is_due(state):
                    return state, None
                if state.attempt is not stored.attempt:
                    # The lease of the interrupted attempt is about to be replaced.
                    schema.migrate(db)
                    accounts.write_one(db, account, AccountState(attempt=state.attempt))
                lease = leases.take(path, started_at, started_at + lasts)
        except sqlite3.Error:
            if lease:
                lease.release()
            raise
        return state, lease

    def _forget(self, account: Account) -> int:
        from moonshot_status.store import deletion

        if not self._file.exists():
            return 0
        with self._open(BUSY_SECONDS) as db:
            return deletion.delete_account(db, account, self._lease_path(account))

    def _forget_all(self) -> int:
        from moonshot_status.store import deletion

        with ExitStack() as stack:
            try:
                # What another process wants to write fails, because the file is another one then.
                stack.enter_context(self._open(BUSY_SECONDS)).execute("BEGIN EXCLUSIVE")
            except sqlite3.DatabaseError as error:  # There is no file, or it is corrupt.
                if _is_locked(error):
                    raise
            return deletion.delete_files(self._folder, FILE_NAME, _LEASE_FOLDER)

    def _check_lock(self) -> None:
        if self._file.exists():
            with self._open(READ_BUSY_SECONDS) as db, schema.transaction(db):
                pass

    def _load_history(self, account: Account, since: datetime | None) -> History:
        return self._read(lambda db: compaction.load_history(db, account, since), History())

    def _read(self, action: Callable[[sqlite3.Connection], _T], default: _T) -> _T:
        """Run the action on the file, or on a copy while another process has the file locked."""
        if not self._file.exists():
            return default
        if self._file not in _LOCKED_FOR_READING:
            try:
                with self._open(READ_BUSY_SECONDS) as db:
                    return action(db)
            except sqlite3.OperationalError as error:
                if not _is_locked(error):
                    raise
                _LOCKED_FOR_READING.add(self._file)
        from moonshot_status.store import locked_copy

        with locked_copy.open_copy(self._file) as db:
            return action(db)

    def _write(self, result: _Result) -> AccountState:
        self._create()
        # Most of the time is spent waiting for the disk, once for each transaction: without
        # batches, 500 accounts take twice as long.
        batcher = _BATCHERS.setdefault(self._file, WriteBatcher(self._write_all))
        return batcher.write(result)

    def _write_all(self, results: Sequence[_Result]) -> list[AccountState]:
        with self._open(self._write_busy_seconds) as db:
            return accounts.write(db, results)

    def _create(self) -> None:
        paths.private_folder(self._folder)
        paths.private_file(self._file)

    @property
    def _write_busy_seconds(self) -> float:
        return READ_BUSY_SECONDS if self._file in _LOCKED_FOR_WRITING else BUSY_SECONDS

    @contextmanager
    def _open(self, busy_seconds: float) -> Iterator[sqlite3.Connection]:
        with _CONNECTION_LOCK, closing(connect(self._file, busy_seconds)) as db:
            yield db

    def _lease_path(self, account: Account) -> Path:
        return self._folder / _LEASE_FOLDER / f"{account.identity[:16]}.lease"

    def _inode(self) -> int:
        return self._file.stat().st_ino if self._file.exists() else 0

    def _set_aside(self, inode: int) -> None:
        """Rename the corrupt file, unless another process has done so."""
        with file_lock.file_lock(self._folder / "mending.lock", BUSY_SECONDS) as acquired:
            if not acquired or self._inode() != inode:
                return
            stamp = _utc_now().strftime("%Y%m%dT%H%M%S.%fZ")
            aside = self._file.with_name(f"{FILE_NAME}.damaged-{stamp}")
            # The journal first: a new file must never meet the journal of the old one.
            with suppress(FileNotFoundError):
                Path(f"{self._file}-journal").rename(f"{aside}-journal")
            self._file.rename(aside)
            log.log(f"the store is corrupt and was renamed to {aside}")


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


def _with_request(state: AccountState, found: RequestInFlight | None) -> AccountState:
    """Return the state with a request that has no result yet."""
    if found is None or (state.attempt and state.attempt.started_at == found.started_at):
        return state
    if found.is_over:
        return replace(state, attempt=after_interruption(found.started_at, state.attempt))
    return replace(state, in_flight=found)


def _is_locked(error: Exception) -> bool:
    return isinstance(error, sqlite3.OperationalError) and str(error) == "database is locked"


def _is_corruption(error: sqlite3.DatabaseError | UnicodeDecodeError) -> bool:
    # With a corrupt name in it, sqlite3 cannot decode its own message.
    if type(error) in (sqlite3.DatabaseError, UnicodeDecodeError):
        return True
    return isinstance(error, sqlite3.OperationalError) and str(error).startswith(
        _CORRUPTION_MESSAGES
    )


def _store_error(file: Path, error: Exception) -> Problem:
    if isinstance(error, NewerStoreError):
        return ProblemError(
            causes.STORE_NEWER, path=str(file), version=__version__, folder=sys.prefix
        ).problem
    if isinstance(error, ForeignPathError):
        fix = paths.owner_fix(Path(error.filename))
        return ProblemError(causes.STORE_FOREIGN, path=str(error.filename), fix=fix).problem
    if _is_locked(error):
        return ProblemError(causes.STORE_LOCKED, path=str(file)).problem
    reason = str(getattr(error, "strerror", None) or error)
    return ProblemError(causes.STORE_UNUSABLE, path=str(file), error=reason).problem
