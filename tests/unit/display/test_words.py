"""Times as text on both sides of every change of the clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from kit.time_zones import (
    HOUR,
    PARTS,
    SECOND,
    TRAPS,
    changes,
    date_in,
    every_zone,
    set_zone,
    shown,
    utc,
)

from moonshot_status.core.account import Account, Secret
from moonshot_status.core.regions import Region
from moonshot_status.core.status import Status
from moonshot_status.display.view import build_view
from moonshot_status.display.words import format_time

DISTANCES = [n * HOUR for n in (-25, -1, -0.25, 0, 0.25, 1, 25)] + [-SECOND, -timedelta.resolution]
ACCOUNT = Account("default", Region.INTERNATIONAL, "https://api.moonshot.ai", Secret("sk-1"))


def words(zone: ZoneInfo, moment: datetime, now: datetime) -> str:
    is_today = date_in(zone, moment) == date_in(zone, now)
    return f"{shown(moment, zone):{'%H:%M' if is_today else '%Y-%m-%d %H:%M'}}"


def check_words(zone: ZoneInfo, first: datetime, last: datetime) -> None:
    for change in changes(zone, first, last):
        for now in (change + distance for distance in DISTANCES):
            until = build_view(ACCOUNT, Status(), now).valid_until
            for moment in (change + distance for distance in DISTANCES):
                found = format_time(moment, now)
                assert found == words(zone, moment, now), (zone, moment, now)
                assert found == format_time(moment, until - SECOND), (zone, moment, now)
            assert format_time(now, until) == words(zone, now, until) != format_time(now, now)


@pytest.mark.parametrize("name", TRAPS)
def test_times_are_those_of_the_clock_on_the_wall(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = set_zone(monkeypatch, name)
    for year in (1993, 2010, 2011, 2018, 2026):
        check_words(zone, utc(year, 1, 1), utc(year + 1, 1, 1))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_times_are_those_of_the_clock_on_the_wall_anywhere(
    part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in every_zone(part):
        check_words(set_zone(monkeypatch, name), utc(1970, 1, 5), utc(2038, 1, 1))
