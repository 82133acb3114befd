"""Processes that are stopped at any moment hide no age and no error, and block no other."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from kit import orphans, stops, stored
from kit.forks import Forks, forks
from kit.held_server import HeldServer, held_server
from kit.preparations import stop_at_statement
from kit.watching import Stream, happens

from moonshot_status import formats

pytestmark = pytest.mark.slow

OLD_SECONDS = 3600
STALE_IN_NAGIOS = 1
# Longer than a test takes.
LONG = ("--timeout", "60")
# A poll with a locked store takes a second and a half at most on an idle machine.
SOON = 10.0
ALL = formats.names()
BARS = [name for name in ALL if not formats.waits_for_request(name)]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldServer]:
    with held_server(monkeypatch) as server:
        yield server


@pytest.fixture
def stopped() -> Iterator[list[int]]:
    """Provide a list for the processes that the test stops, which go on after it."""
    processes: list[int] = []
    yield processes
    for process in processes:
        stops.go_on(process)


@pytest.fixture
def old(program: Forks, server: HeldServer, file: Path) -> None:
    """Store $11.00 from an hour ago; the server does not respond from now on."""
    program.run()
    stored.pass_time(file, OLD_SECONDS)
    server.released.clear()


@pytest.fixture
def holder(program: Forks, server: HeldServer, old: None, stopped: list[int]) -> int:
    """Stop a process during its request, which is the second one."""
    process = program.start("--format", "json", *LONG)
    server.wait_for_request(2)
    stopped.append(process)
    stops.stop(process)
    return process


def polls(program: Forks, *arguments: str) -> dict[str, tuple[int, str]]:
    """Return the exit status and the output of a poll in each format."""
    found = {}
    for name in ALL:
        done = program.run("--format", name, *arguments)
        found[name] = done.returncode, done.stdout.decode()
    return found


def assert_shown(found: dict[str, tuple[int, str]], text: str, *, is_stale: bool = False) -> None:
    """Check that each format shows this text of the bar, and whether the balance is stale."""
    documents = {name: json.loads(found[name][1]) for name in ("json", "waybar")}
    problem = documents["json"]["problem"]
    assert documents["json"]["stale"] is is_stale
    assert (problem and problem["kind"]) == ("timeout" if is_stale else None)
    assert documents["waybar"]["class"] == (["ok", "stale", "timeout"] if is_stale else ["ok"])
    (line,) = (s for s in found["prometheus"][1].splitlines() if s.startswith("moonshot_stale{"))
    assert line.endswith(f" {int(is_stale)}")
    for name, (status, output) in found.items():
        assert status == (STALE_IN_NAGIOS if is_stale and name == "nagios" else 0), name
        if name not in ("json", "prometheus"):
            assert text in output, name
            assert ("no answer" in output) == is_stale, name


def test_before_its_lease_ends_every_format_shows_when_the_balance_was_read(
    program: Forks, server: HeldServer, holder: int
) -> None:
    assert_shown(polls(program), "$11.00 · as of ")
    assert len(server.requests) == 2


def test_after_its_lease_every_format_shows_that_the_balance_is_stale(
    program: Forks, server: HeldServer, holder: int, file: Path
) -> None:
    stops.move_lease(file, -10, -1)
    assert_shown(polls(program), "$11.00 · as of ", is_stale=True)
    assert len(server.requests) == 2


def test_after_its_lease_another_process_asks_and_its_balance_stays(
    program: Forks, server: HeldServer, holder: int, file: Path
) -> None:
    stops.move_lease(file, -70, -5)
    server.released.set()
    assert_shown(polls(program), "$13.00")
    assert "$13.00 · as of" not in program.run().stdout.decode()
    stops.go_on(holder)
    shown = json.loads(program.wait(holder).stdout)
    assert shown["balance"]["available"] == 13
    assert_shown(polls(program), "$13.00")
    assert stored.amounts(file) == ["11", "13"]
    assert len(server.requests) == 3


def test_one_that_goes_on_before_its_lease_ends_stores_its_balance(
    program: Forks, server: HeldServer, holder: int, file: Path
) -> None:
    server.released.set()
    stops.go_on(holder)
    assert json.loads(program.wait(holder).stdout)["balance"]["available"] == 12
    assert_shown(polls(program), "$12.00")
    assert len(server.requests) == 2


@pytest.mark.parametrize(("begins", "ends"), [(3600, 3665), (-70, -5)])
def test_one_that_goes_on_during_the_request_of_another_does_not_disturb_it(
    program: Forks, server: HeldServer, holder: int, file: Path, begins: float, ends: float
) -> None:
    """Try a lease that is over, and one that begins in the future after the clock was set back."""
    stops.move_lease(file, begins, ends)
    other = program.start("--format", "json", *LONG)
    server.wait_for_request(3)
    stops.go_on(holder)
    server.released.set()
    program.wait(holder)
    assert json.loads(program.wait(other).stdout)["balance"]["available"] == 13
    assert_shown(polls(program), "$13.00")
    assert stored.amounts(file) == ["11", "13"]
    assert len(server.requests) == 3


def test_a_clock_that_was_set_back_during_the_request(
    program: Forks, server: HeldServer, holder: int, file: Path
) -> None:
    """Let the readings and the lease be of tomorrow."""
    stored.pass_time(file, -24 * 3600)
    stops.move_lease(file, 24 * 3600, 24 * 3600 + 65)
    server.released.set()
    assert_shown(polls(program), "$13.00")
    stops.go_on(holder)
    program.wait(holder)
    assert_shown(polls(program), "$13.00")
    assert len(server.requests) == 3


@pytest.fixture
def watch(server: HeldServer, old: None) -> Iterator[Stream]:
    """Start ``watch``, and wait until its child makes the second request."""
    stream = Stream("watch", *LONG)
    assert stream.line().startswith("$11.00 · as of ")
    server.wait_for_request(2)
    yield stream
    stops.go_on(stream.process.pid)
    stream.end()


def test_a_stopped_watch_stores_what_it_asked_for_and_goes_on(
    program: Forks, server: HeldServer, watch: Stream, stopped: list[int], file: Path
) -> None:
    (child,) = watch.children()
    stops.stop(watch.process.pid)
    assert_shown(polls(program), "$11.00 · as of ")
    server.released.set()
    assert happens(lambda: stops.state(child) == "Z")
    assert_shown(polls(program), "$12.00")
    stops.go_on(watch.process.pid)
    assert watch.line() == "$12.00"
    assert len(server.requests) == 2


def test_a_stopped_child_of_watch_keeps_others_waiting_until_its_lease_ends(
    program: Forks, server: HeldServer, watch: Stream, stopped: list[int], file: Path
) -> None:
    (child,) = watch.children()
    stopped.append(child)
    stops.stop(child)
    assert_shown(polls(program), "$11.00 · as of ")
    stops.move_lease(file, -10, -1)
    assert_shown(polls(program), "$11.00 · as of ", is_stale=True)
    stops.move_lease(file, -70, -5)
    server.released.set()
    assert_shown(polls(program), "$13.00")
    stops.go_on(child)
    assert watch.line() == "$13.00"
    assert stored.amounts(file) == ["11", "13"]
    assert len(server.requests) == 3


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stops.slow_disk(tmp_path_factory.mktemp("disk"))


@pytest.fixture
def writers(library: Path, server: HeldServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forks]:
    """Provide the process from which runs are forked that stop when they write to the disk."""
    with monkeypatch.context() as patch:
        patch.setenv("LD_PRELOAD", str(library))
        with forks() as program:
            patch.undo()
            yield program


class Stops:
    """Runs that are stopped, each further on than the one before, and others meanwhile."""

    def __init__(self, program: Forks, server: HeldServer, file: Path) -> None:
        self._program, self._server, self._file = program, server, file
        program.run()

    def stop(self, by: Forks, names: Sequence[str], *prepare: partial[None]) -> bool:
        """Poll in these formats while a run is stopped; return False if it was not stopped."""
        asked, before = len(self._server.requests), stored.amounts(self._file)
        stored.pass_time(self._file, OLD_SECONDS)
        process = by.start("--format", "json", "--max-age", "300", prepare=prepare)
        was_stopped = stops.is_stopped_soon(process)
        try:
            if was_stopped:
                self._poll(names, int(before[-1]))
        finally:
            stops.go_on(process)
        shown = json.loads(by.wait(process).stdout)["balance"]
        orphans.wait_for_all()
        asked = len(self._server.requests) - asked
        assert asked == 1
        newest = str(10 + len(self._server.requests))
        assert shown["available"] in (int(before[-1]), int(newest))
        assert stored.amounts(self._file) == [*before, newest]
        assert list(self._file.parent.glob("*.damaged-*")) == []
        return was_stopped

    def _poll(self, names: Sequence[str], last: int) -> None:
        """Check that each of them shows that it is the last balance, or the new one."""
        began = time.monotonic()
        started = {name: self._program.start("--format", name) for name in names}
        for name, process in started.items():
            done = self._program.wait(process)
            output = done.stdout.decode()
            assert done.returncode == 0, (name, output)
            new = f"${last + 1}.00"
            assert new in output or f"${last}.00 · as of " in output, (name, output)
        assert time.monotonic() - began < SOON


def some_bars(number: int, count: int = 3) -> list[str]:
    """Return some of the bars' formats, the next ones for the next number."""
    return [BARS[(number * count + place) % len(BARS)] for place in range(count)]


def test_one_that_is_stopped_at_any_statement_blocks_no_bar(
    program: Forks, server: HeldServer, file: Path
) -> None:
    test = Stops(program, server, file)
    for statement in range(1, 60):
        if not test.stop(program, some_bars(statement), partial(stop_at_statement, statement)):
            break
    assert statement > 15


@pytest.mark.parametrize("first", [1, 2])
def test_one_that_is_stopped_at_any_write_to_the_disk_blocks_no_bar(
    program: Forks, writers: Forks, server: HeldServer, file: Path, first: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Try every other write from the first one on, because each takes a second or two."""
    test = Stops(program, server, file)
    for write in range(first, 60, 2):
        with monkeypatch.context() as patch:
            patch.setenv("STOP_AT_WRITE", str(write))
            was_stopped = test.stop(writers, some_bars(write))
        if not was_stopped:
            break
    assert write > 8
