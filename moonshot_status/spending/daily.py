"""Spending by local day. Pure."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from moonshot_status.core.local_time import local_date, next_date_change
from moonshot_status.spending.ledger import Entry, exact_decimals
from moonshot_status.spending.timestamps import YEAR_OF_UNSET_CLOCKS

_ZERO = Decimal(0)
# The API sends amounts with five decimals.
_API_DECIMALS = 5


@dataclass(frozen=True)
class Day:
    """One local day, with amounts in the account's currency.

    ``ended`` is voucher credit that expired unspent.
    """

    date: date
    opening: Decimal
    spent: Decimal
    topped_up: Decimal
    granted: Decimal
    ended: Decimal

    @property
    @exact_decimals()
    def closing(self) -> Decimal:
        return self.opening - self.spent - self.ended + self.topped_up + self.granted


@exact_decimals()
def by_day(entries: Iterable[Entry], opening: Decimal) -> list[Day]:
    """Return the local days that the entries touch, starting from an opening worth.

    Spending between two readings is spread evenly over the time between them; other changes
    belong to the day on which they were first seen. Each closing is exactly the next opening.
    """
    days: dict[date, list[Decimal]] = {}
    calendar = _Calendar()
    for entry in entries:
        for day, share in _spread(entry, calendar):
            days.setdefault(day, [_ZERO] * 4)[0] += share
        for column, amount in enumerate((entry.topped_up, entry.granted, entry.ended), 1):
            if amount:
                days[day][column] += amount
    _move_from_1970(days)
    table: list[Day] = []
    for day in sorted(days):
        table.append(Day(day, table[-1].closing if table else opening, *days[day]))
    return table


class _Calendar:
    """The local dates of moments in order of time, most of which are on the date before."""

    def __init__(self) -> None:
        self._start = self._end = datetime.max.replace(tzinfo=timezone.utc)
        self._date = date.max

    def date_and_end(self, moment: datetime) -> tuple[date, datetime]:
        """Return the local date of the moment, and when it ends."""
        if not self._start <= moment < self._end:
            self._start, self._end = moment, next_date_change(moment)
            self._date = local_date(moment)
        return self._date, self._end


def _spread(entry: Entry, calendar: _Calendar) -> Iterator[tuple[date, Decimal]]:
    """Yield the local dates of the entry in order of time, with the amount spent on each."""
    booked = _ZERO
    day, end = calendar.date_and_end(entry.start)
    while end <= entry.end:
        # Each rounded by itself, the shares could add up to more than the amount.
        until_end = _share(entry.spent, end - entry.start, entry.duration)
        yield day, until_end - booked
        booked = until_end
        day, end = calendar.date_and_end(end)
    yield day, entry.spent - booked


def _move_from_1970(days: dict[date, list[Decimal]]) -> None:
    """Move what a clock that was not set yet has stamped to the first day with a true date."""
    unset = [day for day in days if day.year <= YEAR_OF_UNSET_CLOCKS]
    if len(unset) in (0, len(days)):
        return
    first = min(days.keys() - unset)
    for day in unset:
        days[first] = list(map(operator.add, days[first], days.pop(day)))


def _share(amount: Decimal, part: timedelta, whole: timedelta) -> Decimal:
    """Return the share of the amount, with no more decimals than the amount or the API has."""
    share = amount * (part // timedelta.resolution) / (whole // timedelta.resolution)
    exponent = amount.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) else 0
    return share.quantize(Decimal((0, (1,), -max(_API_DECIMALS, decimals))))
