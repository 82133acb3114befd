"""Spending by local day. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from moonshot_status.spending.ledger import Entry, exact_decimals

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
    for entry in entries:
        first, last = _local_day(entry.start), _local_day(entry.end)
        for day, share in [(last, entry.spent)] if first == last else _spread(entry, last):
            days.setdefault(day, [_ZERO] * 4)[0] += share
        for column, amount in enumerate((entry.topped_up, entry.granted, entry.ended), 1):
            if amount:
                days[last][column] += amount
    table: list[Day] = []
    for day in sorted(days):
        table.append(Day(day, table[-1].closing if table else opening, *days[day]))
    return table


def _spread(entry: Entry, last: date) -> Iterator[tuple[date, Decimal]]:
    """Yield each local day of the entry, up to its last, with the amount spent on it."""
    rest, start = entry.spent, entry.start
    while (day := _local_day(start)) < last:
        midnight = datetime.combine(day + timedelta(days=1), time()).astimezone()
        share = _share(entry.spent, midnight - start, entry.duration)
        yield day, share
        start, rest = midnight, rest - share
    yield day, rest


def _local_day(moment: datetime) -> date:
    return moment.astimezone().date()


def _share(amount: Decimal, part: timedelta, whole: timedelta) -> Decimal:
    """Return the share of the amount, with no more decimals than the amount or the API has."""
    share = amount * (part // timedelta.resolution) / (whole // timedelta.resolution)
    exponent = amount.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) else 0
    return share.quantize(Decimal((0, (1,), -max(_API_DECIMALS, decimals))))
