"""The tables of the store, and the way between their rows and the nouns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from moonshot_status import stored
from moonshot_status.account import Account, Reading
from moonshot_status.errors import Kind, Problem
from moonshot_status.text import one_line
from moonshot_status.waiting import Attempt

VERSION = 2
_MOST_FAILURES = 10**9
# What each version of the file added to the one before it.
_ADDED = {
    1: """
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
""",
    2: """
CREATE TABLE move (
    account INTEGER NOT NULL REFERENCES account, key TEXT NOT NULL, ends INTEGER NOT NULL,
    begins INTEGER NOT NULL, from_voucher TEXT NOT NULL, from_cash TEXT NOT NULL,
    topped_up TEXT NOT NULL, granted TEXT NOT NULL, ended TEXT NOT NULL,
    PRIMARY KEY (account, key, ends)
) WITHOUT ROWID;
CREATE TABLE notice (
    account INTEGER NOT NULL REFERENCES account, settings TEXT NOT NULL, level TEXT NOT NULL,
    fetched_at INTEGER NOT NULL, PRIMARY KEY (account, settings)
) WITHOUT ROWID;
""",
}


@dataclass(frozen=True)
class Known:
    """What is known of one account: its newest reading and the last attempt to get one.

    ``key`` is the fingerprint of the key that was used last, empty if none ever was.
    """

    reading: Reading | None = None
    attempt: Attempt | None = None
    key: str = ""


Owner = tuple[int, str]
"""The account's row, and the fingerprint of the key that it has now."""


class NewerStoreError(Exception):
    """The file was written by a later version of this program."""


def read(db: sqlite3.Connection, account: Account) -> Known:
    """What is stored about the account. Raises sqlite3.Error and NewerStoreError."""
    if not version(db):
        return Known()
    row = db.execute(
        "SELECT id, key FROM account WHERE identity = ?", [account.identity]
    ).fetchone()
    if row is None:
        return Known()
    number, key = row
    return Known(newest(db, number, key), _last_attempt(db, number), key)


def write(db: sqlite3.Connection, latest: Sequence[tuple[Account, Known]]) -> list[Known]:
    """Store attempts and their readings, all or nothing, and return what is known then.

    Raises as ``read`` does.
    """
    with transaction(db):
        _bring_up_to_date(db)
        return [_write_one(db, account, known) for account, known in latest]


def _write_one(db: sqlite3.Connection, account: Account, latest: Known) -> Known:
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


def _bring_up_to_date(db: sqlite3.Connection) -> None:
    for missing in range(version(db) + 1, VERSION + 1):
        for statement in filter(str.strip, _ADDED[missing].split(";")):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {missing}")


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


def version(db: sqlite3.Connection) -> int:
    """Of the file; 0 for one that is still empty. Raises NewerStoreError."""
    (found,) = db.execute("PRAGMA user_version").fetchone()
    if found > VERSION:
        raise NewerStoreError
    return int(found)


def newest(db: sqlite3.Connection, number: int, key: str) -> Reading | None:
    """Of the account in that row, with that key: the reading that was stored last."""
    row = db.execute(
        "SELECT fetched_at, available, voucher, cash FROM reading"
        " WHERE account = ? AND key = ? ORDER BY id DESC LIMIT 1",
        [number, key],
    ).fetchone()
    if row is None:
        return None
    with stored.damage_if_senseless():
        return stored.reading(*row)


def owner(db: sqlite3.Connection, account: Account) -> Owner | None:
    """Whose rows the account's are; None in a file that has not every table yet.

    Raises as ``read`` does.
    """
    if version(db) < VERSION:
        return None
    row: Owner | None = db.execute(
        "SELECT id, key FROM account WHERE identity = ?", [account.identity]
    ).fetchone()
    return row


def _last_attempt(db: sqlite3.Connection, number: int) -> Attempt | None:
    row = db.execute(
        "SELECT started_at, ended_at, kind, message, hint, told, failures, retry_at"
        " FROM attempt WHERE account = ?",
        [number],
    ).fetchone()
    if row is None:
        return None
    with stored.damage_if_senseless():
        started_at, ended_at, kind, message, hint, told, failures, retry_at = row
        return Attempt(
            stored.moment(started_at),
            stored.moment(ended_at),
            _problem(kind, message, hint, told) if kind is not None else None,
            min(max(int(failures), 0), _MOST_FAILURES),
            stored.moment(retry_at) if retry_at is not None else None,
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
    with stored.damage_if_senseless():
        return int(row[0])


def _insert_reading(db: sqlite3.Connection, number: int, reading: Reading) -> None:
    balance = reading.balance
    amounts = [
        None if amount is None else stored.digits(amount)
        for amount in (balance.available, balance.voucher, balance.cash)
    ]
    db.execute(
        "INSERT INTO reading (account, key, fetched_at, available, voucher, cash)"
        " SELECT id, key, ?, ?, ?, ? FROM account WHERE id = ?",
        [stored.microseconds(reading.fetched_at), *amounts, number],
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
            stored.microseconds(attempt.started_at),
            stored.microseconds(attempt.ended_at),
            *words,
            attempt.failures,
            stored.microseconds(attempt.retry_at) if attempt.retry_at else None,
        ],
    )


def _problem(kind: str, message: str, hint: str, told: Any) -> Problem:
    wait = None if told is None else int(told)
    return Problem(Kind(kind), one_line(message), one_line(hint, 400), wait)
