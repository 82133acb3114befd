"""The SQLite file in the user's state folder: readings, and the last attempt of each account."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

from moonshot_status import debug, folders, lock
from moonshot_status.account import Account, Balance, Reading
from moonshot_status.errors import Kind, Problem
from moonshot_status.text import one_line
from moonshot_status.waiting import Attempt

FILE_NAME = "balance.db"
VERSION = 1
_BUSY_SECONDS = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
# Moments are microseconds since 1970 (UTC); amounts are the digits that the API sent.
_SCHEMA = """
CREATE TABLE account (
    id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, region TEXT NOT NULL, key TEXT NOT NULL
);
CREATE TABLE reading (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account, key TEXT NOT NULL,
    fetched_at INTEGER NOT NULL, available TEXT NOT NULL, voucher TEXT, cash TEXT
);
CREATE INDEX reading_of_account ON reading (account, key, id);
CREATE TABLE attempt (
    account INTEGER PRIMARY KEY REFERENCES account, started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL, kind TEXT, message TEXT, hint TEXT, told INTEGER,
    failures INTEGER NOT NULL, retry_at INTEGER
);
"""
_T = TypeVar("_T")


@dataclass(frozen=True)
class Known:
    """What is known of one account: its newest reading and the last attempt to get one.

    ``key`` is the fingerprint of the key that was used last, empty if none ever was.
    """

    reading: Reading | None = None
    attempt: Attempt | None = None
    key: str = ""


class Newer(Exception):
    """The file was written by a later version of this program."""


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

        def write() -> Known:
            self._write(account, latest)
            return self._recall(account)

        return self._try(write, fallback)

    def _try(self, action: Callable[[], _T], otherwise: _T) -> _T:
        if self.trouble:
            return otherwise
        try:
            return self._try_twice(action)
        except (sqlite3.Error, OSError, Newer) as error:
            self.trouble = _trouble(self._file, error)
            debug.say(self.trouble.message)
            return otherwise

    def _try_twice(self, action: Callable[[], _T]) -> _T:
        """Once more with a new file if this one turns out to be damaged."""
        inode = self._inode()
        try:
            return action()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            self._put_aside(inode)
            return action()

    def _recall(self, account: Account) -> Known:
        if not self._file.exists():
            return Known()
        with self._open() as db:
            if not _has_tables(db):
                return Known()
            row = db.execute(
                "SELECT id, key FROM account WHERE identity = ?", [account.identity]
            ).fetchone()
            if row is None:
                return Known()
            return Known(_newest(db, *row), _last_attempt(db, row[0]), row[1])

    def _write(self, account: Account, latest: Known) -> None:
        folders.private_folder(self._folder)
        folders.private_file(self._file)
        with self._open() as db, _transaction(db):
            if not _has_tables(db):
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {VERSION}")
            number = _account_number(db, account, latest.key)
            if latest.reading:
                _insert_reading(db, number, latest.reading)
            if latest.attempt:
                _replace_attempt(db, number, latest.attempt)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        uri = f"{self._file.as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, _BUSY_SECONDS, isolation_level=None, uri=True)) as db:
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
            self._file.rename(aside)
            debug.say(f"the store was damaged; it is kept as {aside}")
            with suppress(FileNotFoundError):
                Path(f"{self._file}-journal").rename(f"{aside}-journal")


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


def _has_tables(db: sqlite3.Connection) -> bool:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise Newer
    return bool(version)


def _newest(db: sqlite3.Connection, number: int, key: str) -> Reading | None:
    row = db.execute(
        "SELECT fetched_at, available, voucher, cash FROM reading"
        " WHERE account = ? AND key = ? ORDER BY id DESC LIMIT 1",
        [number, key],
    ).fetchone()
    if row is None:
        return None
    with _damage_if_senseless():
        fetched_at, *amounts = row
        return Reading(Balance(*map(_amount, amounts)), _moment(fetched_at))  # type: ignore[arg-type]


def _last_attempt(db: sqlite3.Connection, number: int) -> Attempt | None:
    row = db.execute(
        "SELECT started_at, ended_at, kind, message, hint, told, failures, retry_at"
        " FROM attempt WHERE account = ?",
        [number],
    ).fetchone()
    if row is None:
        return None
    with _damage_if_senseless():
        started_at, ended_at, kind, message, hint, told, failures, retry_at = row
        return Attempt(
            _moment(started_at),
            _moment(ended_at),
            Problem(Kind(kind), one_line(message), one_line(hint, 400), told) if kind else None,
            failures,
            _moment(retry_at) if retry_at is not None else None,
        )


def _account_number(db: sqlite3.Connection, account: Account, key: str) -> int:
    """The account's row, made if need be; under a new key it starts anew."""
    region = account.region.value if account.region else ""
    db.execute(
        "INSERT INTO account (identity, region, key) VALUES (?, ?, ?)"
        " ON CONFLICT (identity) DO UPDATE SET key = coalesce(nullif(excluded.key, ''), key)",
        [account.identity, region, key],
    )
    row = db.execute("SELECT id FROM account WHERE identity = ?", [account.identity]).fetchone()
    return int(row[0])


def _insert_reading(db: sqlite3.Connection, number: int, reading: Reading) -> None:
    balance = reading.balance
    amounts = [
        None if amount is None else format(amount, "f")
        for amount in (balance.available, balance.voucher, balance.cash)
    ]
    db.execute(
        "INSERT INTO reading (account, key, fetched_at, available, voucher, cash)"
        " SELECT id, key, ?, ?, ?, ? FROM account WHERE id = ?",
        [_microseconds(reading.fetched_at), *amounts, number],
    )


def _replace_attempt(db: sqlite3.Connection, number: int, attempt: Attempt) -> None:
    problem = attempt.problem
    words = (
        [problem.kind.value, problem.message, problem.hint, problem.told] if problem else [None] * 4
    )
    db.execute(
        "INSERT OR REPLACE INTO attempt"
        " (account, started_at, ended_at, kind, message, hint, told, failures, retry_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            number,
            _microseconds(attempt.started_at),
            _microseconds(attempt.ended_at),
            *words,
            attempt.failures,
            _microseconds(attempt.retry_at) if attempt.retry_at else None,
        ],
    )


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(microseconds: Any) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND


def _amount(digits: Any) -> Decimal | None:
    return None if digits is None else Decimal(digits)


@contextmanager
def _damage_if_senseless() -> Iterator[None]:
    """Rows that this program cannot have written mean that the file is damaged."""
    try:
        yield
    except (ValueError, TypeError, InvalidOperation, OverflowError) as error:
        raise sqlite3.DatabaseError("the file holds senseless rows") from error


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    if type(error) is sqlite3.DatabaseError:
        return True
    return isinstance(error, sqlite3.OperationalError) and str(error).startswith("no such")


def _trouble(file: Path, error: Exception) -> Problem:
    if isinstance(error, Newer):
        why = "was written by a later version of this program"
    else:
        why = f"cannot be used: {getattr(error, 'strerror', None) or error}"
    return Problem(
        Kind.STORE,
        one_line(f"{file} {why}"),
        "Nothing is kept, so neither waiting times nor a single asker can be promised.",
    )
