"""Rows, and local times as text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from moonshot_status.core.local_time import local_date, local_time

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
    local, today = local_time(moment), local_date(now)
    return local.strftime("%H:%M" if local.date() == today else "%Y-%m-%d %H:%M")
