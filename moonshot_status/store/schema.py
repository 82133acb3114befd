"""The SQLite schema of the store: its migrations, its version and its transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress

MIGRATIONS = {
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
    # A problem is stored as the name of its cause and its facts (JSON), not as sentences.
    3: """
ALTER TABLE attempt RENAME TO attempt_2;
CREATE TABLE attempt (
    account INTEGER PRIMARY KEY REFERENCES account, started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL, kind TEXT, cause TEXT, facts TEXT, retry_after INTEGER,
    failures INTEGER NOT NULL, retry_at INTEGER
);
INSERT INTO attempt (account, started_at, ended_at, kind, retry_after, failures, retry_at)
    SELECT account, started_at, ended_at, kind, told, failures, retry_at FROM attempt_2;
DROP TABLE attempt_2;
""",
}
"""The statements that migrate the file to each version from the one before it."""
# An earlier version of the program leaves a file of a later one alone, and keeps a file of its own.
VERSION = max(MIGRATIONS)
HISTORY_VERSION = 2
"""The first version with the tables of the history and of the levels."""


class NewerStoreError(Exception):
    """The file was written by a newer version of this program."""


def version(db: sqlite3.Connection) -> int:
    """Return the version of the file's schema, 0 for an empty file. Raises NewerStoreError."""
    (found,) = db.execute("PRAGMA user_version").fetchone()
    if found > VERSION:
        raise NewerStoreError
    return int(found)


def migrate(db: sqlite3.Connection) -> None:
    """Migrate the file to ``VERSION``, within the caller's transaction."""
    for missing in range(version(db) + 1, VERSION + 1):
        for statement in filter(str.strip, MIGRATIONS[missing].split(";")):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {missing}")


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Commit all changes made inside the block, or none. Raises sqlite3.Error.

    The write lock is taken at the beginning: what the block reads cannot change before it writes.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise
