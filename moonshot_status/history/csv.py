"""A table for programs and spreadsheets: exact amounts without a currency sign, and no names.

Nothing in it needs quotes: dates, digits, points and minus signs. Lines end as Unix has them.
"""

from __future__ import annotations

from moonshot_status.history import AMOUNTS, DailyHistory, amounts


def render(history: DailyHistory) -> str:
    lines = [["date", *AMOUNTS]]
    for day in history.days:
        digits = [format(amount, "f") for amount in amounts(day).values()]
        lines.append([day.date.isoformat(), *digits])
    return "".join(",".join(line) + "\n" for line in lines)
