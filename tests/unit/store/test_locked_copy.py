"""Reading a store that another process has locked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from moonshot_status.store import locked_copy


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "file.db"
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("CREATE TABLE t (x)")
        db.execute("INSERT INTO t VALUES (1)")
    return file


@pytest.fixture
def writer(file: Path) -> Iterator[sqlite3.Connection]:
    """Another process in the middle of a transaction that it has written in part."""
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN EXCLUSIVE")
        db.execute("UPDATE t SET x = 2")
        db.executemany("INSERT INTO t VALUES (?)", [("x" * 5000,)] * 20)
        yield db


def test_the_state_before_the_transaction_is_read(file: Path, writer: sqlite3.Connection) -> None:
    size = file.stat().st_size
    assert Path(f"{file}-journal").stat().st_size > 0
    with locked_copy.open_copy(file) as db:
        assert db.execute("SELECT x FROM t").fetchall() == [(1,)]
    assert file.stat().st_size == size
    writer.execute("COMMIT")
    with locked_copy.open_copy(file) as db:
        assert db.execute("SELECT count(*) FROM t").fetchone() == (21,)


def test_nothing_is_left_of_the_copy(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(locked_copy.tempfile, "tempdir", str(tmp_path / "tmp"))
    with locked_copy.open_copy(file):
        (folder,) = (tmp_path / "tmp").iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_file_that_changes_all_the_time_stays_locked(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copyfile, copies = locked_copy.shutil.copyfile, []

    def copy(source: str, target: Path) -> None:
        copyfile(source, target)
        copies.append(target)
        with open(file, "ab") as other:
            other.write(b"x")

    monkeypatch.setattr(locked_copy.shutil, "copyfile", copy)
    with pytest.raises(sqlite3.OperationalError, match="locked"), locked_copy.open_copy(file):
        pass
    assert len(copies) == 3


def test_a_copy_that_is_corrupt_says_nothing_about_the_file(file: Path) -> None:
    file.write_bytes(b"x" * 10_000)
    with (
        pytest.raises(sqlite3.OperationalError, match="locked"),
        locked_copy.open_copy(file) as db,
    ):
        db.execute("SELECT x FROM t")
