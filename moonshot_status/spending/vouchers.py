"""Tell expired vouchers from spending. Pure, and exact."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from moonshot_status.spending.ledger import Entry, exact_decimals

# With a shorter history an expired voucher cannot be told from a large bill.
_MIN_HISTORY = timedelta(days=7)
_DAY = timedelta(days=1)
# The search takes time proportional to this.
_MAX_EXPIRED = 4
_ZERO = Decimal(0)


@exact_decimals()
def mark_expired(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return the entries with voucher credit that expired in ``ended`` instead of as spending.

    A loss of voucher credit alone counts as expired if it is more than twice the spending of the
    most expensive other day.
    """
    if sum((entry.duration for entry in entries), timedelta()) < _MIN_HISTORY:
        return tuple(entries)
    costs = [_cost_per_day(entry) for entry in entries]
    candidates = [index for index, entry in enumerate(entries) if entry.is_voucher_only]
    largest = sorted(candidates, key=lambda index: -costs[index])[:_MAX_EXPIRED]
    expired = _far_above_usual(entries, costs, largest)
    return tuple(
        replace(entry, from_voucher=_ZERO, ended=entry.ended + entry.from_voucher)
        if index in expired
        else entry
        for index, entry in enumerate(entries)
    )


def _far_above_usual(
    entries: Sequence[Entry], costs: Sequence[Decimal], largest: Sequence[int]
) -> Collection[int]:
    """Return as many of the largest as cost more than twice the dearest day without them."""
    days: dict[date, Decimal] = {}
    for entry, cost in zip(entries, costs, strict=True):
        days[entry.end.date()] = days.get(entry.end.date(), _ZERO) + cost
    for index in largest:
        days[entries[index].end.date()] -= costs[index]
    for count in range(len(largest), 0, -1):
        index, usual = largest[count - 1], max(days.values())
        if usual and costs[index] > 2 * usual:
            return largest[:count]
        days[entries[index].end.date()] += costs[index]
    return ()


def _cost_per_day(entry: Entry) -> Decimal:
    """Return the spending per day; an entry shorter than a day counts as one day.

    An entry of unknown duration counts as nothing.
    """
    if not entry.duration:
        return _ZERO
    if entry.duration <= _DAY:
        return entry.spent
    return entry.spent / Decimal(entry.duration / _DAY)
