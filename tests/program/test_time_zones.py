"""The program on both sides of changes of the clock: times, days, and nothing that takes long."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from kit.support import PROGRAM, balance
from kit.time_zones import HOUR, changes, date_in, moments, set_zone, shown, utc

from moonshot_status.polling import demo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("faketime"), reason="needs faketime"),
]
# From 2030 on, so that the files of the test are older than what the program takes for now.
YEARS = {
    "Africa/Cairo": 2030, "Africa/Casablanca": 2030, "America/Havana": 2030,
    "America/Santiago": 2030, "America/Sao_Paulo": 2018, "Antarctica/Troll": 2030,
    "Asia/Beirut": 2030, "Atlantic/Azores": 2030, "Australia/Lord_Howe": 2030,
    "Europe/Dublin": 2030, "Pacific/Apia": 2011, "Pacific/Kwajalein": 1993,
}  # fmt: skip
MINUTE = HOUR / 60
SERVER_ERROR = demo.ServerResponse(503, b"")


def at(moment: datetime, *arguments: str) -> bytes:
    """Return what the program prints if it is started at this moment, in UTC."""
    command = ["faketime", f"{moment:%Y-%m-%d %H:%M:%S} UTC", *PROGRAM, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b""), (moment, arguments)
    return done.stdout


@pytest.fixture(autouse=True)
def fake_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave alone what the program waits by, and the times of files."""
    monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    monkeypatch.setenv("NO_FAKE_STAT", "1")


@pytest.mark.parametrize("name", YEARS)
def test_times_and_days_around_a_change_of_the_clock(
    name: str, home: Path, server: demo.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone, year = set_zone(monkeypatch, name), YEARS[name]
    for change in changes(zone, utc(year, 1, 1), utc(year + 1, 1, 1)):
        shutil.rmtree(home / ".local", ignore_errors=True)
        spend_before_and_after(zone, change, server)
        check_days(zone, history(change + 3 * HOUR), change)


def spend_before_and_after(zone: ZoneInfo, change: datetime, server: demo.Server) -> None:
    """Let 30 dollars be spent from 26 hours before the change to 50 minutes after it."""
    for seen_at, available in zip(around(change), ("97", "77", "67"), strict=True):
        server.response = balance(available)
        assert at(seen_at, "--refresh") == f"${available}.00\n".encode()
        server.response = SERVER_ERROR
        for now in (change - MINUTE, change + MINUTE, change + 26 * HOUR):
            if now > seen_at:
                words = f"${available}.00 · as of {as_of(zone, seen_at, now)} · server error"
                assert at(now).decode() == f"{words}\n"
    assert json.loads(at(now, "--format", "waybar"))["text"] == words


def around(change: datetime) -> tuple[datetime, datetime, datetime]:
    return change - 26 * HOUR, change - HOUR, change + 50 * MINUTE


def as_of(zone: ZoneInfo, moment: datetime, now: datetime) -> str:
    is_today = date_in(zone, moment) == date_in(zone, now)
    return f"{shown(moment, zone):{'%H:%M' if is_today else '%Y-%m-%d %H:%M'}}"


def history(now: datetime) -> list[dict[str, Any]]:
    days: list[dict[str, Any]] = json.loads(
        at(now, "history", "--format", "json", "--since", "all")
    )["days"]
    return days


def check_days(zone: ZoneInfo, days: list[dict[str, Any]], change: datetime) -> None:
    """Check the days: 20 dollars were spent before the second reading, 10 after it."""
    first, second, last = around(change)
    expected: dict[str, float] = {}
    for start, end, amount in ((first, second, 20), (second, last, 10)):
        for moment in moments(start, end, MINUTE):
            day = str(date_in(zone, moment))
            expected[day] = expected.get(day, 0.0) + amount * (MINUTE / (end - start))
    found = {day["date"]: day["spent"] for day in days}
    assert found == pytest.approx(expected, abs=0.2)
    assert sum(found.values()) == pytest.approx(30)
    assert days[-1]["closing"] == 67


@pytest.mark.parametrize("wrong", [utc(1970, 1, 1, 0, 1), utc(2106, 2, 7, 6, 28)])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_wrong_clock_books_nothing_on_wrong_days(
    server: demo.Server, wrong: datetime, position: int
) -> None:
    now = utc(2030, 3, 3, 12)
    times = [now - 30 * HOUR, now - 29 * HOUR, now - 6 * HOUR, now]
    times[position] = wrong
    for moment, available in zip(times, ("97", "87", "77", "67"), strict=True):
        server.response = balance(available)
        assert at(moment, "--refresh") == f"${available}.00\n".encode()
    days = json.loads(at(now, "history", "--format", "json", "--since", "all"))["days"]
    assert {day["date"] for day in days} <= {"2030-03-02", "2030-03-03"}
    # Before a first reading of 2106 nothing is known.
    seen = 20 if (wrong.year, position) == (2106, 0) else 30
    assert (sum(day["spent"] for day in days), days[-1]["closing"]) == (seen, 67)
