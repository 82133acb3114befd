"""The daily history of an account, and its formats: one pure function per module."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from moonshot_status.core.regions import Region
from moonshot_status.spending.daily import Day
from moonshot_status.spending.ledger import exact_decimals

AMOUNTS = ("opening", "spent", "topped_up", "granted", "ended", "closing")
"""The names of a Day's amounts, in the column order of all tables."""
_SUMMED = AMOUNTS[1:-1]


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
def total(days: Sequence[Day]) -> Day:
    """Sum up at least one day, as if they were one day with the date of the last."""
    sums = (sum(getattr(day, name) for day in days) for name in _SUMMED)
    return Day(days[-1].date, days[0].opening, *sums)
