"""The runway that readings give, and the reason if there are not enough of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from moonshot_status.core.account import Balance, Reading
from moonshot_status.spending import ledger
from moonshot_status.spending.ledger import Entry
from moonshot_status.spending.runway import Runway, estimate_runway

MONDAY = datetime(2026, 11, 2, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


def hourly(days: float, spent: Callable[[int], float], left: float = 100) -> list[Reading]:
    """Return hourly readings, the last of which has ``left`` available."""
    costs = [Decimal(str(float(spent(hour)))) for hour in range(int(days * 24))]
    worth = Decimal(str(left)) + sum(costs, Decimal(0))
    readings = [Reading(Balance(worth, Decimal(0), worth), MONDAY)]
    for hour, cost in enumerate(costs, 1):
        worth -= cost
        readings.append(Reading(Balance(worth, Decimal(0), worth), MONDAY + hour * HOUR))
    return readings


def estimate(readings: list[Reading]) -> Runway:
    newest = readings[-1] if readings else Reading(Balance(Decimal(1), None, None), MONDAY)
    return estimate_runway(ledger.entries_from(readings), newest)


def days_left(readings: list[Reading]) -> float:
    found = estimate(readings)
    assert found.zero_at, found
    return (found.zero_at - readings[-1].fetched_at) / timedelta(days=1)


def test_a_steady_account() -> None:
    readings = hourly(8, lambda _: 0.25, left=30)
    found = estimate(readings)
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
def test_without_an_estimate_there_is_a_reason(readings: list[Reading], expected: Runway) -> None:
    assert estimate(readings) == expected


def test_a_very_long_runway_has_no_end() -> None:
    found = estimate(hourly(10, lambda _: 0.01, left=10_000))
    assert (found.zero_at, found.reason) == (None, "more than 1000 days at this pace")


def test_uneven_spending_gives_only_a_range() -> None:
    found = estimate(hourly(14, lambda hour: 40 * (hour % 97 == 0), left=60))
    assert (found.zero_at, found.reason) == (None, "spending is too uneven to say")
    assert found.earliest
    assert found.latest
    assert found.per_day


def test_an_empty_account_ends_now() -> None:
    assert days_left(hourly(8, lambda _: 0.25, left=0)) == 0


def test_weekends_without_spending_are_skipped() -> None:
    """On a Friday night, two working days of credit last until Tuesday night."""
    readings = hourly(26, lambda hour: 0.5 * (hour // 24 % 7 < 5), left=24)
    assert readings[-1].fetched_at.strftime("%a %H") == "Sat 00"
    assert days_left(readings) == pytest.approx(4, abs=0.5)


def test_weekends_are_local(monkeypatch: pytest.MonkeyPatch) -> None:
    """In Auckland, Friday ends 13 hours earlier than in Greenwich."""
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    readings = hourly(28, lambda hour: 0.5 * ((hour + 13) // 24 % 7 < 5), left=12)
    there = [reading for reading in readings if reading.fetched_at <= MONDAY + 25.5 * 24 * HOUR]
    assert there[-1].fetched_at.astimezone().strftime("%a %H") == "Sat 01"
    worth = Decimal(12)
    newest = replace(there[-1], balance=Balance(worth, Decimal(0), worth))
    found = estimate_runway(ledger.entries_from(there), newest)
    assert found.zero_at
    assert found.zero_at.astimezone().strftime("%a") in {"Mon", "Tue"}


def test_nights_without_spending_are_skipped() -> None:
    """In the evening, half a day of credit lasts until the next noon."""
    readings = hourly(20.75, lambda hour: 0.5 * (6 <= hour % 24 < 18), left=3)
    assert days_left(readings) == pytest.approx(0.75, abs=0.1)


def without(readings: list[Reading], begin: int, end: int) -> list[Reading]:
    """Return the readings without those between two hours."""
    gap = (MONDAY + begin * HOUR, MONDAY + end * HOUR)
    return [reading for reading in readings if not gap[0] < reading.fetched_at < gap[1]]


@pytest.mark.parametrize("spending", [True, False], ids=["spending on", "spending nothing"])
@pytest.mark.parametrize("back", [1, 100])
def test_a_long_gap_between_readings_is_ignored(spending: bool, back: int) -> None:
    readings = hourly(
        (600 + back) / 24, lambda hour: 0.25 * (spending or not 240 <= hour < 600), left=30
    )
    assert days_left(without(readings, 240, 600)) == pytest.approx(5, rel=0.05)


def test_an_idle_fortnight_is_ignored() -> None:
    readings = hourly(30, lambda hour: 0.25 * (not 240 <= hour < 580), left=30)
    assert days_left(readings) == pytest.approx(5, rel=0.1)


def test_an_absence_until_now_gives_only_a_range() -> None:
    found = estimate(hourly(30, lambda hour: 0.25 * (hour < 480), left=30))
    assert (found.zero_at, found.reason) == (None, "spending is too uneven to say")


def test_a_gap_does_not_count_as_observed_days() -> None:
    readings = without(hourly(20, lambda _: 0.25), 100, 420)
    assert estimate(readings).reason == "not enough readings yet: 6 of 7 days"


def test_after_a_change_of_rate_only_the_new_one_counts() -> None:
    readings = hourly(30, lambda hour: 0.25 if hour < 600 else 0.75, left=36)
    assert estimate(readings).per_day == pytest.approx(Decimal(18), rel=Decimal("0.03"))
    assert days_left(readings) == pytest.approx(2, rel=0.1)


def entries_of(hours: float, count: int) -> list[Entry]:
    """Return that many entries of that many hours each, at half a unit of currency per hour."""
    spent = Decimal("0.5") * Decimal(hours)
    starts = [MONDAY + n * hours * HOUR for n in range(count)]
    return [Entry(start, start + hours * HOUR, from_cash=spent) for start in starts]


ENTRIES = entries_of(1, 240)


def newest(available: str) -> Reading:
    return Reading(Balance(Decimal(available), None, None), MONDAY + 240 * HOUR)


@pytest.mark.parametrize("scale", ["1e12", "1e-40"])
def test_amounts_of_any_size(scale: str) -> None:
    entries = [replace(entry, from_cash=entry.spent * Decimal(scale)) for entry in ENTRIES]
    found = estimate_runway(entries, newest(str(60 * Decimal(scale))))
    assert found.zero_at
    assert found.zero_at - MONDAY == pytest.approx(15 * 24 * HOUR, abs=HOUR)
    assert found.per_day == 12 * Decimal(scale)


def test_a_negative_balance_ends_now() -> None:
    assert estimate_runway(ENTRIES, newest("-3")).zero_at == MONDAY + 240 * HOUR


def test_a_large_balance_with_little_spending_has_no_end() -> None:
    entries = [replace(entry, from_cash=Decimal("1e-40")) for entry in ENTRIES]
    assert estimate_runway(entries, newest("1e12")).reason == "more than 1000 days at this pace"


def test_entries_without_duration_are_ignored() -> None:
    odd = replace(ENTRIES[5], end=ENTRIES[5].start)
    assert estimate_runway([odd], newest("60")) == Runway(
        reason="not enough readings yet: 0 of 7 days"
    )
    assert estimate_runway([*ENTRIES[:5], odd, *ENTRIES[5:]], newest("60")) == estimate_runway(
        ENTRIES, newest("60")
    )


def test_an_entry_of_months_is_ignored() -> None:
    month = Entry(MONDAY - 90 * 24 * HOUR, MONDAY + 240 * HOUR, from_cash=Decimal(100))
    assert estimate_runway([month], newest("60")) == Runway(
        reason="not enough readings yet: 0 of 7 days"
    )


def test_spending_before_the_window_is_ignored() -> None:
    old = [
        Entry(m.start - 36 * 24 * HOUR, m.end - 36 * 24 * HOUR, from_cash=Decimal(9))
        for m in ENTRIES
    ]
    assert estimate_runway([*old, *ENTRIES], newest("60")) == estimate_runway(ENTRIES, newest("60"))


@pytest.mark.parametrize("hours", [0.25, 0.5, 2, 6, 48])
def test_the_duration_of_entries_does_not_change_the_estimate(hours: float) -> None:
    hourly_estimate = estimate_runway(ENTRIES, newest("60"))
    found = estimate_runway(entries_of(hours, int(240 / hours)), newest("60"))
    assert found.per_day == hourly_estimate.per_day == 12
    for name in ("zero_at", "earliest", "latest"):
        difference = getattr(found, name) - getattr(hourly_estimate, name)
        assert abs(difference) < timedelta(seconds=1), name


def test_entries_count_by_their_duration() -> None:
    """Every other hour costs twice as much, and has four entries instead of one."""
    entries = [
        replace(entry, from_cash=entry.spent * 2)
        for entry in entries_of(0.25, 960)
        if entry.start.hour % 2 == 0
    ]
    entries += [entry for entry in ENTRIES if entry.start.hour % 2]
    found = estimate_runway(sorted(entries, key=lambda entry: entry.start), newest("90"))
    assert found.per_day == 18


@pytest.mark.parametrize(
    ("days", "spent", "left", "expected"),
    [
        (
            20.4,
            lambda hour: 0.1 + hour * 7 % 11 / 20 + hour // 24 % 3 * 0.2,
            90,
            (13.0404, 5.5571, 6.748, 8.3499),
        ),
        (
            9.7,
            lambda hour: 0.2 + hour // 24 * 5 % 4 * 0.1 + (hour % 24 > 9) * 0.1,
            40,
            (9.3833, 3.0555, 4.0316, 5.6534),
        ),
        (
            28.1,
            lambda hour: (1 + (hour > 400)) * (0.2 + hour // 24 * 7 % 5 * 0.05),
            50,
            (14.7062, 2.6683, 3.3844, 4.4439),
        ),
    ],
    ids=["uneven days", "a short history", "a change of rate"],
)
def test_the_estimate_stays_as_it_is(
    days: float, spent: Callable[[int], float], left: float, expected: tuple[float, ...]
) -> None:
    """Compare with numbers of a version whose estimates for simulated accounts were right."""
    readings = hourly(days, spent, left)
    found, now = estimate(readings), readings[-1].fetched_at
    assert found.per_day
    ends = [end for end in (found.earliest, found.zero_at, found.latest) if end]
    days_to_ends = [(end - now) / timedelta(days=1) for end in ends]
    assert [float(found.per_day), *days_to_ends] == pytest.approx(expected, abs=0.0005)


def test_an_estimate_within_an_hour() -> None:
    """At a quarter to seven, work begins in an hour, and a credit of 2 lasts two hours of it."""
    readings = hourly(14 + 6 / 24, lambda hour: hour % 24 in range(7, 17), left=2)
    moved = [replace(one, fetched_at=one.fetched_at + timedelta(minutes=45)) for one in readings]
    found = estimate(moved)
    assert found.zero_at
    assert found.zero_at - moved[-1].fetched_at == pytest.approx(3 * HOUR, abs=0.1 * HOUR)


def test_the_number_of_steps_is_linear_in_the_entries() -> None:
    """A poll computes it each time: 700 entries of an hour, and 400 of five minutes."""
    hours = [
        Entry(MONDAY - n * HOUR, MONDAY - (n - 1) * HOUR, Decimal(1)) for n in range(700, 0, -1)
    ]
    raw = [Entry(MONDAY + n * HOUR / 12, MONDAY + (n + 1) * HOUR / 12) for n in range(400)]
    reading = Reading(Balance(Decimal(300), None, None), raw[-1].end)
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    previous = sys.getprofile()
    sys.setprofile(count)
    try:
        estimate_runway([*hours, *raw], reading)
    finally:
        sys.setprofile(previous)
    assert calls < 100 * len([*hours, *raw])
