"""Books to what was spent lately, and to the days that are left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from moonshot_status.core.account import Balance, Reading
from moonshot_status.spending.forecast import Forecast, Spent, forecast
from moonshot_status.spending.ledger import Entry, History
from moonshot_status.spending.runway import Runway

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def utc(home: object) -> None:
    time.tzset()


def hourly(days: float, end: datetime = NOW, left: str = "48") -> History:
    """A dollar a day, by the hour."""
    hours = range(int(days * 24), 0, -1)
    moves = [Entry(end - n * HOUR, end - (n - 1) * HOUR, from_cash=Decimal(1) / 24) for n in hours]
    return History(tuple(moves), Reading(Balance(Decimal(left)), end))


def spent(books: History, now: datetime = NOW) -> Spent:
    found = forecast(books, now)
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
def test_what_was_spent_is_told_when_all_of_its_days_are_known(
    days: float, expected: list[str | None]
) -> None:
    found = spent(hourly(days))
    assert cents([found.today, found.days_7, found.days_30]) == expected


def test_what_was_spent_by_day_begins_with_the_first_day_and_ends_with_the_newest() -> None:
    assert cents(spent(hourly(2.5)).by_day) == ["0.92", "1.00", "0.58"]
    assert len(spent(hourly(36)).by_day) == 30
    gap = History((Entry(NOW - 3 * DAY, NOW - 2.9 * DAY), Entry(NOW - HOUR, NOW)), hourly(1).newest)
    assert spent(gap).by_day == (0, 0, 0, 0)


def test_readings_that_end_yesterday_tell_nothing_of_today() -> None:
    found = spent(hourly(36, end=NOW - DAY))
    assert (found.today, found.days_7, found.days_30) == (None, None, None)
    assert len(found.by_day) == 30


def test_days_are_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    assert cents([spent(hourly(3)).today]) == ["0.92"]


def test_without_readings_there_is_no_forecast() -> None:
    assert forecast(History(), NOW) is None
    one = spent(History((), Reading(Balance(Decimal(1)), NOW)))
    assert one == Spent()


def test_the_pace_is_told_with_as_many_digits_as_the_api_sends() -> None:
    found = forecast(hourly(20), NOW)
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
def test_the_days_that_are_left(runway: Runway, days: float | None) -> None:
    assert Forecast(Spent(), runway).days_left(NOW) == days
