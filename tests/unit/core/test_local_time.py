"""Local times and dates around every change of the clock, against ``zoneinfo``."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.time_zones import (
    HOUR,
    PARTS,
    RETURNING,
    SECOND,
    TRAPS,
    changes,
    date_in,
    every_zone,
    moments,
    set_zone,
    shown,
    utc,
)  # fmt: skip

from moonshot_status.core.local_time import local_date, local_time, next_date_change

MICROSECOND = timedelta.resolution
DAY = timedelta(days=1)
DISTANCES = (-DAY, -HOUR, -SECOND, -MICROSECOND, timedelta(), HOUR, DAY)
WHOLE_YEARS = (1993, 2010, 2011, 2018, 2026)


def check_clock(zone: ZoneInfo, moment: datetime) -> None:
    assert local_time(moment) == shown(moment, zone), (zone, moment)
    assert local_date(moment) == date_in(zone, moment)


def check_date_change(zone: ZoneInfo, moment: datetime, step: timedelta = HOUR) -> datetime:
    """Check that the date is the same up to the next change, at each step, and another one then."""
    end = next_date_change(moment)
    assert moment < end <= moment + 49 * HOUR
    day = date_in(zone, moment)
    assert date_in(zone, end) != day, (zone, moment)
    between = [*moments(moment, end, step), end - MICROSECOND]
    assert {date_in(zone, each) for each in between} == {day}, (zone, moment)
    return end


def check_changes(zone: ZoneInfo, first: datetime, last: datetime) -> None:
    """Check both sides of every change of the clock between two moments."""
    for change in changes(zone, first, last):
        for distance in DISTANCES:
            check_clock(zone, change + distance)
            check_date_change(zone, change + distance)


def check_year(zone: ZoneInfo, year: int) -> None:
    """Check that the days of a year cover it, and that each has one start."""
    starts = [next_date_change(utc(year, 1, 1))]
    while starts[-1] < utc(year + 1, 1, 1):
        starts.append(check_date_change(zone, starts[-1], 9 * HOUR))
    dates = [date_in(zone, start) for start in starts]
    assert dates[0].year == year
    assert dates == sorted(dates) or zone.key in RETURNING
    counts = Counter(dates)
    assert set(counts.values()) == {1} or zone.key in RETURNING
    assert all(one - other <= 2 * DAY for other, one in pairwise(sorted(counts)))


@pytest.mark.parametrize("name", TRAPS)
def test_dates_change_when_they_do_on_the_clock(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = set_zone(monkeypatch, name)
    check_changes(zone, utc(1970, 1, 2), utc(2038, 1, 1))
    for year in WHOLE_YEARS:
        check_year(zone, year)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_dates_change_when_they_do_on_the_clock_anywhere(
    part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in every_zone(part):
        zone = set_zone(monkeypatch, name)
        check_changes(zone, utc(1840, 1, 1), utc(2050, 1, 1))
        for year in WHOLE_YEARS:
            check_year(zone, year)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(TRAPS),
    st.datetimes(datetime(1970, 1, 2), datetime(9998, 12, 1), timezones=st.just(timezone.utc)),
)
def test_any_moment_has_a_date_that_ends(
    monkeypatch: pytest.MonkeyPatch, name: str, moment: datetime
) -> None:
    zone = set_zone(monkeypatch, name)
    check_clock(zone, moment)
    check_date_change(zone, moment)


@pytest.mark.parametrize(
    ("name", "moment", "words"),
    [
        ("XXX-24", utc(2026, 4, 24, 1), "2026-04-25 01:00:00"),
        ("XXX-24:59:59", utc(2026, 4, 24, 1), "2026-04-25 01:59:59"),
        ("XXX+24:30", utc(2026, 4, 24, 1), "2026-04-23 00:30:00"),
    ],
)
def test_offsets_of_a_day_and_more_are_local_times(
    monkeypatch: pytest.MonkeyPatch, name: str, moment: datetime, words: str
) -> None:
    monkeypatch.setenv("TZ", name)
    time.tzset()
    assert str(local_time(moment)) == words
    assert local_time(next_date_change(moment)).time() == datetime(1970, 1, 1).time()
