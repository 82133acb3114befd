"""The level of each account that was last worth a word, in the store.

A row is written when the level changes and not at each reading: a file that changes sends every bar
the long way. What cannot be made out of a row counts as never told.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from moonshot_status import stored, tables
from moonshot_status.account import Account, Level, Reading
from moonshot_status.notice import Change


def settle(
    db: sqlite3.Connection,
    account: Account,
    settings: str,
    reading: Reading,
    judge: Callable[[Level], Level],
) -> Change | None:
    """Remember the level that ``judge`` makes of the remembered one, and return a change to tell.

    However many processes see a change, one of them gets it. Only the account's newest reading is
    judged: who comes late with an older one changes nothing. Raises sqlite3.Error and
    NewerStoreError.
    """
    owner = tables.owner(db, account)
    if owner is None or not _change(db, owner, settings, judge):
        return None
    with tables.transaction(db):
        # Once more: another process may have written meanwhile.
        change = _change(db, owner, settings, judge)
        if change is None or tables.newest(db, *owner) != reading:
            return None
        db.execute(
            "INSERT OR REPLACE INTO notice (account, settings, level, fetched_at)"
            " VALUES (?, ?, ?, ?)",
            [owner[0], settings, change.level.value, stored.microseconds(reading.fetched_at)],
        )
    return change if change.is_news else None


def _change(
    db: sqlite3.Connection, owner: tables.Owner, settings: str, judge: Callable[[Level], Level]
) -> Change | None:
    row = db.execute(
        "SELECT level FROM notice WHERE account = ? AND settings = ?"
        " AND level IN ('ok', 'warning', 'critical', 'empty')",
        [owner[0], settings],
    ).fetchone()
    previous = Level(row[0]) if row else Level.UNKNOWN
    level = judge(previous)
    return None if level is previous else Change(previous, level)
