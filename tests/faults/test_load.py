"""Hundreds of processes at once make one request, cost little and print something true."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit import orphans, stops, stored
from kit.forks import Done, Forks, forks
from kit.held_server import HeldServer, held_server

pytestmark = pytest.mark.slow

SIZE, SIZE_ON_SLOW_DISK = 300, 30
PROCESSOR_SECONDS = 1.0
# Starting all of them may take long.
TIMEOUT, TIMEOUT_ON_SLOW_DISK = 60, 10
MARGIN = 30
SYNC_SECONDS = 3
BAR = ("--format", "polybar")
OLD = "$11.00 · as of "


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldServer]:
    with held_server(monkeypatch) as server:
        yield server


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forks]:
    """Provide the process from which runs are forked on a disk that takes its time."""
    with monkeypatch.context() as patch:
        patch.setenv("LD_PRELOAD", str(stops.slow_disk(tmp_path)))
        with forks() as program:
            patch.undo()
            monkeypatch.setenv("SYNC_SECONDS", str(SYNC_SECONDS))
            yield program


def crowd(program: Forks, server: HeldServer, size: int = SIZE, timeout: int = TIMEOUT) -> set[str]:
    """Return what so many bars show; the server responds when all have been started."""
    server.released.clear()
    started = [program.start(*BAR, "--timeout", str(timeout)) for _ in range(size)]
    server.wait_for_request(1)
    server.released.set()
    began = time.monotonic()
    done = [program.wait(number) for number in started]
    assert time.monotonic() - began < timeout + MARGIN
    assert_cheap(done)
    orphans.wait_for_all()
    return {each.stdout.decode() for each in done}


def assert_cheap(done: list[Done]) -> None:
    assert max(each.processor_seconds for each in done) <= PROCESSOR_SECONDS
    assert {each.returncode for each in done} == {0}


def make_old(program: Forks, server: HeldServer, file: Path) -> None:
    """Store a balance that is an hour old."""
    program.run()
    stored.pass_time(file, 3600)
    server.requests.clear()


def test_a_crowd_on_an_empty_store(program: Forks, server: HeldServer) -> None:
    assert crowd(program, server) == {"$11.00\n"}
    assert len(server.requests) == 1


def test_a_crowd_with_an_old_balance(program: Forks, server: HeldServer, file: Path) -> None:
    make_old(program, server, file)
    server.first_amount = 12
    for shown in crowd(program, server):
        assert shown.startswith(OLD) or shown == "$12.00\n"
    assert len(server.requests) == 1
    assert stored.amounts(file) == ["11", "12"]


def test_a_crowd_on_an_empty_store_on_a_slow_disk(
    slow: Forks, server: HeldServer, file: Path
) -> None:
    """The first balance takes longer to store than a process waits for the store."""
    for shown in crowd(slow, server, SIZE_ON_SLOW_DISK, TIMEOUT_ON_SLOW_DISK):
        assert shown in ("$11.00\n", "$11.00 · not kept\n") or shown.startswith("—")
    assert len(server.requests) == 1
    assert stored.amounts(file) == ["11"]
    assert slow.run(*BAR).stdout == b"$11.00\n"


def test_a_crowd_with_an_old_balance_on_a_slow_disk(
    program: Forks, slow: Forks, server: HeldServer, file: Path
) -> None:
    make_old(program, server, file)
    server.first_amount = 12
    for shown in crowd(slow, server, SIZE_ON_SLOW_DISK, TIMEOUT_ON_SLOW_DISK):
        assert shown.startswith(OLD) or shown == "$12.00\n"
    assert len(server.requests) == 1
    assert stored.amounts(file) == ["11", "12"]
