"""Readings to moves: what was spent, paid in and granted between them. Pure, and exact."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext

from moonshot_status.account import Reading

# Charges settle a few minutes after each call, so a balance can dip and come back.
_SETTLING = timedelta(minutes=15)
# With less history than this nobody can tell a voucher's end from a large bill.
_USUAL = timedelta(days=7)
_DAY = timedelta(days=1)
# So many vouchers are looked for; each look costs a pass over the moves.
_MOST_ENDS = 4
# Amounts have up to 12 digits before the point and 40 after it; this leaves room for their sums.
_DIGITS = 100
_ZERO = Decimal(0)


@contextmanager
def exactly() -> Iterator[None]:
    """Within this, and in functions that it decorates, sums of amounts are not rounded."""
    with localcontext() as context:
        context.prec = _DIGITS
        yield


@dataclass(frozen=True)
class Move:
    """What happened between two readings; the amounts are in the account's currency, and >= 0.

    ``topped_up`` is cash that was paid in; ``granted`` are vouchers that were given, and ``ended``
    is what a voucher lost without being spent.
    """

    start: datetime
    end: datetime
    spent: Decimal = _ZERO
    topped_up: Decimal = _ZERO
    granted: Decimal = _ZERO
    ended: Decimal = _ZERO

    @property
    @exactly()
    def change(self) -> Decimal:
        """How much more the account is worth afterwards."""
        return self.topped_up + self.granted - self.spent - self.ended


@exactly()
def worth(reading: Reading, by_parts: bool) -> Decimal:
    """What the account is worth: voucher and cash, whose deficit counts, else what is available."""
    voucher, cash = reading.balance.voucher, reading.balance.cash
    if by_parts and voucher is not None and cash is not None:
        return voucher + cash
    return reading.balance.available


def in_order(readings: Iterable[Reading], now: datetime) -> list[Reading]:
    """By time, one for each moment, without those that a wrong clock put into the future."""
    at = {reading.fetched_at: reading for reading in readings if reading.fetched_at <= now}
    return [at[moment] for moment in sorted(at)]


def knows_parts(readings: Iterable[Reading]) -> bool:
    """Whether every reading tells voucher and cash; else only what is available is compared."""
    return all(
        reading.balance.voucher is not None and reading.balance.cash is not None
        for reading in readings
    )


@exactly()
def moves(readings: Sequence[Reading]) -> tuple[Move, ...]:
    """The moves between readings that are in order; their changes add up to that of the worth."""
    by_parts = knows_parts(readings)
    found: list[Move] = []
    for before, after in itertools.pairwise(readings):
        move = _by_parts(before, after) if by_parts else _by_available(before, after)
        found.append(_correcting(found, move))
    return _without_ended(found, readings) if by_parts else tuple(found)


def _by_parts(before: Reading, after: Reading) -> Move:
    voucher = (after.balance.voucher or _ZERO) - (before.balance.voucher or _ZERO)
    cash = (after.balance.cash or _ZERO) - (before.balance.cash or _ZERO)
    return Move(
        before.fetched_at,
        after.fetched_at,
        spent=max(-voucher, _ZERO) + max(-cash, _ZERO),
        topped_up=max(cash, _ZERO),
        granted=max(voucher, _ZERO),
    )


def _by_available(before: Reading, after: Reading) -> Move:
    change = after.balance.available - before.balance.available
    return Move(
        before.fetched_at,
        after.fetched_at,
        spent=max(-change, _ZERO),
        topped_up=max(change, _ZERO),
    )


def _correcting(earlier: list[Move], move: Move) -> Move:
    """The move, or an empty one where its rise only takes back what was charged just before.

    What was charged is lowered then. A rise beyond that is money, and all of it.
    """
    rise = move.topped_up + move.granted
    first = len(earlier)
    while first and earlier[first - 1].end >= move.end - _SETTLING:
        first -= 1
    if not 0 < rise <= sum(charge.spent for charge in earlier[first:]):
        return move
    for number in range(len(earlier) - 1, first - 1, -1):
        taken_back = min(rise, earlier[number].spent)
        earlier[number] = replace(earlier[number], spent=earlier[number].spent - taken_back)
        rise -= taken_back
    return replace(move, topped_up=_ZERO, granted=_ZERO)


def _without_ended(found: list[Move], readings: Sequence[Reading]) -> tuple[Move, ...]:
    """The moves with what a voucher lost at once, far beyond what a day costs, as ended."""
    if not found or found[-1].end - found[0].start < _USUAL:
        return tuple(found)
    suspects = {
        number
        for number, (before, after) in enumerate(itertools.pairwise(readings))
        if before.balance.voucher != after.balance.voucher
        and before.balance.cash == after.balance.cash
    }
    largest = sorted(suspects, key=lambda number: -_per_day(found[number]))[:_MOST_ENDS]
    ended = _beyond_usual(found, largest)
    return tuple(
        replace(move, spent=_ZERO, ended=move.spent) if number in ended else move
        for number, move in enumerate(found)
    )


def _beyond_usual(found: list[Move], largest: list[int]) -> set[int]:
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
