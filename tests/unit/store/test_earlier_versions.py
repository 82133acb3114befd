"""Stores as each version of the schema left them, in ``stores/``: they are read and migrated.

Their SQL is written out, so that a change of an earlier migration is noticed. It has two accounts,
one of them with a key that was replaced, readings, attempts and, from version 2 on, a past and the
levels of the last notifications.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from kit.support import KEY

from moonshot_status.core.account import Account, Secret
from moonshot_status.core.errors import Kind
from moonshot_status.core.hysteresis import LevelChange
from moonshot_status.core.regions import Region
from moonshot_status.core.thresholds import Level
from moonshot_status.store import schema
from moonshot_status.store.accounts import AccountState
from moonshot_status.store.database import FILE_NAME, Store

STORES = Path(__file__).with_name("stores")
VERSIONS = sorted(int(path.stem) for path in STORES.iterdir())
NOW = datetime(2026, 11, 22, 18, 46, 24, 123456, timezone.utc)
SECOND = timedelta(seconds=1)
WORK = Account("work", Region.INTERNATIONAL, "https://api.moonshot.ai", Secret(KEY))
CHINA = Account(
    "cn", Region.CHINA, "https://api.moonshot.cn", Secret(command=("pass", "show", "moonshot"))
)


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def store(tmp_path: Path, version: int) -> Store:
    """The store of that version, without an error so far."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    with closing(sqlite3.connect(folder / FILE_NAME)) as db:
        db.executescript((STORES / f"{version}.sql").read_text(encoding="utf-8"))
    return Store(folder)


def all_rows(store: Store, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(store._file)) as db:
        return db.execute(query).fetchall()


def test_there_is_a_store_of_every_version_before_the_present_one() -> None:
    assert set(VERSIONS) >= set(range(1, schema.VERSION))


def assert_complete(store: Store, version: int) -> None:
    """The state of both accounts is as the earlier version left it."""
    work, china = store.load(WORK), store.load(CHINA)
    assert store.error is None
    assert work.reading is not None
    assert china.reading is not None
    assert str(work.reading.balance.cash) == "3.00001"
    assert (str(china.reading.balance.available), china.reading.balance.cash) == ("350.5", None)
    assert china.attempt is not None
    assert (china.attempt.problem, china.attempt.retry_at) == (None, None)
    assert work.attempt is not None
    assert (work.attempt.failures, work.attempt.retry_at) == (3, NOW + 331 * SECOND)
    problem = work.attempt.problem
    assert problem is not None
    assert (problem.kind, problem.retry_after) == (Kind.RATE_LIMITED, 30)
    # Before version 3 a problem was stored as sentences, which are ignored.
    expected = "Too many requests for this account" if version >= 3 else "Rate limited"
    assert problem.message == expected


def test_it_is_read_as_it_is(store: Store, version: int) -> None:
    before = store._file.read_bytes()
    assert_complete(store, version)
    spent = [str(entry.spent) for entry in store.history(WORK).entries]
    assert spent == (["1.5", "0.25", "0.50000"] if version >= 2 else [])
    assert store.error is None
    assert store._file.read_bytes() == before


def test_it_is_migrated_with_all_that_it_holds(store: Store, version: int) -> None:
    readings = all_rows(store, "SELECT * FROM reading ORDER BY id")
    assert_complete(store, version)
    china = store.load(CHINA)
    assert store.save(CHINA, replace(china, reading=None), china) == china
    assert all_rows(store, "PRAGMA user_version") == [(schema.VERSION,)]
    assert all_rows(store, "PRAGMA integrity_check") == [("ok",)]
    assert all_rows(store, "SELECT * FROM reading ORDER BY id") == readings
    assert_complete(store, version)
    past = ["1.5", "0.25"] if version >= 2 else []
    entries = store.history(WORK).entries
    assert [str(entry.spent) for entry in entries] == [*past, "0.50000"]
    assert sum(entry.topped_up + entry.granted for entry in entries) == (25 if past else 0)
    assert [str(entry.ended) for entry in store.history(CHINA).entries] == ["1"] * bool(past)


def test_no_notification_is_repeated_after_the_migration(store: Store, version: int) -> None:
    state = store.load(WORK)
    store.save(WORK, replace(state, reading=None), state)
    assert state.reading is not None
    seen: list[Level] = []

    def judge(previous: Level) -> Level:
        seen.append(previous)
        return Level.WARNING

    change = store.record_level(WORK, "settings", state.reading, judge)
    assert seen[0] is (Level.WARNING if version >= 2 else Level.UNKNOWN)
    assert change == (None if version >= 2 else LevelChange(Level.UNKNOWN, Level.WARNING))
    assert store.error is None


def test_a_migrated_store_has_the_tables_of_a_new_one(store: Store, tmp_path: Path) -> None:
    state, new = store.load(WORK), Store(tmp_path / "new")
    store.save(WORK, state, AccountState())
    new.save(WORK, state, AccountState())
    query = (
        'SELECT t.name, c.name, c.type, c."notnull", c.pk FROM sqlite_master AS t,'
        " pragma_table_info(t.name) AS c WHERE t.type = 'table' ORDER BY t.name, c.cid"
    )
    assert all_rows(store, query) == all_rows(new, query)
