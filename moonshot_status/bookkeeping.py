"""The past in the store: the newest readings as they came, before them moves by hour and by day.

So a file that is fed for years stays small, and what a poll has to read of it does, too. How much
is kept is counted in rows and not in days: a clock that is wrong must not throw anything away.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from moonshot_status import ledger, stored, tables, timeline, vouchers
from moonshot_status.account import Account, Reading
from moonshot_status.ledger import Books, Move
from moonshot_status.tables import Owner

# Of each account, in rows: with a reading every five minutes a day or so as they came, then
# six weeks by the hour, then more than five years by the day. Older days are dropped.
_MOST_READINGS, _BOOKED_AT_ONCE = 400, 200
_MOST_HOURS, _MOST_DAYS = 1000, 2000
# When hours become days, as many rows as this are gone through.
_AGED_AT_ONCE = 300
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# Of readings that nobody booked yet, as many as this are looked at, and then every so manieth.
_UNBOOKED = 1600
_STRIDE = 16
_UNBOOKED_STRIDES = 1000


def books(db: sqlite3.Connection, account: Account, since: datetime | None = None) -> Books:
    """The account's past, or what a forecast needs of it: from ``since`` on, and not every reading.

    Raises sqlite3.Error and NewerStoreError.
    """
    owner = tables.owner(db, account)
    if owner is None:
        return Books()
    readings = timeline.up_to_newest(_readings(db, owner, whole=since is None))
    if since is not None:
        readings = [reading for reading in readings if reading.fetched_at >= since]
    if not readings:
        return Books()
    booked = _moves(db, owner, since, until=readings[0].fetched_at)
    moves = vouchers.with_ends([*booked, *ledger.moves(readings)])
    return Books(moves, readings[-1])


def book(db: sqlite3.Connection, account: Account) -> None:
    """Turn the oldest readings into moves, and the oldest of those into coarser ones.

    Raises as ``books`` does.
    """
    owner = tables.owner(db, account)
    if owner is None or not _are_more_readings(db, owner):
        return
    with tables.transaction(db):
        _book_readings(db, owner)
        _book_days(db, owner)
        _drop_oldest(db, owner)


def _are_more_readings(db: sqlite3.Connection, owner: Owner) -> bool:
    """Than there shall be; to count them all would take long."""
    row = db.execute(
        "SELECT 1 FROM reading WHERE account = ? AND key = ? LIMIT 1 OFFSET ?",
        [*owner, _MOST_READINGS],
    ).fetchone()
    return row is not None


def _readings(db: sqlite3.Connection, owner: Owner, *, whole: bool) -> list[Reading]:
    """In the order in which they were stored."""
    select = (
        "SELECT id, fetched_at, available, voucher, cash FROM reading WHERE account = ? AND key = ?"
    )
    found = db.execute(
        f"{select} ORDER BY id DESC LIMIT ?", [*owner, -1 if whole else _UNBOOKED]
    ).fetchall()
    if not whole and len(found) == _UNBOOKED:
        found += db.execute(
            f"{select} AND id < ? AND id % ? = 0 ORDER BY id DESC LIMIT ?",
            [*owner, found[-1][0], _STRIDE, _UNBOOKED_STRIDES],
        )
    with stored.damage_if_senseless():
        return [stored.reading(*values) for _, *values in reversed(found)]


def _moves(
    db: sqlite3.Connection, owner: Owner, since: datetime | None, until: datetime
) -> list[Move]:
    """Those that end after ``since`` and not after ``until``, in order."""
    after = stored.microseconds(since) if since else 0
    found = db.execute(
        "SELECT begins, ends, from_voucher, from_cash, topped_up, granted, ended FROM move"
        " WHERE account = ? AND key = ? AND ends > ? AND ends <= ? ORDER BY ends",
        [*owner, after, stored.microseconds(until)],
    ).fetchall()
    return _as_moves(found)


def _as_moves(found: Sequence[tuple[Any, ...]]) -> list[Move]:
    with stored.damage_if_senseless():
        return [
            Move(stored.moment(begins), stored.moment(ends), *map(stored.total, amounts))
            for begins, ends, *amounts in found
        ]


def _book_readings(db: sqlite3.Connection, owner: Owner) -> None:
    """The oldest, up to one after which nothing was paid back."""
    oldest = db.execute(
        "SELECT id, fetched_at, available, voucher, cash FROM reading"
        " WHERE account = ? AND key = ? ORDER BY id LIMIT ?",
        [*owner, _MOST_READINGS],
    ).fetchall()
    with stored.damage_if_senseless():
        number_of = {stored.reading(*values): number for number, *values in oldest}
    kept = timeline.in_order(list(number_of))
    old = [place for place, r in enumerate(kept) if number_of[r] <= oldest[_BOOKED_AT_ONCE][0]]
    settled = (place for place in reversed(old) if ledger.is_settled(kept, place))
    last = next(settled, old[-1] if old else 0)
    moves = ledger.merged(ledger.moves(kept[: last + 1]), _hour, _HOUR)
    if moves:
        db.execute(
            "DELETE FROM move WHERE account = ? AND key = ? AND ends > ?",
            [*owner, stored.microseconds(moves[0].start)],
        )
    _insert(db, owner, moves)
    db.execute(
        "DELETE FROM reading WHERE account = ? AND key = ? AND id < ?",
        [*owner, number_of[kept[last]]],
    )


def _book_days(db: sqlite3.Connection, owner: Owner) -> None:
    """Make days of the hours beyond the newest; by then it is clear whether a voucher ended."""
    found = db.execute(
        "SELECT begins, ends, from_voucher, from_cash, topped_up, granted, ended FROM move"
        " WHERE account = ? AND key = ? ORDER BY ends DESC LIMIT ?",
        [*owner, _MOST_HOURS + _AGED_AT_ONCE],
    ).fetchall()
    moves = vouchers.with_ends(_as_moves(found[::-1]))
    aged = moves[: max(0, len(moves) - _MOST_HOURS)]
    if aged:
        db.execute(
            "DELETE FROM move WHERE account = ? AND key = ? AND ends BETWEEN ? AND ?",
            [*owner, stored.microseconds(aged[0].end), stored.microseconds(aged[-1].end)],
        )
        _insert(db, owner, ledger.merged(aged, _local_day, _DAY))


def _drop_oldest(db: sqlite3.Connection, owner: Owner) -> None:
    db.execute(
        "DELETE FROM move WHERE account = ? AND key = ? AND ends <= (SELECT ends FROM move"
        " WHERE account = ? AND key = ? ORDER BY ends DESC LIMIT 1 OFFSET ?)",
        [*owner, *owner, _MOST_HOURS + _MOST_DAYS],
    )


def _insert(db: sqlite3.Connection, owner: Owner, moves: Sequence[Move]) -> None:
    db.executemany(
        "INSERT INTO move (account, key, begins, ends, from_voucher, from_cash, topped_up,"
        " granted, ended) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            [
                *owner,
                stored.microseconds(move.start),
                stored.microseconds(move.end),
                stored.digits(move.from_voucher),
                stored.digits(move.from_cash),
                stored.digits(move.topped_up),
                stored.digits(move.granted),
                stored.digits(move.ended),
            ]
            for move in moves
        ],
    )


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _local_day(moment: datetime) -> object:
    return moment.astimezone().date()
