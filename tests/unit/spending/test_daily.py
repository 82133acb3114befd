"""Spending by day: spread evenly, and nothing lost by rounding."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.time_zones import PARTS, TRAPS, changes, date_in, every_zone, moments, set_zone, utc

from moonshot_status.core.local_time import next_date_change
from moonshot_status.spending import daily
from moonshot_status.spending.daily import by_day
from moonshot_status.spending.ledger import Entry, exact_decimals

START = datetime(2026, 11, 1, tzinfo=timezone.utc)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
QUARTER = 15 * MINUTE


def entry(begin: float, end: float, spent: str = "0", **more: Decimal) -> Entry:
    cash = Decimal(spent)
    return Entry(START + begin * HOUR, START + end * HOUR, from_cash=cash, **more)


def test_spending_in_a_gap_is_spread_over_its_days() -> None:
    days = by_day([entry(12, 36, "2"), entry(36, 84, "3")], Decimal(100))
    assert [str(day.spent) for day in days] == ["1.00000", "1.75000", "1.50000", "0.75000"]
    assert days[0].opening == 100
    assert [day.closing for day in days[:-1]] == [day.opening for day in days[1:]]
    assert days[-1].closing == 95


def test_top_ups_belong_to_the_day_on_which_they_were_first_seen() -> None:
    more = {"topped_up": Decimal(10), "granted": Decimal(5), "ended": Decimal(2)}
    first, second = by_day([entry(12, 36, **more)], Decimal(1))
    assert (first.topped_up, second.topped_up, second.granted, second.ended) == (0, 10, 5, 2)
    assert second.closing == 14


def test_days_are_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    days = by_day([entry(15, 17, "2")], Decimal(2))
    assert [(str(day.date), day.spent) for day in days] == [("2026-11-01", 1), ("2026-11-02", 1)]


@given(
    st.lists(
        st.tuples(
            st.integers(1, 3000),
            st.decimals(0, 10**6, places=7) | st.decimals(0, 10**11, places=40),
        ),
        max_size=20,
    )
)
@exact_decimals()
def test_no_amount_is_lost(facts: list[tuple[int, Decimal]]) -> None:
    entries, begin = [], 0
    for minutes, spent in facts:
        entries.append(entry(begin / 60, (begin + minutes) / 60, str(spent)))
        begin += minutes
    days = by_day(entries, Decimal(0))
    assert sum((day.spent for day in days), Decimal(0)) == sum(s for _, s in facts)
    assert all(day.spent >= 0 for day in days)


def test_less_than_the_days_can_share_is_never_spent_twice() -> None:
    days = by_day([entry(0, 24 * 9 + 1, "0.00004")], Decimal(0))
    assert sum(day.spent for day in days) == Decimal("0.00004")
    assert {str(day.spent) for day in days} == {"0.00000", "0.00001"}


def check_parts(zone: ZoneInfo, start: datetime, end: datetime) -> None:
    """Check that the spending is divided as the time is, by dates on the clock."""
    spent = Decimal("97.12345")
    days = {day.date: day.spent for day in by_day([Entry(start, end, from_cash=spent)], Decimal(0))}
    samples = [date_in(zone, moment) for moment in moments(start, end, QUARTER)]
    samples.append(date_in(zone, end))
    assert sum(days.values()) == spent
    assert days.keys() >= set(samples)
    for day, part in days.items():
        assert part >= 0
        assert float(part / spent) == pytest.approx(
            samples.count(day) / len(samples), abs=2.5 / len(samples)
        ), (zone, start, day)


def check_zone(zone: ZoneInfo, first: datetime, last: datetime) -> None:
    for change in changes(zone, first, last):
        for start, end in ((-50.2, 45.1), (-1, 1), (0, 26), (-26, 0), (-1.5, 0.4)):
            check_parts(zone, change + start * HOUR, change + end * HOUR)


@pytest.mark.parametrize("name", TRAPS)
def test_spending_is_divided_as_time_is_where_the_clock_changes(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = set_zone(monkeypatch, name)
    for year in (1993, 2010, 2011, 2018, 2026):
        check_zone(zone, utc(year, 1, 1), utc(year + 1, 1, 1))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_spending_is_divided_as_time_is_anywhere(
    part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in every_zone(part):
        check_zone(set_zone(monkeypatch, name), utc(1970, 1, 5), utc(2038, 1, 1))


def test_entries_within_a_day_have_the_date_on_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """In Newfoundland, the second Sunday of this month had a minute before the Saturday's end."""
    zone = set_zone(monkeypatch, "America/St_Johns")
    start = utc(2010, 11, 7, 1, 30)
    entries = [
        Entry(start + n * MINUTE, start + (n + 1) * MINUTE, from_cash=Decimal(1))
        for n in range(180)
    ]
    found = {day.date: day.spent for day in by_day(entries, Decimal(0))}
    assert found == Counter(date_in(zone, entry.start) for entry in entries)


def test_days_are_those_of_the_time_zone_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """A laptop travels: the same entries have other days, and the same sum."""
    entries = [entry(begin, begin + 7, "0.70001") for begin in range(0, 200, 7)]
    for name in ("Pacific/Kiritimati", "Africa/Cairo", "America/Anchorage"):
        zone = set_zone(monkeypatch, name)
        days = by_day(entries, Decimal(0))
        assert days[0].date == date_in(zone, entries[0].start)
        assert sum(day.spent for day in days) == 29 * Decimal("0.70001")


def test_spending_in_a_gap_of_years_belongs_to_the_day_on_which_it_was_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[datetime] = []
    monkeypatch.setattr(
        daily, "next_date_change", lambda each: calls.append(each) or next_date_change(each)
    )
    unset, wrapped = utc(1970, 1, 1), utc(2106, 2, 7, 6, 28, 15)
    spent = {"from_cash": Decimal(3), "topped_up": Decimal(1)}
    facts = [
        (unset, START),
        (START, START + HOUR),
        (START + HOUR, wrapped),
        (wrapped, utc(9998, 1, 1)),
    ]
    days = by_day([Entry(*fact, **spent) for fact in facts], Decimal(100))
    assert [(str(day.date), day.spent, day.topped_up, day.closing) for day in days] == [
        ("2026-11-01", 6, 2, 96), ("2106-02-07", 3, 1, 94), ("9998-01-01", 3, 1, 92),
    ]  # fmt: skip
    assert len(calls) < 10
    spread = by_day([Entry(START - 366 * DAY, START, from_cash=Decimal(3))], Decimal(0))
    assert (len(spread), sum(day.spent for day in spread)) == (367, 3)


def test_what_an_unset_clock_stamped_belongs_to_the_first_true_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_zone(monkeypatch, "America/New_York")
    unset = utc(1970, 1, 1)
    entries = [
        Entry(unset, unset + 6 * HOUR, from_cash=Decimal(1), ended=Decimal(7)),
        Entry(unset + 6 * HOUR, START, from_cash=Decimal(2), topped_up=Decimal(9)),
        Entry(START, START + DAY, from_cash=Decimal(24)),
    ]
    first, second = by_day(entries, Decimal(50))
    assert (str(first.date), first.spent, first.topped_up, first.ended) == ("2026-10-31", 7, 9, 7)
    assert (str(second.date), second.spent, second.closing) == ("2026-11-01", 20, 25)
    assert [str(day.date) for day in by_day(entries[:1], Decimal(9))] == [
        "1969-12-31",
        "1970-01-01",
    ]
