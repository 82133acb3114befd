"""The tables of the store, and the way between their rows and the nouns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from moonshot_status.account import Account, Balance, Reading
from moonshot_status.errors import Kind, Problem
from moonshot_status.text import one_line
from moonshot_status.waiting import Attempt

VERSION = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
_LARGEST_EXPONENT = 12
_MOST_DECIMALS = 40
_MOST_FAILURES = 10**9
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


@dataclass(frozen=True)
class Known:
    """What is known of one account: its newest reading and the last attempt to get one.

    ``key`` is the fingerprint of the key that was used last, empty if none ever was.
    """

    reading: Reading | None = None
    attempt: Attempt | None = None
    key: str = ""


class NewerStoreError(Exception):
    """The file was written by a later version of this program."""


def read(db: sqlite3.Connection, account: Account) -> Known:
    """What is stored about the account. Raises sqlite3.Error and NewerStoreError."""
    if not _has_tables(db):
        return Known()
    row = db.execute(
        "SELECT id, key FROM account WHERE identity = ?", [account.identity]
    ).fetchone()
    if row is None:
        return Known()
    number, key = row
    return Known(_newest(db, number, key), _last_attempt(db, number), key)


def write(db: sqlite3.Connection, account: Account, latest: Known) -> Known:
    """Store an attempt and its reading, all or nothing, and return what is known then.

    Raises as ``read`` does.
    """
    with _transaction(db):
        if not _has_tables(db):
            _create(db)
        number = _account_number(db, account, latest.key)
        if latest.reading:
            _insert_reading(db, number, latest.reading)
        if latest.attempt:
            _replace_attempt(db, number, latest.attempt)
        # Still in the transaction: after it another process may have added a newer reading.
        known = read(db, account)
        if latest.reading and known.reading != latest.reading:
            raise sqlite3.DatabaseError("the file does not give back what was written")
    return known


def _create(db: sqlite3.Connection) -> None:
    for statement in filter(str.strip, _SCHEMA.split(";")):
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {VERSION}")


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
        raise NewerStoreError
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
        fetched_at, available, *others = row
        balance = Balance(_amount(available), *(None if a is None else _amount(a) for a in others))
        return Reading(balance, _moment(fetched_at))


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
            _problem(kind, message, hint, told) if kind is not None else None,
            min(max(int(failures), 0), _MOST_FAILURES),
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
    with _damage_if_senseless():
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


def _moment(microseconds: int) -> datetime:
    moment = _EPOCH + microseconds * _MICROSECOND
    # Near the ends of the calendar a local time does not exist.
    if not 1970 <= moment.year < 9999:
        raise ValueError("a moment that no clock had")
    return moment


def _amount(digits: Any) -> Decimal:
    amount = Decimal(digits)
    exponent = amount.as_tuple().exponent
    if (
        isinstance(exponent, str)
        or exponent < -_MOST_DECIMALS
        or amount.adjusted() > _LARGEST_EXPONENT
    ):
        raise ValueError("an amount that no account has")
    return amount


def _problem(kind: str, message: str, hint: str, told: Any) -> Problem:
    wait = None if told is None else int(told)
    return Problem(Kind(kind), one_line(message), one_line(hint, 400), wait)


@contextmanager
def _damage_if_senseless() -> Iterator[None]:
    """Rows that this program cannot have written mean that the file is damaged."""
    try:
        yield
    except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise sqlite3.DatabaseError("the file holds senseless rows") from error
