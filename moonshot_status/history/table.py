"""A text table with enough decimals for all rows to add up exactly.

Rounded to cents, some rows would be off by a cent.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from moonshot_status.core.money import format_exact
from moonshot_status.history import AMOUNTS, DailyHistory, amounts, total
from moonshot_status.spending.daily import Day
from moonshot_status.spending.ledger import exact_decimals

_GAP = "  "
_CENTS = 2
_BLANK_IF_ZERO = ("topped_up", "granted", "ended")
_OMITTED_IF_ALL_ZERO = ("granted", "ended")


def render(history: DailyHistory) -> str:
    """Return a header, one line per day, and a last line of totals for several days."""
    sums = total(history.days)
    names = [name for name in AMOUNTS if name not in _OMITTED_IF_ALL_ZERO or amounts(sums)[name]]
    decimals = _decimals(amount for day in history.days for amount in amounts(day).values())

    def cell(day: Day, name: str) -> str:
        amount = amounts(day)[name]
        is_blank = not amount and name in _BLANK_IF_ZERO
        return "" if is_blank else format_exact(amount, history.region, decimals)

    rows = [(day.date.isoformat(), day) for day in history.days]
    if len(rows) > 1:
        rows.append(("total", sums))
    lines = [["date", *(name.replace("_", " ") for name in names)]]
    lines += [[label, *(cell(day, name) for name in names)] for label, day in rows]
    return _align(lines)


@exact_decimals()
def _decimals(values: Iterable[Decimal]) -> int:
    """Return how many decimals show every amount exactly, at least those of cents."""
    exponents = (amount.normalize().as_tuple().exponent for amount in values)
    return max(_CENTS, *(-exponent for exponent in exponents if isinstance(exponent, int)))


def _align(lines: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join(
        _GAP.join([f"{first:<{widths[0]}}", *map(str.rjust, others, widths[1:])]) + "\n"
        for first, *others in lines
    )
