"""A table for people, with as many decimals as it takes for every row to add up.

Rounded rows would be off by a cent here and there, and a ledger that does not add up is no help.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from moonshot_status.core.money import format_exact
from moonshot_status.core.regions import Region
from moonshot_status.history import AMOUNTS, DailyHistory, amounts, total
from moonshot_status.spending.daily import Day
from moonshot_status.spending.ledger import exact_decimals

_GAP = "  "
_CENTS = 2
# What most days have none of is left blank there, and left out where no day has any.
_RARE = ("topped_up", "granted", "ended")
_OFTEN_UNUSED = ("granted", "ended")


def render(history: DailyHistory) -> str:
    """One line a day, and for several days a last line for all of them."""
    whole = total(history.days)
    names = [name for name in AMOUNTS if name not in _OFTEN_UNUSED or amounts(whole)[name]]
    decimals = _decimals(amount for day in history.days for amount in amounts(day).values())
    lines = [["date", *(name.replace("_", " ") for name in names)]]
    for day in history.days:
        lines.append([day.date.isoformat(), *_words(day, names, history.region, decimals)])
    if len(history.days) > 1:
        lines.append(["total", *_words(whole, names, history.region, decimals)])
    return _lined_up(lines)


def _words(day: Day, names: list[str], region: Region, decimals: int) -> list[str]:
    shown = amounts(day)
    return [
        format_exact(shown[name], region, decimals) if shown[name] or name not in _RARE else ""
        for name in names
    ]


@exact_decimals()
def _decimals(every: Iterable[Decimal]) -> int:
    """As few as hold all the digits of each amount, but never fewer than cents have."""
    exponents = (amount.normalize().as_tuple().exponent for amount in every)
    return max(_CENTS, *(-exponent for exponent in exponents if isinstance(exponent, int)))


def _lined_up(lines: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join(
        _GAP.join([f"{first:<{widths[0]}}", *map(str.rjust, others, widths[1:])]) + "\n"
        for first, *others in lines
    )
