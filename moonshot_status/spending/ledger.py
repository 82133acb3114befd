"""Readings to moves: what was spent, paid in and granted between them. Pure, and exact."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Context, Decimal, localcontext

from moonshot_status.core.account import Reading

# Charges settle a few minutes after each call, so a balance can dip and come back.
_SETTLING = timedelta(minutes=15)
# Amounts have up to 12 digits before the point and 40 after it; this leaves room for their sums.
_EXACT = Context(prec=100)
_ZERO = Decimal(0)


@contextmanager
def exact_decimals() -> Iterator[None]:
    """Within this, and in functions that it decorates, sums of amounts are not rounded."""
    with localcontext(_EXACT):
        yield


@dataclass(frozen=True)
class Entry:
    """What happened between two readings; the amounts are in the account's currency, and >= 0.

    Spend came ``from_voucher`` and ``from_cash``. ``topped_up`` is cash that was paid in;
    ``granted`` are vouchers that were given, and ``ended`` is what a voucher lost without being
    spent. Where the API does not tell voucher from cash, all of it counts as cash.
    """

    start: datetime
    end: datetime
    from_voucher: Decimal = _ZERO
    from_cash: Decimal = _ZERO
    topped_up: Decimal = _ZERO
    granted: Decimal = _ZERO
    ended: Decimal = _ZERO

    @property
    def spent(self) -> Decimal:
        return _EXACT.add(self.from_voucher, self.from_cash)

    @property
    @exact_decimals()
    def change(self) -> Decimal:
        """How much more the account is worth afterwards."""
        return self.topped_up + self.granted - self.spent - self.ended

    @property
    def is_from_voucher_alone(self) -> bool:
        return self.from_voucher > 0 and not self.from_cash


@dataclass(frozen=True)
class History:
    """What is known of an account's past: its moves, in order, up to the newest reading."""

    entries: tuple[Entry, ...] = ()
    newest: Reading | None = None

    @property
    @exact_decimals()
    def opening(self) -> Decimal:
        """What the account was worth before the first move."""
        if self.newest is None:
            return _ZERO
        return worth(self.newest) - sum((move.change for move in self.entries), _ZERO)


@exact_decimals()
def worth(reading: Reading) -> Decimal:
    """What the account is worth: voucher and cash, whose deficit counts, else what is available."""
    return sum(parts(reading), _ZERO)


def parts(reading: Reading) -> tuple[Decimal, Decimal]:
    voucher, cash = reading.balance.voucher, reading.balance.cash
    if voucher is None or cash is None:
        return _ZERO, reading.balance.available
    return voucher, cash


def is_settled(readings: Sequence[Reading], place: int) -> bool:
    """Whether nothing was paid back so soon after this reading that it was charged before it."""
    soon = [r for r in readings[place:] if r.fetched_at - readings[place].fetched_at <= _SETTLING]
    return all(worth(before) >= worth(after) for before, after in itertools.pairwise(soon))


@exact_decimals()
def entries(readings: Sequence[Reading]) -> list[Entry]:
    """The moves between readings that are in order; their changes add up to that of the worth."""
    found: list[Entry] = []
    for before, after in itertools.pairwise(readings):
        found.append(_net_reversal(found, _entry(before, after)))
    return found


def _entry(before: Reading, after: Reading) -> Entry:
    old_voucher, old_cash = parts(before)
    new_voucher, new_cash = parts(after)
    voucher, cash = new_voucher - old_voucher, new_cash - old_cash
    return Entry(
        before.fetched_at,
        after.fetched_at,
        from_voucher=-voucher if voucher < 0 else _ZERO,
        from_cash=-cash if cash < 0 else _ZERO,
        topped_up=cash if cash > 0 else _ZERO,
        granted=voucher if voucher > 0 else _ZERO,
    )


def _net_reversal(earlier: list[Entry], move: Entry) -> Entry:
    """The move, or an empty one where its rise only takes back what was charged just before.

    What was charged is lowered then. A rise beyond that is money, and all of it.
    """
    rise = move.topped_up + move.granted
    if not rise:
        return move
    first = len(earlier)
    while first and earlier[first - 1].end >= move.end - _SETTLING:
        first -= 1
    if rise > sum(charge.spent for charge in earlier[first:]):
        return move
    for number in range(len(earlier) - 1, first - 1, -1):
        earlier[number], rise = _refund(earlier[number], rise)
    return replace(move, topped_up=_ZERO, granted=_ZERO)


def _refund(charge: Entry, rise: Decimal) -> tuple[Entry, Decimal]:
    """The charge without as much of the rise as it holds, and the rest of the rise."""
    cash = min(rise, charge.from_cash)
    voucher = min(rise - cash, charge.from_voucher)
    lower = replace(
        charge, from_cash=charge.from_cash - cash, from_voucher=charge.from_voucher - voucher
    )
    return lower, rise - cash - voucher


def merged(
    found: Iterable[Entry], period: Callable[[datetime], object], most: timedelta
) -> list[Entry]:
    """The moves with those that end in the same period as one.

    What is longer than ``most`` stays alone: its spend would thin out what was seen beside it. So
    does spend from a voucher alone beside spend of cash: that is how a voucher ends.
    """
    result: list[Entry] = []
    for move in found:
        if (
            result
            and _can_merge(result[-1], move, most)
            and period(result[-1].end) == period(move.end)
        ):
            result[-1] = _sum(result[-1], move)
        else:
            result.append(move)
    return result


def _can_merge(one: Entry, other: Entry, most: timedelta) -> bool:
    if max(one.end - one.start, other.end - other.start) > most:
        return False
    return not (
        (one.is_from_voucher_alone and other.from_cash)
        or (one.from_cash and other.is_from_voucher_alone)
    )


@exact_decimals()
def _sum(one: Entry, other: Entry) -> Entry:
    return Entry(
        one.start,
        other.end,
        one.from_voucher + other.from_voucher,
        one.from_cash + other.from_cash,
        one.topped_up + other.topped_up,
        one.granted + other.granted,
        one.ended + other.ended,
    )
