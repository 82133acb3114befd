"""Local times and dates, right wherever clocks are put forward or back.

Each function starts from a moment, never from a local time, which may not exist or may exist twice:
if the clock is changed at midnight, a day has no midnight or two of them, and if the date line is
moved, a whole day is missing. Moments are aware datetimes; those that are returned are in UTC.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from datetime import date, datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SECOND, _DAY_SECONDS = timedelta(seconds=1), 86_400


def local_time(moment: datetime) -> datetime:
    """Return what a local clock shows at this moment, as a datetime without a time zone."""
    # Unlike astimezone(), this works for every offset that TZ can have, 24 hours and more included.
    elapsed = moment - _EPOCH
    return (_EPOCH + elapsed + _offset(elapsed // _SECOND) * _SECOND).replace(tzinfo=None)


def local_date(moment: datetime) -> date:
    """Return the date that a local clock shows at this moment."""
    return local_time(moment).date()


def next_date_change(moment: datetime) -> datetime:
    """Return the first moment after this one at which the local date is another one."""
    second = (moment - _EPOCH) // _SECOND
    day = _day(second)
    while True:
        midnight = second + _DAY_SECONDS - (second + _offset(second)) % _DAY_SECONDS
        changed = _next_offset_change(second, midnight)
        if changed is None:
            return _EPOCH + midnight * _SECOND
        if _day(changed) != day:
            return _EPOCH + changed * _SECOND
        second = changed


def _next_offset_change(second: int, last: int) -> int | None:
    """Return when the offset changes after ``second``, or None if it is the same at ``last``."""
    offset = _offset(second)
    if _offset(last) == offset:
        return None
    seconds = range(second, last)
    return second + bisect_left(seconds, True, key=lambda each: _offset(each) != offset)


def _day(second: int) -> int:
    """Return the local date as a number of days; ``second`` is in seconds since 1970 (UTC)."""
    return (second + _offset(second)) // _DAY_SECONDS


def _offset(second: int) -> int:
    """Return the offset of local time from UTC in seconds."""
    return time.localtime(second).tm_gmtoff
