"""Compaction keeps the file small and the sums exact."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from kit.support import KEY

from moonshot_status.core.account import Account, Balance, Reading, Secret, fingerprint
from moonshot_status.core.regions import Region
from moonshot_status.spending import ledger
from moonshot_status.spending.ledger import History
from moonshot_status.store import accounts, compaction, schema
from moonshot_status.store.accounts import AccountState
from moonshot_status.store.database import FILE_NAME, Store
from moonshot_status.store.leases import Lease

START = datetime(2026, 3, 2, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
ACCOUNT = Account("a", Region.INTERNATIONAL, "https://api.moonshot.ai", Secret(KEY))
OWNER = (1, fingerprint(KEY))


@pytest.fixture(autouse=True)
def utc(home: Path) -> None:
    time.tzset()


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        yield db


def account_of(days: float, minutes: int = 5, seed: int = 1) -> list[Reading]:
    """Spends from a voucher and then from cash, with top-ups and the noise of settlement."""
    randomness, readings = random.Random(seed), []
    voucher, cash = Decimal(40), Decimal(60)
    for number in range(int(days * 1440 / minutes)):
        spent = Decimal(randomness.randint(0, 9000)).scaleb(-5)
        from_voucher = min(voucher, spent)
        voucher, cash = voucher - from_voucher, cash - spent + from_voucher
        if cash < 5:
            cash += 50
        dip = Decimal(randomness.randint(1, 99)).scaleb(-5) * (number % 40 == 7)
        amounts = (voucher, cash - dip)
        available = amounts[0] + max(amounts[1], Decimal(0))
        readings.append(Reading(Balance(available, *amounts), START + number * minutes * MINUTE))
    return readings


def keep(db: sqlite3.Connection, readings: Sequence[Reading], every: int = 1) -> None:
    """As the program does; to look for what can be booked takes long, and need not be each time."""
    for number, reading in enumerate(readings):
        accounts.write(db, [(ACCOUNT, AccountState(reading, None, fingerprint(KEY)), Lease())])
        if number % every == 0:
            compaction.compact(db, ACCOUNT)


def count(db: sqlite3.Connection, table: str) -> int:
    (found,) = db.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
    return int(found)


def sums(books: History) -> tuple[Decimal, ...]:
    return tuple(
        sum((getattr(move, name) for move in books.entries), Decimal(0))
        for name in ("spent", "topped_up", "granted", "ended")
    )


def test_what_is_booked_adds_up_to_what_was_read(db: sqlite3.Connection) -> None:
    readings = account_of(days=20)
    keep(db, readings, every=50)
    books = compaction.load_history(db, ACCOUNT)
    assert count(db, "reading") <= 951
    assert count(db, "move") < 480
    whole = History(tuple(ledger.entries_from(readings)), readings[-1])
    assert sums(books) == sums(whole)
    assert books.opening == ledger.worth(readings[0])
    assert (books.entries[0].start, books.entries[-1].end) == (START, readings[-1].fetched_at)
    ends = [move.end for move in books.entries]
    assert ends == sorted(set(ends))
    assert [m.start for m in books.entries[1:]] == ends[:-1]


def test_years_take_no_more_room_than_days(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "_MAX_HOURS", 100)
    monkeypatch.setattr(compaction, "_MAX_DAYS", 50)
    readings = account_of(days=200, minutes=20)
    keep(db, readings, every=50)
    books = compaction.load_history(db, ACCOUNT)
    assert count(db, "reading") <= 951
    assert count(db, "move") <= 100 + 300 + 50
    days = (readings[-1].fetched_at - books.entries[0].start) / timedelta(days=1)
    assert 50 <= days <= 80
    worth_then = next(r for r in readings if r.fetched_at == books.entries[0].start)
    assert books.opening == ledger.worth(worth_then)


def test_a_forecast_reads_only_what_it_needs(db: sqlite3.Connection) -> None:
    readings = account_of(days=50, minutes=20)
    keep(db, readings, every=50)
    since = readings[-1].fetched_at - timedelta(days=30)
    recent = compaction.load_history(db, ACCOUNT, since)
    assert since <= recent.entries[0].end <= since + timedelta(hours=2)
    whole = compaction.load_history(db, ACCOUNT)
    assert recent.entries == tuple(move for move in whole.entries if move.end > since)
    later = compaction.load_history(db, ACCOUNT, readings[-3].fetched_at)
    assert len(later.entries) == 2


def test_a_forecast_reads_the_newest_of_many_uncompacted_readings(db: sqlite3.Connection) -> None:
    readings = account_of(days=30)
    keep(db, readings, every=len(readings))
    history = compaction.load_history(db, ACCOUNT, START)
    assert len(history.entries) == 1599
    assert history.newest == readings[-1]
    assert compaction.load_history(db, ACCOUNT).opening == ledger.worth(readings[0])


def test_an_hour_of_constant_refunds_is_compacted_too(
    db: sqlite3.Connection,
) -> None:
    readings = [
        Reading(Balance(Decimal(9 + n % 2), Decimal(0), Decimal(9 + n % 2)), START + n * MINUTE)
        for n in range(950)
    ]
    keep(db, readings, every=50)
    assert count(db, "reading") < 800
    assert compaction.load_history(db, ACCOUNT).opening == 9


def test_readings_of_a_wrong_clock_are_not_booked(db: sqlite3.Connection) -> None:
    readings = account_of(days=6)
    wrong = [
        replace(r, fetched_at=r.fetched_at + timedelta(days=400 * (100 <= n < 120)))
        for n, r in enumerate(readings)
    ]
    keep(db, wrong, every=50)
    books = compaction.load_history(db, ACCOUNT)
    assert books.opening == ledger.worth(readings[0])
    assert books.entries[-1].end == readings[-1].fetched_at


@pytest.mark.parametrize("first", [201, 601, 801, 1700])
@pytest.mark.parametrize("year", [1970, 2000, 2025])
def test_readings_of_a_clock_that_was_behind_delete_no_entry(
    db: sqlite3.Connection, year: int, first: int
) -> None:
    readings = account_of(days=6)
    assert len(readings) > 1710
    behind = datetime(year, 1, 1, tzinfo=timezone.utc) - readings[first].fetched_at
    wrong = [
        replace(r, fetched_at=r.fetched_at + (behind if first <= n < first + 10 else timedelta()))
        for n, r in enumerate(readings)
    ]
    keep(db, wrong, every=50)
    books = compaction.load_history(db, ACCOUNT)
    assert books.entries[0].start >= readings[0].fetched_at
    assert books.opening == ledger.worth(readings[0])
    assert books.entries[-1].end == readings[-1].fetched_at


def test_what_was_booked_from_a_clock_that_was_ahead_gives_way(db: sqlite3.Connection) -> None:
    readings = account_of(days=8)
    wrong = [
        replace(r, fetched_at=r.fetched_at + timedelta(days=400 * (n < 1000)))
        for n, r in enumerate(readings)
    ]
    keep(db, wrong, every=50)
    books = compaction.load_history(db, ACCOUNT)
    ends = [move.end for move in books.entries]
    assert ends == sorted(set(ends))
    assert ends[-1] == readings[-1].fetched_at
    assert sums(books)[0] <= sum((m.spent for m in ledger.entries_from(readings)), Decimal(0))


def test_times_that_go_backwards_are_dropped_and_do_no_harm(db: sqlite3.Connection) -> None:
    readings = account_of(days=5)
    times = [r.fetched_at for r in readings]
    shuffled = [
        replace(r, fetched_at=moment)
        for r, moment in zip(readings, [*times[:600][::-1], *times[600:]], strict=True)
    ]
    keep(db, shuffled, every=50)
    assert count(db, "reading") <= 951
    assert compaction.load_history(db, ACCOUNT).newest == readings[-1]


def test_a_file_of_the_first_version_is_migrated(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        db.executescript(schema.MIGRATIONS[1] + "PRAGMA user_version = 1")
    reading = account_of(days=1)[0]
    place = Store(tmp_path)
    assert place.history(ACCOUNT) == History()
    known = AccountState(reading, None, fingerprint(KEY))
    assert place.save(ACCOUNT, known, AccountState()) == known
    assert place.history(ACCOUNT) == History((), reading)


def test_without_a_store_or_an_account_the_history_is_empty(
    tmp_path: Path, db: sqlite3.Connection
) -> None:
    place = Store(tmp_path / "nothing")
    assert (place.history(ACCOUNT), place.error) == (History(), None)
    place.save(ACCOUNT, AccountState(account_of(days=1)[0], None, fingerprint(KEY)), AccountState())
    other = replace(ACCOUNT, region=Region.CHINA)
    assert place.history(other) == History()
    keep(db, account_of(days=1)[:1])
    assert compaction.load_history(db, ACCOUNT, START + timedelta(days=9)) == History()


@pytest.mark.parametrize("senseless", ["'-1'", "'x'", "'1e99'"])
def test_invalid_entries_mean_a_corrupt_file(db: sqlite3.Connection, senseless: str) -> None:
    keep(db, account_of(days=4), every=50)
    db.execute(f"UPDATE move SET granted = {senseless}")  # noqa: S608
    with pytest.raises(sqlite3.DatabaseError):
        compaction.load_history(db, ACCOUNT)


def test_a_failed_compaction_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(compaction, "compact", fail)
    place = Store(tmp_path)
    known = AccountState(account_of(days=1)[0], None, fingerprint(KEY))
    assert place.save(ACCOUNT, known, AccountState()) == known
    assert place.error is None
