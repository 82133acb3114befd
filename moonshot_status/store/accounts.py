"""Read and write the state of accounts: the newest reading and the last attempt."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from moonshot_status.api.backoff import Attempt
from moonshot_status.core import causes
from moonshot_status.core.account import Account, Reading
from moonshot_status.core.errors import Kind, Problem, generic_cause
from moonshot_status.store import schema, values
from moonshot_status.store.leases import Lease, RequestInFlight

_MAX_FAILURES = 10**9


@dataclass(frozen=True)
class AccountState:
    """The stored state of an account: its newest reading and the last attempt to fetch one.

    ``key`` is the fingerprint of the key that was used last, empty if none was ever used.
    ``in_flight`` is the request that another process is making.
    """

    reading: Reading | None = None
    attempt: Attempt | None = None
    key: str = ""
    in_flight: RequestInFlight | None = None


AccountRow = tuple[int, str]
"""The id of an account's row, and the fingerprint of its present key."""


def read(db: sqlite3.Connection, account: Account) -> AccountState:
    """Return the state of the account. Raises sqlite3.Error and NewerStoreError."""
    version = schema.version(db)
    row = _account_row(db, account) if version else None
    if row is None:
        return AccountState()
    number, key = row
    return AccountState(newest_reading(db, number, key), _last_attempt(db, number, version), key)


def write(
    db: sqlite3.Connection, results: Sequence[tuple[Account, AccountState, Lease]]
) -> list[AccountState]:
    """Store attempts and their readings, all or nothing, and return the states after it.

    What was fetched under a lease that another process has taken over is not stored. Raises as
    ``read`` does.
    """
    with schema.transaction(db):
        schema.migrate(db)
        return [
            write_one(db, account, state) if lease.is_current() else read(db, account)
            for account, state, lease in results
        ]


def write_one(db: sqlite3.Connection, account: Account, latest: AccountState) -> AccountState:
    """Store an attempt and its reading, within a transaction, and return the state after it.

    Raises as ``read`` does.
    """
    number = _upsert_account(db, account, latest.key)
    if latest.reading:
        _insert_reading(db, number, latest.reading)
    if latest.attempt:
        _replace_attempt(db, number, latest.attempt)
    # Within the transaction: after it another process may have added a newer reading.
    state = read(db, account)
    if latest.reading and state.reading != latest.reading:
        raise sqlite3.DatabaseError("the file does not return what was written")
    return state


def account_row(db: sqlite3.Connection, account: Account) -> AccountRow | None:
    """Return the account's row, or None if there is none or the file has no history.

    Raises as ``read`` does.
    """
    return _account_row(db, account) if schema.version(db) >= schema.HISTORY_VERSION else None


def newest_reading(db: sqlite3.Connection, number: int, key: str) -> Reading | None:
    """Return the reading of this row and key that was stored last, or None."""
    row = db.execute(
        "SELECT fetched_at, available, voucher, cash FROM reading"
        " WHERE account = ? AND key = ? ORDER BY id DESC LIMIT 1",
        [number, key],
    ).fetchone()
    if row is None:
        return None
    with values.corrupt_if_invalid():
        return values.reading(*row)


def _account_row(db: sqlite3.Connection, account: Account) -> AccountRow | None:
    row: AccountRow | None = db.execute(
        "SELECT id, key FROM account WHERE identity = ?", [account.identity]
    ).fetchone()
    return row


def _last_attempt(db: sqlite3.Connection, number: int, version: int) -> Attempt | None:
    # Before version 3 a problem was stored as sentences, which are ignored.
    problem = "cause, facts, retry_after" if version >= 3 else "NULL, NULL, told"
    row = db.execute(
        f"SELECT started_at, ended_at, failures, retry_at, kind, {problem}"  # noqa: S608
        " FROM attempt WHERE account = ?",
        [number],
    ).fetchone()
    if row is None:
        return None
    with values.corrupt_if_invalid():
        started_at, ended_at, failures, retry_at, kind, *rest = row
        return Attempt(
            values.moment(started_at),
            values.moment(ended_at),
            None if kind is None else _problem(kind, *rest),
            min(max(int(failures), 0), _MAX_FAILURES),
            values.moment(retry_at) if retry_at is not None else None,
        )


def _upsert_account(db: sqlite3.Connection, account: Account, key: str) -> int:
    """Create the account's row if necessary, store its present key, and return its id."""
    region = account.region.value if account.region else ""
    db.execute(
        "INSERT INTO account (identity, region, key) VALUES (?, ?, ?)"
        " ON CONFLICT (identity) DO UPDATE SET key = coalesce(nullif(excluded.key, ''), key)",
        [account.identity, region, key],
    )
    row = db.execute("SELECT id FROM account WHERE identity = ?", [account.identity]).fetchone()
    with values.corrupt_if_invalid():
        return int(row[0])


def _insert_reading(db: sqlite3.Connection, number: int, reading: Reading) -> None:
    balance = reading.balance
    amounts = [
        None if amount is None else values.digits(amount)
        for amount in (balance.available, balance.voucher, balance.cash)
    ]
    db.execute(
        "INSERT INTO reading (account, key, fetched_at, available, voucher, cash)"
        " SELECT id, key, ?, ?, ?, ? FROM account WHERE id = ?",
        [values.microseconds(reading.fetched_at), *amounts, number],
    )


def _replace_attempt(db: sqlite3.Connection, number: int, attempt: Attempt) -> None:
    db.execute(
        "INSERT OR REPLACE INTO attempt (account, started_at, ended_at, failures, retry_at,"
        " kind, cause, facts, retry_after) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            number,
            values.microseconds(attempt.started_at),
            values.microseconds(attempt.ended_at),
            attempt.failures,
            values.microseconds(attempt.retry_at) if attempt.retry_at else None,
            *(_problem_row(attempt.problem) if attempt.problem else [None] * 4),
        ],
    )


def _problem_row(problem: Problem) -> list[Any]:
    name = causes.NAMES.get(problem.cause)
    facts = json.dumps(dict(problem.facts)) if name else None
    return [problem.kind.value, name, facts, problem.retry_after]


def _problem(kind: str, cause: str | None, facts: str | None, retry_after: Any) -> Problem:
    """Return the stored problem, with a generic cause if this version knows no such cause."""
    wait = None if retry_after is None else int(retry_after)
    found = causes.BY_NAME.get(cause or "")
    if found is not None and found.kind is Kind(kind):
        problem = Problem(found, tuple(json.loads(facts or "{}").items()), wait)
        # Another version's cause of this name may have other facts.
        with suppress(ValueError):
            problem.check()
            return problem
    return Problem(generic_cause(Kind(kind)), retry_after=wait)
