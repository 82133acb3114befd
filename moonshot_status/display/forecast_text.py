"""The forecast as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from moonshot_status.core.money import format_deficit
from moonshot_status.core.regions import Region
from moonshot_status.display.words import Row, format_time
from moonshot_status.spending.forecast import Forecast
from moonshot_status.spending.runway import Runway

_DAY = timedelta(days=1)
# A shorter runway is shown as a time: "1 day left" can be off by nearly a day.
_MIN_DAYS_AS_COUNT = 2
_BLOCKS = "▁▂▃▄▅▆▇█"


def rows(forecast: Forecast, region: Region, now: datetime) -> Iterator[Row]:
    """Yield the rows for tooltips and menus, without unknown amounts.

    The row of the runway is always there; it gives the reason if the runway is unknown.
    """
    spent = forecast.spent
    yield Row("runway", "Runway", format_runway(forecast.runway, now))
    amounts = (
        ("spent_today", "Spent today", spent.today),
        ("spent_7_days", "Spent 7 days", spent.days_7),
        ("spent_30_days", "Spent 30 days", spent.days_30),
        ("per_day", "A day", forecast.runway.per_day or None),
    )
    for name, label, amount in amounts:
        if amount is not None:
            yield Row(name, label, format_deficit(amount, region), is_amount=True)
    if len(spent.by_day) > 1:
        yield Row("by_day", "By day", sparkline(spent.by_day))


def format_runway(runway: Runway, now: datetime) -> str:
    """Return the days left with their range, or the reason why they are unknown."""
    if runway.earliest is None or runway.latest is None:
        return runway.reason
    first, last = _whole_days(runway.earliest, now), _whole_days(runway.latest, now)
    if runway.zero_at is None:
        return f"{first} to {last} days left" if first else f"less than {_count(last + 1)} left"
    if runway.zero_at <= now:
        return "used up by now, at the usual pace"
    if _whole_days(runway.zero_at, now) < _MIN_DAYS_AS_COUNT:
        return f"until about {format_time(runway.zero_at, now)}"
    return f"about {_whole_days(runway.zero_at, now)} days left ({first} to {last})"


def bar_parts(forecast: Forecast, region: Region, now: datetime) -> dict[str, str]:
    """Return the optional parts of the headline by name; empty if they are unknown."""
    spent, runway = forecast.spent, forecast.runway
    return {
        "runway": _short_runway(runway, now),
        "pace": f"{format_deficit(runway.per_day, region)} a day" if runway.per_day else "",
        "today": f"{format_deficit(spent.today, region)} today" if spent.today is not None else "",
    }


def next_change(forecast: Forecast, threshold: Decimal | None, now: datetime) -> datetime | None:
    """Return when a text or the level next changes as time passes, or None if neither does.

    ``threshold`` is the runway in days that makes the level a warning, or None.
    """
    runway = forecast.runway
    moments = [end - _whole_days(end, now) * _DAY for end in ends(runway)]
    expected = forecast.end(now)
    if threshold is not None and expected is not None:
        moments.append(expected - timedelta(days=float(threshold)))
    return min((moment for moment in moments if moment >= now), default=None)


def ends(runway: Runway) -> list[datetime]:
    """Return the known ends of the runway, from the earliest to the latest."""
    return [end for end in (runway.earliest, runway.zero_at, runway.latest) if end is not None]


def sparkline(amounts: Sequence[Decimal]) -> str:
    """Return one block character per amount, scaled to the largest amount."""
    highest = max(amounts)
    if not highest:
        return _BLOCKS[0] * len(amounts)
    return "".join(_BLOCKS[int(amount / highest * (len(_BLOCKS) - 1))] for amount in amounts)


def _short_runway(runway: Runway, now: datetime) -> str:
    if runway.zero_at is None or runway.zero_at <= now:
        return ""
    days = _whole_days(runway.zero_at, now)
    return (
        f"until {format_time(runway.zero_at, now)}" if days < _MIN_DAYS_AS_COUNT else f"{days} days"
    )


def _count(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def _whole_days(end: datetime, now: datetime) -> int:
    """Return the whole days from ``now`` to ``end``, rounded down and at least 0."""
    return max((end - now) // _DAY, 0)
