"""Deletion: nothing of an account is left in the file, and other accounts are untouched."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from moonshot_status.api.backoff import Attempt
from moonshot_status.core import causes
from moonshot_status.core.account import Account, Balance, Reading, Secret, fingerprint
from moonshot_status.core.regions import Region
from moonshot_status.core.thresholds import Level
from moonshot_status.store import database, schema
from moonshot_status.store.accounts import AccountState
from moonshot_status.store.database import FILE_NAME, Store

NOW = datetime(2026, 11, 22, 18, 46, 24, tzinfo=timezone.utc)
WORK = Account("work", Region.INTERNATIONAL, "https://api.moonshot.ai", Secret("sk-work"))
OTHER = replace(WORK, secret=Secret("sk-other"))
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
DIGITS = "71.828182845904523"


def known(account: Account, available: str = DIGITS) -> AccountState:
    reading = Reading(Balance(Decimal(available)), NOW)
    return AccountState(reading, Attempt(NOW, NOW), fingerprint(account.secret.key))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a store with a reading and a notified level of two accounts."""
    store = Store(tmp_path / "state")
    for account, available in ((WORK, DIGITS), (OTHER, "3")):
        state = store.save(account, known(account, available), AccountState())
        assert state.reading
        store.record_level(account, "settings", state.reading, lambda _: Level.WARNING)
    return tmp_path / "state"


def begin(folder: Path, account: Account = WORK) -> database.Lease:
    lasts = timedelta(seconds=15)
    _, lease = Store(folder).begin_request(account, lasts, lambda: NOW, lambda _: True)
    assert lease
    return lease


def rows(folder: Path) -> dict[str, int]:
    """The number of rows of each table."""
    with closing(sqlite3.connect(folder / FILE_NAME)) as db:
        tables = [name for (name,) in db.execute(_TABLES)]
        return {name: db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}  # noqa: S608


def test_every_row_of_the_account_is_deleted_and_no_other(folder: Path) -> None:
    store = Store(folder)
    before = store.load(OTHER)
    with closing(sqlite3.connect(folder / FILE_NAME)) as db, db:
        db.execute("INSERT INTO move SELECT id, key, 2, 1, '', '', '', '', '' FROM account")
    tables = ["account", "attempt", "move", "notice", "reading"]
    assert rows(folder) == dict.fromkeys(tables, 2)
    assert store.forget(WORK) == len(tables)
    assert rows(folder) == dict.fromkeys(tables, 1)
    assert (store.load(WORK), store.load(OTHER)) == (AccountState(), before)
    assert (store.forget(WORK), store.error) == (0, None)


def test_nothing_is_left_in_the_file(folder: Path) -> None:
    Store(folder).save(WORK, known(WORK, "31.41592653589793"), AccountState())
    file = folder / FILE_NAME
    with closing(sqlite3.connect(file)) as db, db:  # as compaction deletes readings
        db.execute("PRAGMA secure_delete = OFF")
        db.execute("DELETE FROM reading WHERE available = ?", [DIGITS])
    assert DIGITS.encode() in file.read_bytes()
    Store(folder).forget(WORK)
    content = file.read_bytes()
    assert DIGITS.encode() not in content
    assert b"31.41592653589793" not in content
    assert WORK.identity.encode() not in content
    assert [path.name for path in folder.glob("balance*")] == [FILE_NAME]


@pytest.mark.parametrize("everything", [False, True])
def test_a_request_in_flight_does_not_write_its_result(folder: Path, everything: bool) -> None:
    lease = begin(folder)
    if everything:
        Store(folder).forget_all()
    else:
        Store(folder).forget(WORK)
    asking = Store(folder)
    assert asking.save(WORK, known(WORK, "9"), AccountState(), lease) == AccountState()
    assert asking.error is None
    assert Store(folder).load(WORK) == AccountState()
    assert begin(folder)


def test_a_request_of_another_account_writes_its_result(folder: Path) -> None:
    lease = begin(folder, OTHER)
    Store(folder).forget(WORK)
    saved = Store(folder).save(OTHER, known(OTHER, "9"), AccountState(), lease)
    assert saved == Store(folder).load(OTHER) == known(OTHER, "9")


def test_a_store_of_an_earlier_version_is_migrated(tmp_path: Path) -> None:
    sql = (Path(__file__).parent / "stores" / "1.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        db.executescript(sql)
    store = Store(tmp_path)
    assert (store.forget(WORK), store.error) == (0, None)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        assert schema.version(db) == schema.VERSION


def test_without_a_store_nothing_is_created(tmp_path: Path) -> None:
    store = Store(tmp_path / "none")
    assert (store.forget(WORK), store.forget_all(), store.error) == (0, 0, None)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("noise", [False, True])
def test_all_files_of_the_store_are_deleted_and_no_others(folder: Path, noise: bool) -> None:
    begin(folder, OTHER)
    for name in ("amounts", "setup.json", "balance.db.mine", "requests/mine"):
        (folder / name).write_text("mine", encoding="utf-8")
    for name in ("balance.db.damaged-1", "balance.db.damaged-1-journal", "requests/a.new"):
        (folder / name).write_bytes(b"noise")
    if noise:
        (folder / FILE_NAME).write_bytes(b"noise" * 4000)
    store = Store(folder)
    assert (store.forget_all(), store.error) == (2, None)
    left = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert left == {"amounts", "setup.json", "balance.db.mine", "requests/mine"}


def test_a_store_that_is_a_symlink_is_deleted_where_it_leads_to(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    elsewhere = tmp_path / "other" / "elsewhere"
    (folder / FILE_NAME).rename(elsewhere)
    (folder / FILE_NAME).symlink_to(elsewhere)
    Path(f"{elsewhere}-journal").write_bytes(b"")
    store = Store(folder)
    assert (store.load(WORK).reading is None, store.forget_all(), store.error) == (False, 1, None)
    assert list(elsewhere.parent.iterdir()) == []
    assert (folder / FILE_NAME).is_symlink()
    assert Store(folder).save(WORK, known(WORK), AccountState()) == known(WORK)
    assert elsewhere.exists()


def test_no_lease_behind_a_symlink_is_deleted(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine.lease").touch()
    (folder / "requests").symlink_to(tmp_path / "elsewhere")
    assert Store(folder).forget_all() == 1
    assert (tmp_path / "elsewhere" / "mine.lease").exists()


def test_the_folder_of_the_leases_goes_if_it_is_empty(folder: Path) -> None:
    begin(folder)
    Store(folder).forget_all()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("everything", [False, True])
def test_nothing_is_deleted_while_the_file_is_locked(
    folder: Path, everything: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.01)
    store, before = Store(folder), (folder / FILE_NAME).read_bytes()
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert (store.forget_all() if everything else store.forget(WORK)) == 0
    assert store.error
    assert store.error.cause is causes.STORE_LOCKED
    assert (folder / FILE_NAME).read_bytes() == before


def test_a_newer_store_is_deleted_only_as_a_whole(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE_NAME)) as db:
        db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    store = Store(folder)
    assert (store.forget(WORK), store.is_newer) == (0, True)
    assert Store(folder).forget_all() == 1
