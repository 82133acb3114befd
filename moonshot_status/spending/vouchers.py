"""Vouchers that ended without being spent, told from spend. Pure, and exact."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from moonshot_status.spending.ledger import Entry, exact_decimals

# With less history than this nobody can tell a voucher's end from a large bill.
_USUAL = timedelta(days=7)
_DAY = timedelta(days=1)
# So many vouchers are looked for; each look costs a pass over the moves.
_MOST_ENDS = 4
_ZERO = Decimal(0)


@exact_decimals()
def mark_expired(found: Sequence[Entry]) -> tuple[Entry, ...]:
    """The moves with what a voucher lost at once, far beyond what a day costs, as ended."""
    if not found or found[-1].end - found[0].start < _USUAL:
        return tuple(found)
    costs = [_per_day(move) for move in found]
    suspects = [number for number, move in enumerate(found) if move.is_from_voucher_alone]
    largest = sorted(suspects, key=lambda number: -costs[number])[:_MOST_ENDS]
    ended = _beyond_usual(found, costs, largest)
    return tuple(
        replace(move, from_voucher=_ZERO, ended=move.ended + move.from_voucher)
        if number in ended
        else move
        for number, move in enumerate(found)
    )


def _beyond_usual(
    found: Sequence[Entry], costs: Sequence[Decimal], largest: Sequence[int]
) -> Collection[int]:
    """As many of the largest as cost more than twice the dearest day that is left without them."""
    days: dict[date, Decimal] = {}
    for move, cost in zip(found, costs, strict=True):
        days[move.end.date()] = days.get(move.end.date(), _ZERO) + cost
    for number in largest:
        days[found[number].end.date()] -= costs[number]
    for count in range(len(largest), 0, -1):
        number, usual = largest[count - 1], max(days.values())
        if usual and costs[number] > 2 * usual:
            return largest[:count]
        days[found[number].end.date()] += costs[number]
    return ()


def _per_day(move: Entry) -> Decimal:
    """What a day of this would have cost; what took less than a day counts as one."""
    length = move.end - move.start
    return move.spent if length <= _DAY else move.spent / Decimal(length / _DAY)
