"""Recent spending and the days left, from a recorded history."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from kit.time_zones import set_zone, utc

from moonshot_status.core.account import Balance, Reading
from moonshot_status.spending.forecast import Forecast, Spending, compute_forecast
from moonshot_status.spending.ledger import Entry, History
from moonshot_status.spending.runway import Runway

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def hourly(days: float, end: datetime = NOW, left: str = "48") -> History:
    """Return a history of a dollar a day, in hourly entries."""
    hours = range(int(days * 24), 0, -1)
    entries = [
        Entry(end - n * HOUR, end - (n - 1) * HOUR, from_cash=Decimal(1) / 24) for n in hours
    ]
    return History(tuple(entries), Reading(Balance(Decimal(left)), end))


def spent(history: History, now: datetime = NOW) -> Spending:
    found = compute_forecast(history, now)
    assert found
    return found.spent


def cents(amounts: Sequence[Decimal | None]) -> list[str | None]:
    return [None if amount is None else f"{amount:.2f}" for amount in amounts]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (14 / 24, ["0.58", None, None]),
        (13 / 24, [None, None, None]),
        (6 + 14 / 24, ["0.58", "6.58", None]),
        (6.5, ["0.58", None, None]),
        (29 + 14 / 24, ["0.58", "6.58", "29.58"]),
        (36, ["0.58", "6.58", "29.58"]),
    ],
)
def test_an_amount_is_known_if_readings_cover_all_its_days(
    days: float, expected: list[str | None]
) -> None:
    found = spent(hourly(days))
    assert cents([found.today, found.days_7, found.days_30]) == expected


def test_spending_by_day_runs_from_the_first_day_to_the_newest() -> None:
    assert cents(spent(hourly(2.5)).by_day) == ["0.92", "1.00", "0.58"]
    assert len(spent(hourly(36)).by_day) == 30
    gap = History((Entry(NOW - 3 * DAY, NOW - 2.9 * DAY), Entry(NOW - HOUR, NOW)), hourly(1).newest)
    assert spent(gap).by_day == (0, 0, 0, 0)


def test_readings_until_yesterday_say_nothing_about_today() -> None:
    found = spent(hourly(36, end=NOW - DAY))
    assert (found.today, found.days_7, found.days_30) == (None, None, None)
    assert len(found.by_day) == 30


def test_days_are_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    assert cents([spent(hourly(3)).today]) == ["0.92"]


@pytest.mark.parametrize(
    ("name", "start", "hours"),
    [
        # The day begins at 1:00, at 1:00 after a day that was left out, and at the first midnight.
        ("Africa/Cairo", utc(2026, 4, 23, 22), 11),
        ("Pacific/Apia", utc(2011, 12, 30, 10), 12),
        ("America/Havana", utc(2026, 11, 1, 4), 13),
    ],
)
def test_a_day_without_the_usual_midnight_is_covered_from_its_start(
    monkeypatch: pytest.MonkeyPatch, name: str, start: datetime, hours: int
) -> None:
    set_zone(monkeypatch, name)
    now = start + hours * HOUR
    assert cents([spent(hourly(hours / 24, now), now).today]) == [f"{hours / 24:.2f}"]
    assert spent(hourly((hours - 1) / 24, now), now).today is None
    assert cents([spent(hourly((hours + 1) / 24, now), now).today]) == [f"{hours / 24:.2f}"]


def test_a_gap_of_years_covers_no_day() -> None:
    """When money was spent since a reading by a clock of 1970 is not known."""
    past = hourly(36)
    unset = Entry(utc(1970, 1, 1), past.entries[0].start, from_cash=Decimal(7))
    assert spent(replace(past, entries=(unset, *past.entries))).days_30 == spent(past).days_30
    for days in (3, 20):
        recent, earlier = hourly(days), utc(2024, 1, 1)
        unset = Entry(utc(1970, 1, 1), earlier)
        unseen = Entry(earlier, recent.entries[0].start, from_cash=Decimal(7))
        found = spent(replace(recent, entries=(unset, unseen, *recent.entries)))
        assert (found.today, found.days_7) == (spent(recent).today, spent(recent).days_7)
        assert found.days_30 is None
        assert sum(found.by_day) == sum(spent(recent).by_day) + 7


def test_days_in_the_future_are_not_shown() -> None:
    """The clock was wrong when the newest reading was stamped, or is wrong now."""
    past = hourly(20)
    ahead = Entry(NOW, utc(2106, 2, 7, 6, 28), from_cash=Decimal(7))
    future = History((*past.entries, ahead), Reading(Balance(Decimal(41)), ahead.end))
    assert spent(future) == spent(past, utc(1970, 1, 1)) == Spending()
    found = spent(future, ahead.end)
    assert (found.today, found.days_7) == (None, None)


def test_without_readings_there_is_no_forecast() -> None:
    assert compute_forecast(History(), NOW) is None
    one = spent(History((), Reading(Balance(Decimal(1)), NOW)))
    assert one == Spending()


def test_the_rate_has_as_many_decimals_as_the_api_sends() -> None:
    found = compute_forecast(hourly(20), NOW)
    assert found
    assert str(found.runway.per_day) == "1.00000"


@pytest.mark.parametrize(
    ("runway", "days"),
    [
        (Runway(reason="no"), None),
        (Runway(zero_at=NOW + 3 * DAY, latest=NOW + 4 * DAY), 3),
        (Runway(earliest=NOW + 4 * DAY, latest=NOW + 9 * DAY), 6),
        (Runway(earliest=NOW - DAY, latest=NOW + 9 * DAY), 0),
        (Runway(zero_at=NOW - DAY), 0),
    ],
)
def test_the_days_left(runway: Runway, days: float | None) -> None:
    assert Forecast(Spending(), runway).days_left(NOW) == days
