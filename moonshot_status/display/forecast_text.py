"""What every bar may say of the forecast, already worded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from moonshot_status.core.money import format_deficit
from moonshot_status.core.regions import Region
from moonshot_status.display.words import Row, clock_words
from moonshot_status.spending.forecast import Forecast
from moonshot_status.spending.runway import Runway

_DAY = timedelta(days=1)
# The end of what lasts for less is told by the clock: "1 day left" would be far from the truth.
_FEW_DAYS = 2
_BLOCKS = "▁▂▃▄▅▆▇█"


def rows(forecast: Forecast, region: Region, now: datetime) -> Iterator[Row]:
    """For tooltips and menus; what is not known has no row, but the runway says why."""
    spent = forecast.spent
    yield Row("runway", "Runway", runway_words(forecast.runway, now))
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


def runway_words(runway: Runway, now: datetime) -> str:
    """How long it lasts, with the range; or why that cannot be said."""
    if runway.earliest is None or runway.latest is None:
        return runway.reason
    first, last = _days(runway.earliest, now), _days(runway.latest, now)
    if runway.zero_at is None:
        return f"{first} to {last} days left" if first else f"less than {_count(last + 1)} left"
    if runway.zero_at <= now:
        return "used up by now, at the usual pace"
    if _days(runway.zero_at, now) < _FEW_DAYS:
        return f"until about {clock_words(runway.zero_at, now)}"
    return f"about {_days(runway.zero_at, now)} days left ({first} to {last})"


def in_the_bar(forecast: Forecast, region: Region, now: datetime) -> dict[str, str]:
    """The parts that a bar can be asked to show, by name; blank where nothing can be said."""
    spent, runway = forecast.spent, forecast.runway
    return {
        "runway": _short_runway(runway, now),
        "pace": f"{format_deficit(runway.per_day, region)} a day" if runway.per_day else "",
        "today": f"{format_deficit(spent.today, region)} today" if spent.today is not None else "",
    }


def changes_at(forecast: Forecast, few_days: Decimal | None, now: datetime) -> datetime | None:
    """When time alone changes these words, or makes the runway too short; None: it does not."""
    runway = forecast.runway
    moments = [end - _days(end, now) * _DAY for end in _ends(runway)]
    end = forecast.end(now)
    if few_days is not None and end is not None:
        moments.append(end - timedelta(days=float(few_days)))
    return min((moment for moment in moments if moment >= now), default=None)


def sparkline(amounts: Sequence[Decimal]) -> str:
    """One block character for each amount; the largest is as high as it gets."""
    highest = max(amounts)
    if not highest:
        return _BLOCKS[0] * len(amounts)
    return "".join(_BLOCKS[int(amount / highest * (len(_BLOCKS) - 1))] for amount in amounts)


def _short_runway(runway: Runway, now: datetime) -> str:
    if runway.zero_at is None or runway.zero_at <= now:
        return ""
    if _days(runway.zero_at, now) < _FEW_DAYS:
        return f"until {clock_words(runway.zero_at, now)}"
    return f"{_days(runway.zero_at, now)} days"


def _count(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def _days(end: datetime, now: datetime) -> int:
    """Whole days, so never more than there are."""
    return max((end - now) // _DAY, 0)


def _ends(runway: Runway) -> list[datetime]:
    return [end for end in (runway.earliest, runway.zero_at, runway.latest) if end is not None]
