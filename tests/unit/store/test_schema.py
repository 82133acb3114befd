"""The schema's versions, its migrations and its transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from moonshot_status.store import schema


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "balance.db"


@pytest.fixture
def db(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(file)) as db:
        yield db


def connect(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=0, isolation_level=None)


def create_tables(db: sqlite3.Connection, *names: str) -> None:
    with schema.transaction(db):
        for name in names:
            db.execute(f"CREATE TABLE {name} (a)")


def tables(db: sqlite3.Connection) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_a_transaction_takes_the_write_lock_before_it_reads(
    file: Path, db: sqlite3.Connection
) -> None:
    with (
        closing(connect(file)) as other,
        schema.transaction(db),
        pytest.raises(sqlite3.OperationalError, match="locked"),
        schema.transaction(other),
    ):
        pass
    with closing(connect(file)) as other, schema.transaction(other):
        pass


def test_a_transaction_is_committed_or_rolled_back(file: Path, db: sqlite3.Connection) -> None:
    create_tables(db, "first")
    with pytest.raises(sqlite3.OperationalError, match="exists"):
        create_tables(db, "second", "first")
    with closing(connect(file)) as other:
        assert tables(other) == {"first"}


def test_an_empty_file_is_migrated_to_the_present_version(db: sqlite3.Connection) -> None:
    assert schema.version(db) == 0
    schema.migrate(db)
    assert schema.version(db) == schema.VERSION
    assert tables(db) == {"account", "reading", "attempt", "move", "notice"}


def test_a_migrated_file_is_not_migrated_again(db: sqlite3.Connection) -> None:
    schema.migrate(db)
    db.execute("INSERT INTO account VALUES (1, 'a', 'china', 'k')")
    schema.migrate(db)
    assert db.execute("SELECT count(*) FROM account").fetchone() == (1,)


@pytest.mark.parametrize("function", [schema.version, schema.migrate])
def test_a_newer_file_is_an_error(db: sqlite3.Connection, function: object) -> None:
    assert callable(function)
    db.execute(f"PRAGMA user_version = {schema.VERSION}")
    function(db)
    db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    with pytest.raises(schema.NewerStoreError):
        function(db)
