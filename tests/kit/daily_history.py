"""Daily histories with days of the test's own."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from moonshot_status.core.regions import Region
from moonshot_status.history import DailyHistory
from moonshot_status.spending.daily import Day

FIRST = date(2026, 3, 2)
HOSTILE = "=1+1 $a$ <b>&\x1b[31m\n名前" + "x" * 300


def history(
    *facts: tuple[str, str, str, str], opening: str = "10", name: str = "work"
) -> DailyHistory:
    """Days of what was spent, topped up, granted and ended."""
    days: list[Day] = []
    for number, fact in enumerate(facts):
        start = days[-1].closing if days else Decimal(opening)
        days.append(Day(FIRST + timedelta(number), start, *map(Decimal, fact)))
    return DailyHistory(name, Region.INTERNATIONAL, tuple(days))


QUIET = ("0", "0", "0", "0")
BUSY = history(
    ("1.25", "0", "0", "0"), ("0.00001", "0", "0", "0"),
    ("2", "20", "5.5", "0"), ("0", "0", "0", "3"),
)  # fmt: skip
