"""The SQL that tests outside ``tests/unit/store`` need: what is in the store, and changes to it.

``file`` is the store's SQLite file; ``store_file`` returns its path.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from moonshot_status.store.database import FILE_NAME


def store_file(home: Path) -> Path:
    """Return the path of the store in a home folder without XDG variables."""
    return home / ".local" / "state" / "moonshot-status" / FILE_NAME


def pass_time(file: Path, seconds: int) -> None:
    """Move everything that is stored this far into the past; a negative time, into the future."""
    with closing(sqlite3.connect(file)) as db, db:
        db.create_function("past", 1, lambda moment: moment and moment - seconds * 1_000_000)
        db.execute("UPDATE reading SET fetched_at = past(fetched_at)")
        db.execute(
            "UPDATE attempt SET started_at = past(started_at), ended_at = past(ended_at),"
            " retry_at = past(retry_at)"
        )


def insert_older_readings(file: Path, count: int, *, seconds_apart: int = 300) -> None:
    """Insert ``count`` readings before the oldest one, with amounts that fall towards it."""
    with closing(sqlite3.connect(file)) as db, db:
        (first,) = db.execute("SELECT min(id) FROM reading").fetchone()
        db.execute("UPDATE reading SET id = id + ?", [count])
        db.execute(
            "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?)"
            " INSERT INTO reading (id, account, key, fetched_at, available, voucher, cash)"
            " SELECT n, account, key, fetched_at - ? * (? + 1 - n),"
            " printf('%.5f', 49.58894 + (? - n) * 0.00123), '46.58893', '3.00001'"
            " FROM number, (SELECT * FROM reading WHERE id = ?)",
            [count, seconds_apart * 1_000_000, count, count, first + count],
        )


def set_version(file: Path, version: int) -> None:
    """Make the file one of this version, whatever is in it; create it if necessary."""
    with closing(sqlite3.connect(file)) as db:
        db.execute(f"PRAGMA user_version = {version}")


def allow_any_value(file: Path) -> None:
    """Drop the NOT NULL constraints of all tables."""
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '')")


def set_cells(file: Path, cells: dict[str, Any]) -> None:
    """Set columns, named ``table.column``, to a value in every row."""
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        for name, value in cells.items():
            table, _, column = name.partition(".")
            db.execute(f"UPDATE {table} SET {column} = ?", [value])  # noqa: S608


def count_readings(file: Path) -> int:
    return len(amounts(file))


def count_attempts(file: Path) -> int:
    with closing(sqlite3.connect(file)) as db:
        return int(db.execute("SELECT count(*) FROM attempt").fetchone()[0])


def amounts(file: Path) -> list[str]:
    """Return the digits of the available amounts, in the order of storing."""
    with closing(sqlite3.connect(file)) as db:
        return [digits for (digits,) in db.execute("SELECT available FROM reading ORDER BY id")]


def readings_of_intact(file: Path) -> set[tuple[str, str]]:
    """Return the times and amounts of the readings as JSON has them; the file must be intact."""
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if db.execute("PRAGMA user_version").fetchone() == (0,):
            return set()
        rows = db.execute("SELECT fetched_at / 1000000, available FROM reading").fetchall()
    return {
        (f"{datetime.fromtimestamp(second, timezone.utc):%Y-%m-%dT%H:%M:%SZ}", available)
        for second, available in rows
    }


def readings_of_corrupt(file: Path) -> set[tuple[int, str]]:
    """Return the ids and amounts that can still be read from either end of a corrupt file."""
    found: set[tuple[int, str]] = set()
    query = "SELECT id, available FROM reading ORDER BY id"
    for order in (query, f"{query} DESC"):
        with closing(sqlite3.connect(f"{file.as_uri()}?immutable=1", uri=True)) as db:
            db.text_factory = lambda text: text.decode("utf-8", "replace")
            with suppress(sqlite3.Error):
                found.update(db.execute(order))
    return found


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold SQLite's lock on the file inside the block, as another process would."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
