"""Delete what is stored of one account, or the whole store."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from moonshot_status.core.account import Account
from moonshot_status.store import accounts, leases, schema

# Each table with rows of accounts, and its column with the id of the account.
_TABLES = {
    "reading": "account", "move": "account", "attempt": "account", "notice": "account",
    "account": "id",
}  # fmt: skip


def delete_account(db: sqlite3.Connection, account: Account, lease: Path) -> int:
    """Delete the rows of the account and its lease, and return how many rows there were.

    Without its lease, a request in flight does not store its result. Nothing of the rows is left in
    the file. Raises sqlite3.Error and NewerStoreError.
    """
    with schema.transaction(db):
        schema.migrate(db)
        row = accounts.account_row(db, account)
        count = sum(_delete(db, table, row[0]) for table in _TABLES) if row else 0
        leases.remove(lease)
    # Deleted rows stay in the pages of the file, also those that were compacted.
    db.execute("VACUUM")
    return count


def _delete(db: sqlite3.Connection, table: str, number: int) -> int:
    statement = f"DELETE FROM {table} WHERE {_TABLES[table]} = ?"  # noqa: S608
    return db.execute(statement, [number]).rowcount


def delete_files(folder: Path, name: str, lease_folder: str) -> int:
    """Delete the store of that name, its corrupt copies and all leases.

    Returns how many files there were apart from leases and journals. A store that is a symlink is
    deleted where it leads to, and the symlink stays. Raises OSError.
    """
    store, requests = Path(os.path.realpath(folder / name)), folder / lease_folder
    # The leases first: no request in flight may store its result in a new file. Then the journals:
    # a new file must never meet the journal of the old one.
    waiting = [] if requests.is_symlink() else [*requests.glob("*.lease"), *requests.glob("*.new")]
    copies = sorted(folder.glob(f"{name}.damaged-*"))
    count = store.exists() + sum(not path.name.endswith("-journal") for path in copies)
    for path in (*waiting, Path(f"{store}-journal"), *copies, store):
        path.unlink(missing_ok=True)
    with suppress(OSError):
        requests.rmdir()
    return count
