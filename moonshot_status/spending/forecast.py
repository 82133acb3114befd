"""What was spent lately, and how long the rest will last. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Context, Decimal

from moonshot_status.spending import daily, runway
from moonshot_status.spending.daily import Day
from moonshot_status.spending.ledger import History, exact_decimals
from moonshot_status.spending.runway import Runway

# So much of the past a forecast looks at.
WINDOW = timedelta(days=36)
_WEEK, _MONTH = 7, 30
_DAY = timedelta(days=1)
_ZERO = Decimal(0)
_FINEST = Decimal("0.00001")
_WIDE = Context(prec=100)


@dataclass(frozen=True)
class Spent:
    """Amounts in the account's currency, exact; local days, today among them.

    An amount is None where the readings do not cover all its days. ``by_day`` holds what is known
    of the last 30 days, the oldest first and the day of the newest reading last.
    """

    today: Decimal | None = None
    days_7: Decimal | None = None
    days_30: Decimal | None = None
    by_day: tuple[Decimal, ...] = ()


@dataclass(frozen=True)
class Forecast:
    """As of the newest reading."""

    spent: Spent
    runway: Runway

    def end(self, now: datetime) -> datetime | None:
        """When the money is expected to end; where no day can be named, the middle of the range."""
        found = self.runway
        if found.zero_at or found.earliest is None or found.latest is None:
            return found.zero_at
        first, last = (max((end - now) / _DAY, 0.0) for end in (found.earliest, found.latest))
        # The range is as many times nearer as it is farther.
        return now + math.sqrt(first * last) * _DAY

    def days_left(self, now: datetime) -> float | None:
        """Until then; None where nothing can be said."""
        end = self.end(now)
        return max((end - now) / _DAY, 0.0) if end else None


def forecast(books: History, now: datetime) -> Forecast | None:
    """What the books tell of the days to come; None where nothing was ever read."""
    if books.newest is None:
        return None
    days = daily.by_day(books.entries, _ZERO)
    found = runway.runway(books.entries, books.newest)
    if found.per_day is not None:
        # A mean has no end of digits; these are as many as the API sends.
        found = replace(found, per_day=found.per_day.quantize(_FINEST, ROUND_CEILING, _WIDE))
    return Forecast(_spent(days, books, now), found)


def _spent(days: Sequence[Day], books: History, now: datetime) -> Spent:
    today, known = now.astimezone().date(), {day.date: day.spent for day in days}
    if not known or max(known) != today:
        return Spent(by_day=_by_day(known))
    first = _first_whole_day(books.entries[0].start)

    def over(length: int) -> Decimal | None:
        return _sum(known, today, length) if first <= today - (length - 1) * _DAY else None

    return Spent(over(1), over(_WEEK), over(_MONTH), _by_day(known))


def _first_whole_day(start: datetime) -> date:
    """The first local day that began when there were readings."""
    local = start.astimezone()
    is_midnight = local == local.replace(hour=0, minute=0, second=0, microsecond=0)
    return local.date() if is_midnight else local.date() + _DAY


@exact_decimals()
def _sum(known: dict[date, Decimal], last: date, length: int) -> Decimal:
    return sum((known.get(last - n * _DAY, _ZERO) for n in range(length)), _ZERO)


def _by_day(known: dict[date, Decimal]) -> tuple[Decimal, ...]:
    if not known:
        return ()
    last = max(known)
    length = min(_MONTH, (last - min(known)).days + 1)
    return tuple(known.get(last - n * _DAY, _ZERO) for n in reversed(range(length)))
