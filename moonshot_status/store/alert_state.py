"""The level of each account at its last notification.

A row is written when the level changes, not for each reading: any change of the file makes every
bar's cached reply invalid. An invalid row counts as no row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from moonshot_status.core.account import Account, Reading
from moonshot_status.core.hysteresis import LevelChange
from moonshot_status.core.thresholds import Level
from moonshot_status.store import accounts, schema, values


def record_level(
    db: sqlite3.Connection, account: Account, settings: str, reading: Reading,
    judge: Callable[[Level], Level],
) -> LevelChange | None:  # fmt: skip
    """Store the level that ``judge`` returns for the stored one, and return a notable change.

    ``settings`` names the notification settings. If several processes see a change, one of them
    gets it. A ``reading`` older than the account's newest one changes nothing. Raises
    sqlite3.Error and NewerStoreError.
    """
    row = accounts.account_row(db, account)
    if row is None or not _change(db, row, settings, judge):
        return None
    with schema.transaction(db):
        # Again within the transaction: another process may have written.
        change = _change(db, row, settings, judge)
        if change is None or accounts.newest_reading(db, *row) != reading:
            return None
        db.execute(
            "INSERT OR REPLACE INTO notice (account, settings, level, fetched_at)"
            " VALUES (?, ?, ?, ?)",
            [row[0], settings, change.level.value, values.microseconds(reading.fetched_at)],
        )
    return change if change.is_notable else None


def _change(
    db: sqlite3.Connection, row: accounts.AccountRow, settings: str,
    judge: Callable[[Level], Level],
) -> LevelChange | None:  # fmt: skip
    stored = db.execute(
        "SELECT level FROM notice WHERE account = ? AND settings = ?"
        " AND level IN ('ok', 'warning', 'critical', 'empty')",
        [row[0], settings],
    ).fetchone()
    previous = Level(stored[0]) if stored else Level.UNKNOWN
    level = judge(previous)
    return None if level is previous else LevelChange(previous, level)
