"""Compact old readings into entries of the ledger, first by hour, then by day.

The file stays small however long it is in use, and so does the part that a poll reads. Limits count
rows, not days: a wrong clock must not delete anything.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from moonshot_status.core.account import Account, Reading
from moonshot_status.core.local_time import local_date
from moonshot_status.spending import ledger, timestamps, vouchers
from moonshot_status.spending.ledger import Entry, History
from moonshot_status.store import accounts, schema, values
from moonshot_status.store.accounts import AccountRow

# Rows of each account. With a reading every five minutes: readings of a day or so, then entries by
# the hour for six weeks, then by the day for more than five years. Older days are deleted.
_MAX_READINGS, _COMPACTED_AT_ONCE = 400, 200
_MAX_HOURS, _MAX_DAYS = 1000, 2000
_HOURS_AT_ONCE = 300
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# A forecast reads this many uncompacted readings at most.
_MAX_UNCOMPACTED = 1600


def load_history(
    db: sqlite3.Connection, account: Account, since: datetime | None = None
) -> History:
    """Return the whole history, or the part from ``since`` (UTC) on that a forecast needs.

    Raises sqlite3.Error and NewerStoreError.
    """
    row = accounts.account_row(db, account)
    if row is None:
        return History()
    stored = _readings(db, row, -1 if since is None else _MAX_UNCOMPACTED)
    readings = timestamps.up_to_newest(timestamps.drop_before(_compacted_until(db, row), stored))
    if since is not None:
        readings = [reading for reading in readings if reading.fetched_at >= since]
    if not readings:
        return History()
    compacted = _entries(db, row, since, until=readings[0].fetched_at)
    entries = vouchers.mark_expired([*compacted, *ledger.entries_from(readings)])
    return History(entries, readings[-1])


def compact(db: sqlite3.Connection, account: Account) -> None:
    """Turn the oldest readings into entries by hour, and the oldest of those into days.

    Raises as ``load_history`` does.
    """
    row = accounts.account_row(db, account)
    if row is None or not _has_too_many_readings(db, row):
        return
    with schema.transaction(db):
        _compact_readings(db, row)
        _compact_hours(db, row)
        _drop_oldest(db, row)


def _has_too_many_readings(db: sqlite3.Connection, row: AccountRow) -> bool:
    # Counting them all would take long.
    found = db.execute(
        "SELECT 1 FROM reading WHERE account = ? AND key = ? LIMIT 1 OFFSET ?",
        [*row, _MAX_READINGS],
    ).fetchone()
    return found is not None


def _readings(db: sqlite3.Connection, row: AccountRow, limit: int) -> list[Reading]:
    """Return the newest readings, all of them with a limit of -1, in the order of storing."""
    found = db.execute(
        "SELECT fetched_at, available, voucher, cash FROM reading WHERE account = ? AND key = ?"
        " ORDER BY id DESC LIMIT ?",
        [*row, limit],
    ).fetchall()
    with values.corrupt_if_invalid():
        return [values.reading(*columns) for columns in reversed(found)]


def _entries(
    db: sqlite3.Connection, row: AccountRow, since: datetime | None, until: datetime
) -> list[Entry]:
    """Return the entries that end after ``since`` and not after ``until``, in order."""
    after = values.microseconds(since) if since else 0
    found = db.execute(
        "SELECT begins, ends, from_voucher, from_cash, topped_up, granted, ended FROM move"
        " WHERE account = ? AND key = ? AND ends > ? AND ends <= ? ORDER BY ends",
        [*row, after, values.microseconds(until)],
    ).fetchall()
    return _as_entries(found)


def _as_entries(found: Sequence[tuple[Any, ...]]) -> list[Entry]:
    with values.corrupt_if_invalid():
        return [
            Entry(values.moment(begins), values.moment(ends), *map(values.total, amounts))
            for begins, ends, *amounts in found
        ]


def _compact_readings(db: sqlite3.Connection, row: AccountRow) -> None:
    """Compact the oldest readings, up to one after which no charge is refunded."""
    oldest = db.execute(
        "SELECT id, fetched_at, available, voucher, cash FROM reading"
        " WHERE account = ? AND key = ? ORDER BY id LIMIT ?",
        [*row, _MAX_READINGS],
    ).fetchall()
    with values.corrupt_if_invalid():
        id_of = {values.reading(*columns): row_id for row_id, *columns in oldest}
    in_time = timestamps.drop_before(_compacted_until(db, row), list(id_of))
    kept = timestamps.drop_out_of_order(in_time)
    limit = oldest[_COMPACTED_AT_ONCE][0]
    old = [index for index, reading in enumerate(kept) if id_of[reading] <= limit]
    settled = (index for index in reversed(old) if ledger.is_settled(kept, index))
    last = next(settled, old[-1] if old else 0)
    entries = ledger.merge_by_period(ledger.entries_from(kept[: last + 1]), _hour, _HOUR)
    if entries:
        db.execute(
            "DELETE FROM move WHERE account = ? AND key = ? AND ends > ?",
            [*row, values.microseconds(entries[0].start)],
        )
    _insert(db, row, entries)
    db.execute(
        "DELETE FROM reading WHERE account = ? AND key = ? AND id < ?",
        [*row, id_of[kept[last]]],
    )


def _compacted_until(db: sqlite3.Connection, row: AccountRow) -> datetime:
    """Return the end of the newest entry."""
    (newest,) = db.execute(
        "SELECT max(ends) FROM move WHERE account = ? AND key = ?", [*row]
    ).fetchone()
    with values.corrupt_if_invalid():
        return values.moment(newest or 0)


def _compact_hours(db: sqlite3.Connection, row: AccountRow) -> None:
    """Merge the oldest hours into days; by then it is known whether a voucher has expired."""
    found = db.execute(
        "SELECT begins, ends, from_voucher, from_cash, topped_up, granted, ended FROM move"
        " WHERE account = ? AND key = ? ORDER BY ends DESC LIMIT ?",
        [*row, _MAX_HOURS + _HOURS_AT_ONCE],
    ).fetchall()
    entries = vouchers.mark_expired(_as_entries(found[::-1]))
    oldest = entries[: max(0, len(entries) - _MAX_HOURS)]
    if oldest:
        db.execute(
            "DELETE FROM move WHERE account = ? AND key = ? AND ends BETWEEN ? AND ?",
            [*row, values.microseconds(oldest[0].end), values.microseconds(oldest[-1].end)],
        )
        _insert(db, row, ledger.merge_by_period(oldest, local_date, _DAY))


def _drop_oldest(db: sqlite3.Connection, row: AccountRow) -> None:
    db.execute(
        "DELETE FROM move WHERE account = ? AND key = ? AND ends <= (SELECT ends FROM move"
        " WHERE account = ? AND key = ? ORDER BY ends DESC LIMIT 1 OFFSET ?)",
        [*row, *row, _MAX_HOURS + _MAX_DAYS],
    )


def _insert(db: sqlite3.Connection, row: AccountRow, entries: Sequence[Entry]) -> None:
    db.executemany(
        "INSERT INTO move (account, key, begins, ends, from_voucher, from_cash, topped_up,"
        " granted, ended) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            [
                *row,
                *map(values.microseconds, (entry.start, entry.end)),
                *map(values.digits, entry.amounts),
            ]
            for entry in entries
        ],
    )


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
