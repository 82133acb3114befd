"""Words that the balance and the forecast share: rows, and times of day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

SEPARATOR = " · "


@dataclass(frozen=True)
class Row:
    """One line of a tooltip or a menu; amounts are aligned at their decimal points.

    ``name`` identifies the row, ``label`` and ``value`` are shown.
    """

    name: str
    label: str
    value: str
    is_amount: bool = False


def clock_words(moment: datetime, now: datetime) -> str:
    """The local time of day, with the date when that is not today's."""
    local, today = moment.astimezone(), now.astimezone().date()
    return local.strftime("%H:%M" if local.date() == today else "%Y-%m-%d %H:%M")


def midnight(now: datetime) -> datetime:
    """The next one where the user is: times of another day are worded with their date."""
    tomorrow = now.astimezone().date() + timedelta(days=1)
    return datetime.combine(tomorrow, time()).astimezone()
