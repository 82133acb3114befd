"""The daily history of an account, and its formats: one pure function per module."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from moonshot_status.core.regions import Region
from moonshot_status.spending.daily import Day
from moonshot_status.spending.ledger import exact_decimals

AMOUNTS = ("opening", "spent", "topped_up", "granted", "ended", "closing")
"""The names of a Day's amounts, in the column order of all tables."""


@dataclass(frozen=True)
class DailyHistory:
    """The days of an account in order, with amounts in the region's currency.

    ``account`` is the name in the settings, which can contain any character.
    """

    account: str
    region: Region
    days: tuple[Day, ...]


def amounts(day: Day) -> dict[str, Decimal]:
    """Return the day's amounts by name."""
    return {name: getattr(day, name) for name in AMOUNTS}


@exact_decimals()
def total(days: Iterable[Day]) -> Day:
    """Sum up at least one day, as if they were one day with the date of the last."""
    first, *others = days
    sums = first
    for day in others:
        sums = Day(
            day.date,
            first.opening,
            sums.spent + day.spent,
            sums.topped_up + day.topped_up,
            sums.granted + day.granted,
            sums.ended + day.ended,
        )
    return sums
