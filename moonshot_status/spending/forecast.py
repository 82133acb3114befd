"""The forecast: recent spending, and how long the balance will last. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Context, Decimal

from moonshot_status.core.local_time import local_date
from moonshot_status.spending import daily, runway
from moonshot_status.spending.daily import Day
from moonshot_status.spending.ledger import Entry, History, exact_decimals
from moonshot_status.spending.runway import Runway

HISTORY_WINDOW = timedelta(days=36)
_WEEK, _MONTH = 7, 30
_DAY = timedelta(days=1)
_ZERO = Decimal(0)
# As many decimals as the API sends.
_RATE_STEP = Decimal("0.00001")
_RATE_CONTEXT = Context(prec=100)


@dataclass(frozen=True)
class Spending:
    """Exact amounts in the account's currency, by local day, including today so far.

    An amount is None if the readings do not cover all its days. ``by_day`` has the known amounts
    of the last 30 days, from the oldest to the day of the newest reading.
    """

    today: Decimal | None = None
    days_7: Decimal | None = None
    days_30: Decimal | None = None
    by_day: tuple[Decimal, ...] = ()


@dataclass(frozen=True)
class Forecast:
    """Recent spending and the runway, as of the newest reading."""

    spent: Spending
    runway: Runway

    def end(self, now: datetime) -> datetime | None:
        """Return when the balance is expected to run out, or None if that is unknown.

        If the runway has only a range, it is the range's geometric mean, seen from ``now``.
        """
        earliest, latest = self.runway.earliest, self.runway.latest
        if self.runway.zero_at or earliest is None or latest is None:
            return self.runway.zero_at
        first, last = (max((end - now) / _DAY, 0.0) for end in (earliest, latest))
        return now + math.sqrt(first * last) * _DAY

    def days_left(self, now: datetime) -> float | None:
        """Return the days from ``now`` to the expected end, at least 0, or None if unknown."""
        end = self.end(now)
        return max((end - now) / _DAY, 0.0) if end else None


def compute_forecast(history: History, now: datetime) -> Forecast | None:
    """Return the forecast from the recorded history, or None without a reading."""
    if history.newest is None:
        return None
    days = daily.by_day(history.entries, _ZERO)
    estimate = runway.estimate_runway(history.entries, history.newest)
    if estimate.per_day is not None:
        per_day = estimate.per_day.quantize(_RATE_STEP, ROUND_CEILING, _RATE_CONTEXT)
        estimate = replace(estimate, per_day=per_day)
    return Forecast(_spending(days, history, now), estimate)


def _spending(days: Sequence[Day], history: History, now: datetime) -> Spending:
    today, spent = local_date(now), {day.date: day.spent for day in days}
    if not spent or max(spent) > today:
        return Spending()
    if max(spent) < today:
        return Spending(by_day=_by_day(spent))
    first = _first_whole_day(_covered_since(history.entries))

    def over(length: int) -> Decimal | None:
        return _sum(spent, today, length) if first <= today - (length - 1) * _DAY else None

    return Spending(over(1), over(_WEEK), over(_MONTH), _by_day(spent))


def _covered_since(entries: Sequence[Entry]) -> datetime:
    """Return the time since which it is known on which day money was spent."""
    unknown = (entry.start for entry in reversed(entries) if not entry.duration)
    return next(unknown, entries[0].start)


def _first_whole_day(start: datetime) -> date:
    """Return the first local day that is covered from its start on."""
    day = local_date(start)
    return day if local_date(start - timedelta.resolution) != day else day + _DAY


@exact_decimals()
def _sum(spent: dict[date, Decimal], last: date, length: int) -> Decimal:
    return sum((spent.get(last - n * _DAY, _ZERO) for n in range(length)), _ZERO)


def _by_day(spent: dict[date, Decimal]) -> tuple[Decimal, ...]:
    last = max(spent)
    length = min(_MONTH, (last - min(spent)).days + 1)
    return tuple(spent.get(last - n * _DAY, _ZERO) for n in reversed(range(length)))
