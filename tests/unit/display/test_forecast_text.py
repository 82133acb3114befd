"""The forecast as text, and when the text changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from moonshot_status.core.regions import Region
from moonshot_status.display import forecast_text
from moonshot_status.spending.forecast import Forecast, Spending
from moonshot_status.spending.runway import Runway

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=timezone.utc)
PACE = Decimal("4.091")
SPENT = Spending(Decimal("0.001"), Decimal("7.5"), None, (Decimal(0), Decimal(5), Decimal(10)))


def runway(*days: float | None, reason: str = "") -> Runway:
    """Return a runway with ``zero_at``, ``earliest`` and ``latest`` in days from now."""
    moments = [None if number is None else NOW + timedelta(days=number) for number in days]
    return Runway(PACE, *moments, reason=reason)


KNOWN = runway(12.9, 9.1, 16.2)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (KNOWN, "about 12 days left (9 to 16)"),
        (runway(2, 1.9, 2.5), "about 2 days left (1 to 2)"),
        (runway(1.99, 1, 3), "until about 2026-11-24 13:45"),
        (runway(0.1, 0, 0.2), "until about 16:24"),
        (runway(0, 0, 0), "used up by now, at the usual pace"),
        (runway(None, 9.9, 30.9, reason="uneven"), "9 to 30 days left"),
        (runway(None, 0.9, 3.9, reason="uneven"), "less than 4 days left"),
        (runway(None, -2, -1, reason="uneven"), "less than 1 day left"),
        (Runway(reason="not enough readings yet"), "not enough readings yet"),
    ],
)
def test_the_runway(found: Runway, words: str) -> None:
    assert forecast_text.format_runway(found, NOW) == words


def test_the_rows() -> None:
    rows = [
        (r.label, r.value) for r in forecast_text.rows(Forecast(SPENT, KNOWN), Region.CHINA, NOW)
    ]
    assert rows == [
        ("Runway", "about 12 days left (9 to 16)"),
        ("Spent today", "¥0.01"),
        ("Spent 7 days", "¥7.50"),
        ("A day", "¥4.10"),
        ("By day", "▁▄█"),
    ]
    thirty_days = Forecast(Spending(days_30=Decimal(3)), Runway(reason="no"))
    assert [(r.label, r.value) for r in forecast_text.rows(thirty_days, Region.CHINA, NOW)] == [
        ("Runway", "no"), ("Spent 30 days", "¥3.00"),
    ]  # fmt: skip
    nothing = Forecast(Spending(by_day=(Decimal(1),)), Runway(per_day=Decimal(0), reason="nothing"))
    assert [r.value for r in forecast_text.rows(nothing, Region.CHINA, NOW)] == ["nothing"]


def test_the_parts_of_the_headline() -> None:
    def parts(found: Forecast) -> list[str]:
        return list(forecast_text.bar_parts(found, Region.INTERNATIONAL, NOW).values())

    assert parts(Forecast(SPENT, KNOWN)) == ["12 days", "$4.10 a day", "$0.01 today"]
    soon = replace(KNOWN, zero_at=NOW + timedelta(hours=3))
    assert parts(Forecast(SPENT, soon))[0] == "until 17:00"
    past = replace(KNOWN, zero_at=NOW)
    assert parts(Forecast(SPENT, past))[0] == ""
    assert parts(Forecast(Spending(), Runway(reason="no"))) == ["", "", ""]


@pytest.mark.parametrize(
    ("found", "few", "days"),
    [
        (Runway(), None, None),
        (runway(12.75, 9.5, 16.25), None, 0.25),
        (runway(12.75, 9.5, 16.25), "12.7", 0.05),
        (runway(-1, -2, 0.5), None, 0.5),
        (runway(-1, -2, -0.5), "3", None),
    ],
)
def test_the_next_change(found: Runway, few: str | None, days: float | None) -> None:
    moment = forecast_text.next_change(
        Forecast(Spending(), found), Decimal(few) if few else None, NOW
    )
    if days is None:
        assert moment is None
    else:
        assert moment
        assert abs(moment - NOW - timedelta(days=days)) < timedelta(seconds=1)


def test_the_text_stays_the_same_until_the_next_change() -> None:
    found, step = Forecast(Spending(), runway(4.3, 2.9, 5.6)), timedelta(microseconds=1)
    for hours in range(0, 24 * 6, 5):
        now = NOW + timedelta(hours=hours)
        change = forecast_text.next_change(found, None, now)
        if change is None:
            assert now > max(forecast_text.ends(found.runway))
            continue
        assert _without_dates(found, change - step) == _without_dates(found, now), now
        assert _without_dates(found, change + step) != _without_dates(found, now), now


def _without_dates(found: Forecast, now: datetime) -> str:
    """Return the text without dates, which change only at midnight."""
    return forecast_text.format_runway(found.runway, now).replace("2026-11-26 ", "") + str(
        [max((end - now) // timedelta(days=1), -1) for end in forecast_text.ends(found.runway)]
    )


def test_a_sparkline_of_zeros_is_flat() -> None:
    assert forecast_text.sparkline([Decimal(0)] * 3) == "▁▁▁"
