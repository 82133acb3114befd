"""Readings to a runway, and nothing where there are not enough of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from moonshot_status import ledger
from moonshot_status.account import Balance, Reading
from moonshot_status.forecast import Runway, runway

MONDAY = datetime(2026, 11, 2, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def utc(home: Path) -> None:
    time.tzset()


def hourly(days: float, spent: Callable[[int], float], left: float = 100) -> list[Reading]:
    """Readings of every hour; at the end there is ``left``."""
    costs = [Decimal(str(float(spent(hour)))) for hour in range(int(days * 24))]
    worth = Decimal(str(left)) + sum(costs, Decimal(0))
    readings = [Reading(Balance(worth, Decimal(0), worth), MONDAY)]
    for hour, cost in enumerate(costs, 1):
        worth -= cost
        readings.append(Reading(Balance(worth, Decimal(0), worth), MONDAY + hour * HOUR))
    return readings


def asked(readings: list[Reading]) -> Runway:
    newest = readings[-1] if readings else Reading(Balance(Decimal(1), None, None), MONDAY)
    return runway(ledger.moves(readings), newest)


def days_left(readings: list[Reading]) -> float:
    found = asked(readings)
    assert found.zero_at, found
    return (found.zero_at - readings[-1].fetched_at) / timedelta(days=1)


def test_a_steady_account() -> None:
    readings = hourly(8, lambda _: 0.25, left=30)
    found = asked(readings)
    assert (found.per_day, found.reason) == (6, "")
    assert days_left(readings) == pytest.approx(5)
    assert found.earliest
    assert found.latest
    assert found.earliest <= found.zero_at <= found.latest  # type: ignore[operator]


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([], Runway(reason="not enough readings yet: 0 of 7 days")),
        (hourly(0, lambda _: 1), Runway(reason="not enough readings yet: 0 of 7 days")),
        (hourly(6.9, lambda _: 1), Runway(reason="not enough readings yet: 6 of 7 days")),
        (
            hourly(9, lambda hour: hour in (50, 90)),
            Runway(reason="not enough spending yet: 2 of 3 days"),
        ),
        (
            hourly(9, lambda _: 0),
            Runway(per_day=Decimal(0), reason="nothing was spent in 9 days"),
        ),
    ],
    ids=["nothing", "one reading", "six days", "two days of spending", "no spending"],
)
def test_it_says_why_it_says_nothing(readings: list[Reading], expected: Runway) -> None:
    assert asked(readings) == expected


def test_a_very_long_runway_is_no_number() -> None:
    found = asked(hourly(10, lambda _: 0.01, left=10_000))
    assert (found.zero_at, found.reason) == (None, "more than 1000 days at this pace")


def test_spending_that_is_too_uneven_gives_a_range_alone() -> None:
    found = asked(hourly(14, lambda hour: 40 * (hour % 97 == 0), left=60))
    assert (found.zero_at, found.reason) == (None, "spending is too uneven to say")
    assert found.earliest
    assert found.latest
    assert found.per_day


def test_an_empty_account_has_ended() -> None:
    assert days_left(hourly(8, lambda _: 0.25, left=0)) == 0


def test_nothing_is_spent_at_weekends() -> None:
    """On a Friday night with two working days left, it is Tuesday night."""
    readings = hourly(26, lambda hour: 0.5 * (hour // 24 % 7 < 5), left=24)
    assert readings[-1].fetched_at.strftime("%a %H") == "Sat 00"
    assert days_left(readings) == pytest.approx(4, abs=0.5)


def test_who_was_away_is_asked_for_the_time_before() -> None:
    readings = hourly(40, lambda hour: 0.25 * (not 240 <= hour < 600), left=30)
    there = [r for r in readings if not MONDAY + 240 * HOUR < r.fetched_at < MONDAY + 600 * HOUR]
    assert days_left(there) == pytest.approx(5, rel=0.05)


def test_a_gap_in_which_was_spent_is_spread() -> None:
    readings = hourly(24, lambda _: 0.25, left=30)
    there = [r for r in readings if not MONDAY + 100 * HOUR < r.fetched_at < MONDAY + 430 * HOUR]
    assert days_left(there) == pytest.approx(5, rel=0.05)
