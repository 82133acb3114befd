"""Rows, and local times as text."""

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


def format_time(moment: datetime, now: datetime) -> str:
    """Return the local time, with the date unless that is today's."""
    local, today = moment.astimezone(), now.astimezone().date()
    return local.strftime("%H:%M" if local.date() == today else "%Y-%m-%d %H:%M")


def next_midnight(now: datetime) -> datetime:
    """Return the next local midnight, at which times change to include their date."""
    tomorrow = now.astimezone().date() + timedelta(days=1)
    return datetime.combine(tomorrow, time()).astimezone()
