"""Check the store without changing it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from moonshot_status.store import schema
from moonshot_status.store.database import READ_BUSY_SECONDS, connect


class CorruptStoreError(Exception):
    """The file is not a usable SQLite database."""


def count_readings(file: Path) -> int | None:
    """Return the number of readings that are not compacted yet, or None for an empty file.

    The file is opened as every poll opens it. Raises NewerStoreError, CorruptStoreError, and
    OSError if it cannot be opened.
    """
    try:
        with closing(connect(file, READ_BUSY_SECONDS)) as db:
            if not schema.version(db):
                return None
            (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise CorruptStoreError
            (readings,) = db.execute("SELECT count(*) FROM reading").fetchone()
            return int(readings)
    except sqlite3.OperationalError as error:
        raise OSError(str(error)) from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise CorruptStoreError from error


def is_newer(file: Path) -> bool:
    """Return whether a newer version of this program wrote the file; False if it is unreadable."""
    try:
        with closing(connect(file, READ_BUSY_SECONDS)) as db:
            schema.version(db)
    except schema.NewerStoreError:
        return True
    except (sqlite3.Error, OSError, UnicodeDecodeError):
        return False
    return False
