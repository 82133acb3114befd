"""Moves by the day: what was spent when. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from moonshot_status.spending.ledger import Entry, exact_decimals

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Day:
    """One local day: ``closing`` is ``opening`` less what went, and more by what came in."""

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
def by_day(moves: Iterable[Entry], opening: Decimal) -> list[Day]:
    """Every local day from the first move to the last; ``opening`` is the worth before them.

    What was spent while nobody looked is spread evenly; the rest belongs to the day on which it
    was first seen. Nothing is rounded away: each closing is the next opening.
    """
    days: dict[date, list[Decimal]] = {}
    for move in moves:
        first, last = _local_day(move.start), _local_day(move.end)
        for day, part in [(last, move.spent)] if first == last else _spread(move, last):
            days.setdefault(day, [_ZERO] * 4)[0] += part
        for place, amount in enumerate((move.topped_up, move.granted, move.ended), 1):
            if amount:
                days[last][place] += amount
    table: list[Day] = []
    for day in sorted(days):
        table.append(Day(day, table[-1].closing if table else opening, *days[day]))
    return table


def _spread(move: Entry, last: date) -> Iterator[tuple[date, Decimal]]:
    """The local days that the move touches, up to its last, and what was spent on each."""
    total, rest, start = move.end - move.start, move.spent, move.start
    while (day := _local_day(start)) < last:
        midnight = datetime.combine(day + timedelta(days=1), time()).astimezone()
        part = _share(move.spent, midnight - start, total)
        yield day, part
        start, rest = midnight, rest - part
    yield day, rest


def _local_day(moment: datetime) -> date:
    return moment.astimezone().date()


def _share(amount: Decimal, part: timedelta, whole: timedelta) -> Decimal:
    """The part's share, with no more decimals than amounts have."""
    share = amount * (part // timedelta.resolution) / (whole // timedelta.resolution)
    return share.quantize(_finest(amount))


def _finest(amount: Decimal) -> Decimal:
    exponent = amount.as_tuple().exponent
    return Decimal((0, (1,), min(-5, exponent if isinstance(exponent, int) else 0)))
