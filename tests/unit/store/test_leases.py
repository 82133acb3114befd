"""The lease of a request: one holder at a time, and who is told what about it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from moonshot_status.store import leases, values
from moonshot_status.store.leases import Lease, RequestInFlight

NOW = datetime(2026, 11, 22, 18, 46, 24, 123456, timezone.utc)
SECOND = timedelta(seconds=1)
LASTS = 15 * SECOND


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "requests" / "account.lease"


@contextmanager
def leased(path: Path, start: datetime = NOW) -> Iterator[Lease]:
    lease = leases.take(path, start, start + LASTS)
    try:
        yield lease
    finally:
        lease.release()


def abandoned(path: Path, start: datetime = NOW) -> None:
    """Leave a lease as a process does that is killed."""
    with leased(path, start):
        content = path.read_bytes()
    path.write_bytes(content)


def test_the_timeout_bounds_a_lease() -> None:
    assert leases.duration(10, runs_command=False) == 15 * SECOND
    assert leases.duration(10, runs_command=True) == 25 * SECOND
    assert leases.duration(3600, runs_command=False) == 65 * SECOND


def test_without_a_file_there_is_no_request(path: Path) -> None:
    assert leases.find(path, NOW) is None


def test_a_held_lease_is_in_flight_until_its_end(path: Path) -> None:
    with leased(path) as lease:
        assert lease.started_at == NOW
        for at, is_over in [(NOW, False), (NOW + LASTS - SECOND, False), (NOW + LASTS, True)]:
            assert leases.find(path, at) == RequestInFlight(NOW, NOW + LASTS, is_over)
    assert leases.find(path, NOW) is None
    assert list(path.parent.iterdir()) == []


def test_the_lease_of_a_process_that_died_is_over(path: Path) -> None:
    abandoned(path)
    assert leases.find(path, NOW) == RequestInFlight(NOW, NOW + LASTS, True)


def test_a_lease_from_the_future_says_nothing(path: Path) -> None:
    with leased(path):
        assert leases.find(path, NOW - SECOND) is None


def test_who_has_been_replaced_is_not_current_and_removes_nothing(path: Path) -> None:
    with leased(path) as old:
        assert old.is_current()
        with leased(path, NOW + LASTS) as new:
            assert (old.is_current(), new.is_current()) == (False, True)
            old.release()
            found = leases.find(path, NOW + LASTS)
            assert found == RequestInFlight(NOW + LASTS, NOW + 2 * LASTS, False)


def test_a_lease_whose_file_is_gone_is_not_current(path: Path) -> None:
    with leased(path) as lease:
        path.unlink()
        assert not lease.is_current()


def test_a_lease_is_released_once(path: Path) -> None:
    with leased(path) as first:
        first.release()
        with leased(path) as second:
            first.release()
            assert second.is_current()


def test_all_leases_are_released(path: Path) -> None:
    with leased(path), leased(path.with_name("other.lease")):
        leases.release_all()
        assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"1", b"x y", b"1 2 3", b"9" * 90 + b" 1", b"-1 1"])
def test_without_times_that_of_the_file_counts(path: Path, content: bytes) -> None:
    abandoned(path)
    path.write_bytes(content)
    stamp = values.microseconds(NOW) * 1000
    os.utime(path, ns=(stamp, stamp))
    with open(path, "rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        found = RequestInFlight(NOW, NOW + 75 * SECOND, False)
        assert leases.find(path, NOW + 74 * SECOND) == found
        assert leases.find(path, NOW - SECOND) is None


def test_a_file_from_before_1970_is_no_request(path: Path) -> None:
    abandoned(path)
    path.write_bytes(b"")
    os.utime(path, (-1, -1))
    assert leases.find(path, NOW) is None


def test_a_symbolic_link_is_no_lease_and_is_replaced(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("1 2", encoding="utf-8")
    path.parent.mkdir()
    path.symlink_to(target)
    path.with_suffix(".new").symlink_to(target)
    assert leases.find(path, NOW) is None
    with leased(path) as lease:
        assert lease.is_current()
    assert target.read_text(encoding="utf-8") == "1 2"


def test_where_no_file_can_be_made_the_lease_keeps_nobody_away(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "account.lease"
    with leased(path) as lease:
        assert lease.is_current()
        assert leases.find(path, NOW) is None


def test_a_folder_in_the_place_of_the_file_keeps_no_balance_from_being_stored(path: Path) -> None:
    (path / "something").mkdir(parents=True)
    with leased(path) as lease:
        assert lease.is_current()
        assert lease.started_at == NOW
        assert leases.find(path, NOW) is None
    assert (path / "something").exists()


def test_without_locks_a_lease_is_in_flight_until_its_end(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*_: object) -> None:
        raise OSError("no locks")

    abandoned(path)
    monkeypatch.setattr(fcntl, "flock", flock)
    with leased(path):
        assert leases.find(path, NOW) == RequestInFlight(NOW, NOW + LASTS, False)
    abandoned(path)
    assert leases.find(path, NOW) == RequestInFlight(NOW, NOW + LASTS, False)


def test_on_a_full_disk_the_lease_has_no_times_and_works(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(os, "write", write)
    with leased(path):
        now = datetime.now(timezone.utc)
        found = leases.find(path, now)
        assert found is not None
        assert abs(found.started_at - now) < timedelta(minutes=10)
        assert not found.is_over
