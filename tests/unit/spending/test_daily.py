"""Spending by day: spread evenly, and nothing lost by rounding."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonshot_status.spending.daily import by_day
from moonshot_status.spending.ledger import Entry, exact_decimals

START = datetime(2026, 11, 1, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


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
