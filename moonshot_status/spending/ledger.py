"""The ledger: entries for what was spent, topped up and granted between readings. Pure, exact."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Context, Decimal, localcontext

from moonshot_status.core.account import Reading

# The API settles charges a few minutes after each call, so a balance can dip and come back.
_SETTLEMENT = timedelta(minutes=15)
# Amounts have up to 12 digits before the point and 40 after it; this leaves room for their sums.
_EXACT = Context(prec=100)
_ZERO = Decimal(0)
_MAX_DURATION = timedelta(days=366)


@contextmanager
def exact_decimals() -> Iterator[None]:
    """Do decimal arithmetic on amounts without rounding; a context manager and a decorator."""
    with localcontext(_EXACT):
        yield


@dataclass(frozen=True)
class Entry:
    """The changes between two readings, as amounts >= 0 in the account's currency.

    ``from_voucher`` and ``from_cash`` were spent, ``topped_up`` is cash that was paid in,
    ``granted`` is new voucher credit, and ``ended`` is voucher credit that expired unspent. All
    of it counts as cash if the API does not split the balance into voucher and cash.

    Of readings more than a year apart, one was mostly stamped by a clock that was not set. When the
    changes between them took place is not known, so their entry has no duration: it starts when
    they were seen.
    """

    start: datetime
    end: datetime
    from_voucher: Decimal = _ZERO
    from_cash: Decimal = _ZERO
    topped_up: Decimal = _ZERO
    granted: Decimal = _ZERO
    ended: Decimal = _ZERO

    def __post_init__(self) -> None:
        if self.end - self.start > _MAX_DURATION:
            object.__setattr__(self, "start", self.end)

    @property
    def amounts(self) -> tuple[Decimal, ...]:
        return self.from_voucher, self.from_cash, self.topped_up, self.granted, self.ended

    @property
    def duration(self) -> timedelta:
        return self.end - self.start

    @property
    def spent(self) -> Decimal:
        return _EXACT.add(self.from_voucher, self.from_cash)

    @property
    @exact_decimals()
    def change(self) -> Decimal:
        """The change of the account's worth, negative if it is worth less afterwards."""
        return self.topped_up + self.granted - self.spent - self.ended

    @property
    def is_voucher_only(self) -> bool:
        return self.from_voucher > 0 and not self.from_cash


@dataclass(frozen=True)
class History:
    """The recorded past of an account: its entries in order, up to the newest reading."""

    entries: tuple[Entry, ...] = ()
    newest: Reading | None = None

    @property
    @exact_decimals()
    def opening(self) -> Decimal:
        """The account's worth before the first entry."""
        if self.newest is None:
            return _ZERO
        return worth(self.newest) - sum((entry.change for entry in self.entries), _ZERO)


@exact_decimals()
def worth(reading: Reading) -> Decimal:
    """Return voucher plus cash, which may be negative, or the available amount without them."""
    return sum(voucher_and_cash(reading), _ZERO)


def voucher_and_cash(reading: Reading) -> tuple[Decimal, Decimal]:
    """Return both parts of the balance, or zero and the available amount if it is not split."""
    voucher, cash = reading.balance.voucher, reading.balance.cash
    if voucher is None or cash is None:
        return _ZERO, reading.balance.available
    return voucher, cash


def is_settled(readings: Sequence[Reading], index: int) -> bool:
    """Return whether no refund within the settlement time affects charges before a reading."""
    start = readings[index].fetched_at
    soon = [r for r in readings[index:] if r.fetched_at - start <= _SETTLEMENT]
    return all(worth(before) >= worth(after) for before, after in itertools.pairwise(soon))


@exact_decimals()
def entries_from(readings: Sequence[Reading]) -> list[Entry]:
    """Return the entries between readings in order of time; their changes sum up exactly."""
    entries: list[Entry] = []
    for before, after in itertools.pairwise(readings):
        entries.append(_net_reversal(entries, _entry(before, after)))
    return entries


def _entry(before: Reading, after: Reading) -> Entry:
    old_voucher, old_cash = voucher_and_cash(before)
    new_voucher, new_cash = voucher_and_cash(after)
    voucher, cash = new_voucher - old_voucher, new_cash - old_cash
    return Entry(
        before.fetched_at,
        after.fetched_at,
        from_voucher=-voucher if voucher < 0 else _ZERO,
        from_cash=-cash if cash < 0 else _ZERO,
        topped_up=cash if cash > 0 else _ZERO,
        granted=voucher if voucher > 0 else _ZERO,
    )


def _net_reversal(earlier: list[Entry], entry: Entry) -> Entry:
    """Return the entry without its rise if that only reverses recent charges.

    The charges in ``earlier`` are then reduced in place. A rise above their sum is a top-up or a
    grant, and none of it is a reversal.
    """
    rise = entry.topped_up + entry.granted
    if not rise:
        return entry
    first = len(earlier)
    while first and earlier[first - 1].end >= entry.end - _SETTLEMENT:
        first -= 1
    if rise > sum(charge.spent for charge in earlier[first:]):
        return entry
    for index in range(len(earlier) - 1, first - 1, -1):
        earlier[index], rise = _refund(earlier[index], rise)
    return replace(entry, topped_up=_ZERO, granted=_ZERO)


def _refund(charge: Entry, amount: Decimal) -> tuple[Entry, Decimal]:
    """Reduce a charge by at most the amount; also return what is left of the amount."""
    cash = min(amount, charge.from_cash)
    voucher = min(amount - cash, charge.from_voucher)
    reduced = replace(
        charge, from_cash=charge.from_cash - cash, from_voucher=charge.from_voucher - voucher
    )
    return reduced, amount - cash - voucher


def merge_by_period(
    entries: Iterable[Entry], period_of: Callable[[datetime], object], max_duration: timedelta
) -> list[Entry]:
    """Merge neighbouring entries that end in the same period.

    An entry longer than ``max_duration`` stays separate, because merging would smear its spending
    over its neighbours. Voucher-only spending stays separate from cash spending, because that is
    the pattern by which an expired voucher is recognised.
    """
    merged: list[Entry] = []
    for entry in entries:
        if (
            merged
            and _can_merge(merged[-1], entry, max_duration)
            and period_of(merged[-1].end) == period_of(entry.end)
        ):
            merged[-1] = _sum(merged[-1], entry)
        else:
            merged.append(entry)
    return merged


def _can_merge(one: Entry, other: Entry, max_duration: timedelta) -> bool:
    if max(one.duration, other.duration) > max_duration:
        return False
    return not (
        (one.is_voucher_only and other.from_cash) or (one.from_cash and other.is_voucher_only)
    )


@exact_decimals()
def _sum(one: Entry, other: Entry) -> Entry:
    return Entry(one.start, other.end, *map(operator.add, one.amounts, other.amounts))
