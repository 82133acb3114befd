"""CSV for programs and spreadsheets: exact amounts without currency signs, and LF line ends.

No field needs quotes: there are only dates, digits, points and minus signs.
"""

from __future__ import annotations

from moonshot_status.history import AMOUNTS, DailyHistory, amounts


def render(history: DailyHistory) -> str:
    """Return a header line and one line per day."""
    lines = [["date", *AMOUNTS]]
    for day in history.days:
        digits = [format(amount, "f") for amount in amounts(day).values()]
        lines.append([day.date.isoformat(), *digits])
    return "".join(",".join(line) + "\n" for line in lines)
