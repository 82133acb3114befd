"""Time zones with days that are easy to get wrong, and what ``zoneinfo`` knows about them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, available_timezones

import pytest

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
TRAPS = (
    "Africa/Cairo",  # midnight is skipped in April
    "Africa/Casablanca",  # the clock is put back for Ramadan
    "Africa/El_Aaiun",
    "Africa/Monrovia",  # put forward by 44 minutes and 30 seconds
    "America/Asuncion",
    "America/Havana",  # midnight is skipped in March, and comes twice in November
    "America/Nuuk",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Scoresbysund",
    "America/St_Johns",  # at 00:01 put back to the day before, until 2010
    "Antarctica/Casey",  # jumps by three hours
    "Antarctica/Troll",  # by two hours
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Pyongyang",  # by half an hour, twice
    "Asia/Tehran",
    "Atlantic/Azores",
    "Australia/Lord_Howe",  # by half an hour
    "Europe/Dublin",  # winter is the exception there
    "Pacific/Apia",  # without 30 December 2011
    "Pacific/Chatham",
    "Pacific/Kwajalein",  # without 21 August 1993
    "UTC",
)
# The clock was put back to the day before after its midnight, so that a date came twice.
RETURNING = {
    "America/Goose_Bay", "America/Moncton", "America/St_Johns", "Antarctica/Casey",
    "Canada/Newfoundland",
}  # fmt: skip
PARTS = 16
"""Into how many tests the zones of the system's database are divided."""
# No zone changes its offset twice within these days.
_STEP = timedelta(days=3)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[misc,arg-type]


def every_zone(part: int) -> list[str]:
    """Return one part of the zones in the system's database, without other names for one zone."""
    by_rules = {_rules(name): name for name in sorted(available_timezones() - {"localtime"})}
    return list(by_rules.values())[part::PARTS]


def _rules(name: str) -> bytes:
    files = (Path(folder, name) for folder in TZPATH)
    return next((file.read_bytes() for file in files if file.exists()), name.encode())


def set_zone(patch: pytest.MonkeyPatch, name: str) -> ZoneInfo:
    """Make this the time zone of the process. The fixture ``home`` has the next test begin in UTC.

    Raises ZoneInfoNotFoundError if the system does not have it.
    """
    zone = ZoneInfo(name)
    patch.setenv("TZ", name)
    time.tzset()
    return zone


def shown(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return what a clock in this zone shows at the moment."""
    return moment.astimezone(zone).replace(tzinfo=None)


def date_in(zone: ZoneInfo, moment: datetime) -> date:
    return shown(moment, zone).date()


def changes(zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """Return the moments at which the zone's offset from UTC changes."""
    days = (end - start) // _STEP + 1
    steps = [start + n * _STEP for n in range(days)]
    offsets = [moment.astimezone(zone).utcoffset() for moment in steps]
    pairs = zip(pairwise(steps), pairwise(offsets), strict=True)
    return [_change(zone, *around) for around, (old, new) in pairs if old != new]


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    old = before.astimezone(zone).utcoffset()
    while after - before > SECOND:
        middle = before + (after - before) // 2 // SECOND * SECOND
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


def moments(start: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    while start < end:
        yield start
        start += step
