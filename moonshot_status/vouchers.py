"""Vouchers that ended without being spent, told from spend. Pure, and exact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from moonshot_status.ledger import Move, exactly

# With less history than this nobody can tell a voucher's end from a large bill.
_USUAL = timedelta(days=7)
_DAY = timedelta(days=1)
# So many vouchers are looked for; each look costs a pass over the moves.
_MOST_ENDS = 4
_ZERO = Decimal(0)


@exactly()
def with_ends(found: Sequence[Move]) -> tuple[Move, ...]:
    """The moves with what a voucher lost at once, far beyond what a day costs, as ended."""
    if not found or found[-1].end - found[0].start < _USUAL:
        return tuple(found)
    suspects = [number for number, move in enumerate(found) if move.is_from_voucher_alone]
    largest = sorted(suspects, key=lambda number: -_per_day(found[number]))[:_MOST_ENDS]
    ended = _beyond_usual(found, largest)
    return tuple(
        replace(move, from_voucher=_ZERO, ended=move.ended + move.from_voucher)
        if number in ended
        else move
        for number, move in enumerate(found)
    )


def _beyond_usual(found: Sequence[Move], largest: list[int]) -> set[int]:
    """As many of the largest as cost more than twice the dearest day that is left without them."""
    for count in range(len(largest), 0, -1):
        ended = set(largest[:count])
        usual = _dearest_day(move for number, move in enumerate(found) if number not in ended)
        if usual and _per_day(found[largest[count - 1]]) > 2 * usual:
            return ended
    return set()


def _per_day(move: Move) -> Decimal:
    """What a day of this would have cost; what took less than a day counts as one."""
    days = max(move.end - move.start, _DAY) / _DAY
    return move.spent / Decimal(days)


def _dearest_day(others: Iterable[Move]) -> Decimal:
    """The most that was spent within one day, by the calendar of UTC."""
    days: dict[object, Decimal] = {}
    for move in others:
        days[move.end.date()] = days.get(move.end.date(), _ZERO) + _per_day(move)
    return max(days.values(), default=_ZERO)
