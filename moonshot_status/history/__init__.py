"""The days of one account, and the ways to show them: one pure function in each module."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from moonshot_status.core.regions import Region
from moonshot_status.spending.daily import Day
from moonshot_status.spending.ledger import exact_decimals

AMOUNTS = ("opening", "spent", "topped_up", "granted", "ended", "closing")
"""The amounts of a Day, in the order of every table."""


@dataclass(frozen=True)
class DailyHistory:
    """Days in order; the amounts are in the region's currency.

    ``account`` is the name in the settings, which may hold any character.
    """

    account: str
    region: Region
    days: tuple[Day, ...]


def amounts(day: Day) -> dict[str, Decimal]:
    """The day's amounts by their names."""
    return {name: getattr(day, name) for name in AMOUNTS}


@exact_decimals()
def total(days: Iterable[Day]) -> Day:
    """All the days, of which there is at least one, as if they were one that ends on the last."""
    first, *others = days
    whole = first
    for day in others:
        whole = Day(
            day.date,
            first.opening,
            whole.spent + day.spent,
            whole.topped_up + day.topped_up,
            whole.granted + day.granted,
            whole.ended + day.ended,
        )
    return whole
