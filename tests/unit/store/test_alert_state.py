"""The stored level of the last notification."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from kit.support import KEY

from moonshot_status.core.account import Account, Balance, Reading, Secret, fingerprint
from moonshot_status.core.hysteresis import LevelChange
from moonshot_status.core.regions import Region
from moonshot_status.core.thresholds import Level
from moonshot_status.store import database as store_module
from moonshot_status.store import schema
from moonshot_status.store.accounts import AccountState
from moonshot_status.store.database import FILE_NAME, Store

NOW = datetime(2026, 11, 22, 18, 46, 24, 123456, timezone.utc)
ACCOUNT = Account("a", Region.INTERNATIONAL, "https://api.moonshot.ai", Secret(KEY))
OK, WARNING, CRITICAL, UNKNOWN = Level.OK, Level.WARNING, Level.CRITICAL, Level.UNKNOWN


def keep(store: Store, minute: int, account: Account = ACCOUNT) -> Reading:
    reading = Reading(Balance(Decimal(minute)), NOW + timedelta(minutes=minute))
    store.save(account, AccountState(reading, None, fingerprint(KEY)), AccountState())
    return reading


def becomes(level: Level) -> Callable[[Level], Level]:
    return lambda _: level


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


@pytest.fixture
def first(store: Store) -> Reading:
    return keep(store, 0)


def remembered(folder: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / FILE_NAME)) as db:
        return db.execute("SELECT account, settings, level, fetched_at FROM notice").fetchall()


def test_a_change_is_returned_once(store: Store, tmp_path: Path, first: Reading) -> None:
    assert store.record_level(ACCOUNT, "s", first, becomes(WARNING)) == LevelChange(
        UNKNOWN, WARNING
    )
    for another in (store, Store(tmp_path)):
        assert another.record_level(ACCOUNT, "s", first, becomes(WARNING)) is None
    second = keep(store, 5)
    assert Store(tmp_path).record_level(ACCOUNT, "s", second, becomes(OK)) == LevelChange(
        WARNING, OK
    )
    assert remembered(tmp_path) == [(1, "s", "ok", 1795373484123456)]


def test_a_first_level_that_is_ok_is_stored_without_a_notification(
    store: Store, tmp_path: Path, first: Reading
) -> None:
    assert store.record_level(ACCOUNT, "s", first, becomes(OK)) is None
    assert [row[2] for row in remembered(tmp_path)] == ["ok"]
    assert store.record_level(ACCOUNT, "s", first, becomes(WARNING)) == LevelChange(OK, WARNING)


def test_an_older_reading_changes_nothing(store: Store, tmp_path: Path, first: Reading) -> None:
    second = keep(store, 5)
    assert store.record_level(ACCOUNT, "s", first, becomes(CRITICAL)) is None
    assert remembered(tmp_path) == []
    assert store.record_level(ACCOUNT, "s", second, becomes(OK)) is None
    assert store.record_level(ACCOUNT, "s", first, becomes(CRITICAL)) is None
    assert [row[2] for row in remembered(tmp_path)] == ["ok"]


def test_the_newest_is_the_one_that_came_last_whatever_its_clock_said(
    store: Store, first: Reading
) -> None:
    late = keep(store, -500)
    assert store.record_level(ACCOUNT, "s", first, becomes(WARNING)) is None
    assert store.record_level(ACCOUNT, "s", late, becomes(WARNING)) == LevelChange(UNKNOWN, WARNING)


def test_accounts_and_settings_do_not_see_each_other(store: Store, first: Reading) -> None:
    china = replace(ACCOUNT, region=Region.CHINA)
    other = keep(store, 0, china)
    for account, reading in ((ACCOUNT, first), (china, other)):
        for name in ("s", "t"):
            assert store.record_level(account, name, reading, becomes(WARNING)) is not None
            assert store.record_level(account, name, reading, becomes(WARNING)) is None


def test_an_unchanged_level_leaves_the_file_alone(
    store: Store, tmp_path: Path, first: Reading
) -> None:
    store.record_level(ACCOUNT, "s", first, becomes(WARNING))
    second = keep(store, 5)
    before = (tmp_path / FILE_NAME).stat()
    assert store.record_level(ACCOUNT, "s", second, becomes(WARNING)) is None
    assert store.record_level(ACCOUNT, "s", first, becomes(CRITICAL)) is None
    after = (tmp_path / FILE_NAME).stat()
    assert (before.st_mtime_ns, before.st_ctime_ns) == (after.st_mtime_ns, after.st_ctime_ns)


@pytest.mark.parametrize("level", ["unknown", "canary", "", 5, b"\xff", "x\0"])
def test_an_invalid_row_counts_as_no_row(
    store: Store, tmp_path: Path, first: Reading, level: object
) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db, db:
        db.execute("INSERT INTO notice VALUES (1, 's', ?, 'canary')", [level])
    assert store.record_level(ACCOUNT, "s", first, becomes(WARNING)) == LevelChange(
        UNKNOWN, WARNING
    )
    assert store.record_level(ACCOUNT, "s", first, becomes(WARNING)) is None


def test_a_level_that_is_not_text_counts_as_no_row(
    store: Store, tmp_path: Path, first: Reading
) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db, db:
        db.execute("INSERT INTO notice VALUES (1, 's', CAST(x'ff' AS TEXT), 0)")
    assert store.record_level(ACCOUNT, "s", first, becomes(WARNING)) == LevelChange(
        UNKNOWN, WARNING
    )


def drop_table(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE_NAME)) as db, db:
        db.execute("DROP TABLE notice")


def older(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE_NAME)) as db, db:
        db.execute("PRAGMA user_version = 1")


def newer(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE_NAME)) as db, db:
        db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")


TROUBLES: dict[str, Callable[[Path], object]] = {
    "no file": lambda folder: (folder / FILE_NAME).unlink(),
    "no database": lambda folder: (folder / FILE_NAME).write_bytes(b"canary" * 1000),
    "no table": drop_table,
    "an older version": older,
    "a newer version": newer,
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_an_error_returns_no_change(
    store: Store, tmp_path: Path, first: Reading, trouble: str
) -> None:
    TROUBLES[trouble](tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    assert store.record_level(ACCOUNT, "s", first, becomes(WARNING)) is None
    assert store.error is None
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_store_without_a_folder_returns_no_change(first: Reading) -> None:
    nowhere = Store(Path("relative"))
    assert nowhere.record_level(ACCOUNT, "s", first, becomes(WARNING)) is None


def test_an_unknown_account_has_no_change(store: Store, first: Reading) -> None:
    stranger = replace(ACCOUNT, secret=Secret("sk-stranger"))
    assert store.record_level(stranger, "s", first, becomes(WARNING)) is None


def test_a_file_that_is_held_for_long_is_not_waited_for_for_ever(
    store: Store, tmp_path: Path, first: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert store.record_level(ACCOUNT, "s", first, becomes(WARNING)) is None
    assert store.record_level(ACCOUNT, "s", first, becomes(WARNING)) == LevelChange(
        UNKNOWN, WARNING
    )


def test_who_comes_second_finds_the_level_that_the_first_one_wrote(
    store: Store, tmp_path: Path, first: Reading
) -> None:
    """The second has read the row before the first one writes it."""
    asked: list[Level] = []

    def judge(previous: Level) -> Level:
        asked.append(previous)
        if len(asked) == 1:
            assert Store(tmp_path).record_level(ACCOUNT, "s", first, becomes(WARNING)) is not None
        return WARNING

    assert store.record_level(ACCOUNT, "s", first, judge) is None
    assert asked == [UNKNOWN, WARNING]


def test_many_threads_get_a_change_once(store: Store, tmp_path: Path, first: Reading) -> None:
    found: list[LevelChange | None] = []
    start = threading.Barrier(20)

    def settle() -> None:
        start.wait()
        found.append(Store(tmp_path).record_level(ACCOUNT, "s", first, becomes(WARNING)))

    threads = [threading.Thread(target=settle) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, found))[:1] == [str(LevelChange(UNKNOWN, WARNING))]
    assert found.count(None) == 19


def test_a_judge_that_fails_leaves_nothing_behind(
    store: Store, tmp_path: Path, first: Reading
) -> None:
    answers = [WARNING]
    with pytest.raises(IndexError):
        store.record_level(ACCOUNT, "s", first, lambda _: answers.pop())
    assert remembered(tmp_path) == []
    assert store.record_level(ACCOUNT, "s", first, becomes(WARNING)) is not None
