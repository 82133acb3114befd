"""Readings to a runway, and nothing where there are not enough of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from moonshot_status.core.account import Balance, Reading
from moonshot_status.spending import ledger
from moonshot_status.spending.ledger import Entry
from moonshot_status.spending.runway import Runway, runway

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
    return runway(ledger.entries(readings), newest)


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


def test_weekends_are_those_of_the_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """In Auckland a Friday ends 13 hours before it does in Greenwich."""
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    readings = hourly(28, lambda hour: 0.5 * ((hour + 13) // 24 % 7 < 5), left=12)
    there = [reading for reading in readings if reading.fetched_at <= MONDAY + 25.5 * 24 * HOUR]
    assert there[-1].fetched_at.astimezone().strftime("%a %H") == "Sat 01"
    worth = Decimal(12)
    newest = replace(there[-1], balance=Balance(worth, Decimal(0), worth))
    found = runway(ledger.entries(there), newest)
    assert found.zero_at
    assert found.zero_at.astimezone().strftime("%a") in {"Mon", "Tue"}


def test_money_is_spent_by_day() -> None:
    """In the evening, what is left for half a day lasts until the next noon."""
    readings = hourly(20.75, lambda hour: 0.5 * (6 <= hour % 24 < 18), left=3)
    assert days_left(readings) == pytest.approx(0.75, abs=0.1)


def without(readings: list[Reading], begin: int, end: int) -> list[Reading]:
    """Without those between two hours."""
    gap = (MONDAY + begin * HOUR, MONDAY + end * HOUR)
    return [reading for reading in readings if not gap[0] < reading.fetched_at < gap[1]]


@pytest.mark.parametrize("spending", [True, False], ids=["spending on", "spending nothing"])
@pytest.mark.parametrize("back", [1, 100])
def test_who_was_away_is_asked_for_the_rest(spending: bool, back: int) -> None:
    readings = hourly(
        (600 + back) / 24, lambda hour: 0.25 * (spending or not 240 <= hour < 600), left=30
    )
    assert days_left(without(readings, 240, 600)) == pytest.approx(5, rel=0.05)


def test_an_idle_fortnight_is_an_absence_too() -> None:
    readings = hourly(30, lambda hour: 0.25 * (not 240 <= hour < 580), left=30)
    assert days_left(readings) == pytest.approx(5, rel=0.1)


def test_who_is_idle_now_may_not_be_back() -> None:
    found = asked(hourly(30, lambda hour: 0.25 * (hour < 480), left=30))
    assert (found.zero_at, found.reason) == (None, "spending is too uneven to say")


def test_time_in_which_nobody_looked_is_not_a_reading() -> None:
    readings = without(hourly(20, lambda _: 0.25), 100, 420)
    assert asked(readings).reason == "not enough readings yet: 6 of 7 days"


def test_after_a_change_of_pace_the_new_one_counts() -> None:
    readings = hourly(30, lambda hour: 0.25 if hour < 600 else 0.75, left=36)
    assert asked(readings).per_day == pytest.approx(Decimal(18), rel=Decimal("0.03"))
    assert days_left(readings) == pytest.approx(2, rel=0.1)


MOVES = [
    Entry(MONDAY + n * HOUR, MONDAY + (n + 1) * HOUR, from_cash=Decimal("0.5")) for n in range(240)
]


def newest(available: str) -> Reading:
    return Reading(Balance(Decimal(available), None, None), MONDAY + 240 * HOUR)


@pytest.mark.parametrize("scale", ["1e12", "1e-40"])
def test_amounts_of_any_size(scale: str) -> None:
    moves = [replace(move, from_cash=move.spent * Decimal(scale)) for move in MOVES]
    found = runway(moves, newest(str(60 * Decimal(scale))))
    assert found.zero_at
    assert found.zero_at - MONDAY == pytest.approx(15 * 24 * HOUR, abs=HOUR)
    assert found.per_day == 12 * Decimal(scale)


def test_a_negative_balance_has_ended() -> None:
    assert runway(MOVES, newest("-3")).zero_at == MONDAY + 240 * HOUR


def test_a_great_balance_beside_little_spending_is_no_number() -> None:
    moves = [replace(move, from_cash=Decimal("1e-40")) for move in MOVES]
    assert runway(moves, newest("1e12")).reason == "more than 1000 days at this pace"


def test_moves_without_length_say_nothing() -> None:
    odd = replace(MOVES[5], end=MOVES[5].start)
    assert runway([odd], newest("60")) == Runway(reason="not enough readings yet: 0 of 7 days")
    assert runway([*MOVES[:5], odd, *MOVES[5:]], newest("60")) == runway(MOVES, newest("60"))


def test_one_move_of_months_says_nothing() -> None:
    month = Entry(MONDAY - 90 * 24 * HOUR, MONDAY + 240 * HOUR, from_cash=Decimal(100))
    assert runway([month], newest("60")) == Runway(reason="not enough readings yet: 0 of 7 days")


def test_what_was_spent_long_ago_is_not_usual() -> None:
    old = [
        Entry(m.start - 36 * 24 * HOUR, m.end - 36 * 24 * HOUR, from_cash=Decimal(9)) for m in MOVES
    ]
    assert runway([*old, *MOVES], newest("60")) == runway(MOVES, newest("60"))


def test_a_call_is_cheap() -> None:
    """A poll computes it each time: 700 moves of an hour, and 400 of five minutes."""
    hours = [
        Entry(MONDAY - n * HOUR, MONDAY - (n - 1) * HOUR, Decimal(1)) for n in range(700, 0, -1)
    ]
    raw = [Entry(MONDAY + n * HOUR / 12, MONDAY + (n + 1) * HOUR / 12) for n in range(400)]
    reading = Reading(Balance(Decimal(300), None, None), raw[-1].end)
    times = []
    for _ in range(5):
        begin = time.process_time()
        runway([*hours, *raw], reading)
        times.append(time.process_time() - begin)
    assert min(times) < 0.05
