"""However many processes poll, one makes the request, and a change of level is reported once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event

import pytest
from kit import stored
from kit.forks import Forks
from kit.preparations import deny_locks, report_lock_requests
from kit.support import KEY, LOW, LOW_AGAIN, PROGRAM, WELL_AGAIN, Recorder, balance

from moonshot_status.polling import demo

pytestmark = pytest.mark.slow

LARGEST, LARGE, NOTIFIED, REAL = 100, 50, 20, 8
WAIT_SECONDS = 300
GOOD = demo.balance("49.58894", "46.58893", "3.00001")
BUSY = demo.error(503, "server_error", "busy")
LIMITED = demo.error(429, "rate_limit_reached_error", "too many requests")
# Longer than a test waits for a run.
FOREVER = ("--timeout", "600")
Outcome = tuple["float | None", bool, "str | None"]


class PatientServer(demo.Server):
    """Responds to a request when ``may_respond`` says so of its number, counted from 1."""

    retry_after = 0

    def __init__(self) -> None:
        super().__init__(GOOD, (KEY,))
        self.may_respond: Callable[[int], bool] = lambda _: True

    def respond(self, method: str, path: str, key: str) -> demo.ServerResponse:
        response = super().respond(method, path, key)
        number, until = len(self.requests), time.monotonic() + 60
        while not self.may_respond(number) and time.monotonic() < until:
            time.sleep(0.005)
        return response

    def wait_for_request(self, number: int) -> None:
        while len(self.requests) < number:
            time.sleep(0.005)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(super()._handler()):  # type: ignore[misc]
            def end_headers(self) -> None:
                if server.retry_after:
                    self.send_header("Retry-After", str(server.retry_after))
                super().end_headers()

        return Handler


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PatientServer]:
    server = PatientServer()
    monkeypatch.setenv("MOONSHOT_BASE_URL", server.base_url)
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    yield server
    server.may_respond = lambda _: True
    server.stop()


class Crowd:
    """Polls of many processes at the same time."""

    def __init__(self, program: Forks, server: PatientServer, arrivals: Path) -> None:
        self._program = program
        self._server = server
        self._arrivals = arrivals
        self._report = partial(report_lock_requests, str(arrivals))

    def at_once(self, size: int, *arguments: str) -> list[bytes]:
        """Return what each prints; no request is answered before all of them want to make one."""
        self._arrivals.write_bytes(b"")
        self._server.may_respond = lambda _: self._arrivals.stat().st_size >= size
        found = self._program.crowd(size, "--timeout", "60", *arguments, prepare=[self._report])
        self._server.may_respond = lambda _: True
        return [done.stdout for done in found]

    def later(self, size: int, *arguments: str) -> list[bytes]:
        """Return what each prints; they need no request."""
        return [done.stdout for done in self._program.crowd(size, *arguments)]

    def start_waiting(self) -> int:
        """Start a process and return its number when it is about to wait for the lock."""
        self._arrivals.write_bytes(b"")
        number = self._program.start(*FOREVER, prepare=[self._report])
        while not self._arrivals.stat().st_size:
            time.sleep(0.005)
        return number


@pytest.fixture
def crowd(program: Forks, server: PatientServer, tmp_path: Path) -> Crowd:
    return Crowd(program, server, tmp_path / "arrivals")


def shown(outputs: list[bytes]) -> set[Outcome]:
    """Return the balances, whether they are stale, and the kinds of problem in the outputs."""
    return {
        (
            document["balance"] and document["balance"]["available"],
            document["stale"],
            document["problem"] and document["problem"]["kind"],
        )
        for document in map(json.loads, outputs)
    }


JSON = ("--format", "json")
NEW: Outcome = (49.58894, False, None)


def test_processes_of_their_own_make_one_request(server: PatientServer) -> None:
    released = Event()
    server.may_respond = lambda _: released.is_set()
    command = [*PROGRAM, "--timeout", "60"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(REAL)]
    server.wait_for_request(1)
    time.sleep(1)
    released.set()
    outputs = [process.communicate(timeout=120)[0] for process in running]
    assert outputs == [b"$49.58\n"] * REAL
    assert len(server.requests) == 1


def test_a_crowd_on_an_empty_store_makes_one_request(crowd: Crowd, server: PatientServer) -> None:
    assert crowd.at_once(LARGEST) == [b"$49.58\n"] * LARGEST
    assert len(server.requests) == 1


def test_an_old_balance_is_shown_during_the_request_of_another_process(
    program: Forks, server: PatientServer
) -> None:
    program.run()
    released = Event()
    server.may_respond = lambda _: released.is_set()
    other = program.start("--max-age", "0", *FOREVER)
    server.wait_for_request(2)
    done = program.run("--max-age", "0", *FOREVER)
    assert done.stdout.startswith("$49.58 · as of ".encode())
    released.set()
    assert program.wait(other).stdout == b"$49.58\n"
    assert len(server.requests) == 2


def test_a_process_that_is_killed_during_its_request_blocks_no_other(
    program: Forks, crowd: Crowd, server: PatientServer
) -> None:
    server.may_respond = lambda number: number > 1
    requesting = program.start()
    server.wait_for_request(1)
    waiting = crowd.start_waiting()
    os.kill(requesting, signal.SIGKILL)
    assert program.wait(waiting).stdout == "— · no answer\n".encode()
    assert program.wait(requesting).returncode == -signal.SIGKILL
    assert len(server.requests) == 1
    assert program.run("--refresh").stdout == b"$49.58\n"


@pytest.fixture
def expired(program: Forks, server: PatientServer, home: Path) -> None:
    """Store one balance, $7.00, that is an hour old."""
    server.response = demo.balance("7", "7", "0")
    assert program.run().stdout == b"$7.00\n"
    server.requests.clear()
    server.response = GOOD
    stored.pass_time(stored.store_file(home), 3600)


def test_a_crowd_on_an_expired_store(crowd: Crowd, server: PatientServer, expired: None) -> None:
    assert shown(crowd.at_once(LARGE, *JSON)) == {(7, False, None), NEW}
    assert shown(crowd.later(1, *JSON)) == {NEW}
    assert len(server.requests) == 1


def test_a_crowd_and_a_failing_server(crowd: Crowd, server: PatientServer, home: Path) -> None:
    server.response = BUSY
    failed: set[Outcome] = {(None, False, "server-error")}
    assert shown(crowd.at_once(LARGE, *JSON)) == failed
    assert shown(crowd.later(5, *JSON, "--max-age", "0")) == failed
    assert len(server.requests) == 1
    stored.pass_time(stored.store_file(home), 60)
    assert shown(crowd.at_once(5, *JSON)) == failed
    assert len(server.requests) == 2


def test_a_crowd_on_an_expired_store_and_a_failing_server(
    crowd: Crowd, server: PatientServer, expired: None
) -> None:
    server.response = BUSY
    stale: Outcome = (7, True, "server-error")
    assert shown(crowd.at_once(LARGE, *JSON)) == {(7, False, None), stale}
    assert shown(crowd.later(5, *JSON, "--max-age", "0")) == {stale}
    assert len(server.requests) == 1
    server.response = GOOD
    assert shown(crowd.later(1, *JSON, "--refresh")) == {NEW}


@pytest.mark.parametrize("old", [None, 7])
def test_a_crowd_waits_as_the_server_asked(
    crowd: Crowd, server: PatientServer, home: Path, old: int | None, request: pytest.FixtureRequest
) -> None:
    if old:
        request.getfixturevalue("expired")
    server.response, server.retry_after = LIMITED, WAIT_SECONDS
    limited: Outcome = (old, old is not None, "rate-limited")
    found = shown(crowd.at_once(NOTIFIED, *JSON))
    assert found == ({limited, (old, False, None)} if old else {limited})
    for arguments in (["--max-age", "0"], ["--refresh"]):
        assert shown(crowd.later(2, *JSON, *arguments)) == {limited}
    stored.pass_time(stored.store_file(home), WAIT_SECONDS - 120)
    assert shown(crowd.later(2, *JSON, "--refresh")) == {limited}
    assert len(server.requests) == 1
    server.response, server.retry_after = GOOD, 0
    stored.pass_time(stored.store_file(home), 121)
    assert shown(crowd.later(1, *JSON, "--refresh")) == {NEW}
    assert len(server.requests) == 2


def test_where_there_are_no_locks_no_store_is_taken_for_corrupt(
    program: Forks, server: PatientServer, home: Path
) -> None:
    found = program.crowd(NOTIFIED, *JSON, *FOREVER, "--refresh", prepare=[partial(deny_locks)])
    assert shown([done.stdout for done in found]) == {NEW}
    assert list(home.rglob("*.damaged-*")) == []
    assert stored.count_readings(stored.store_file(home)) == len(server.requests)


def test_a_crowd_is_notified_of_each_change_once(
    crowd: Crowd, server: PatientServer, recorder: Recorder, home: Path
) -> None:
    """Try a crowd that refreshes, and a crowd on an expired store."""
    server.response = balance("4.2")
    assert crowd.at_once(NOTIFIED) == [b"$4.20\n"] * NOTIFIED
    assert recorder.notifications() == [LOW]
    assert crowd.later(NOTIFIED) == [b"$4.20\n"] * NOTIFIED
    server.response = balance("50")
    crowd.at_once(NOTIFIED, "--refresh")
    assert recorder.notifications() == [LOW, WELL_AGAIN]
    server.response = balance("4.2")
    stored.pass_time(stored.store_file(home), 3600)
    crowd.at_once(NOTIFIED)
    assert recorder.notifications() == [LOW, WELL_AGAIN, LOW_AGAIN]


def test_polls_with_different_readings_report_each_change_once(
    program: Forks, server: PatientServer, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let some of the polls hold a reading that is no longer the newest."""
    responses: list[demo.ServerResponse] = []

    def respond(*_: str) -> demo.ServerResponse:
        responses.append(balance(["4.2", "50"][len(responses) % 2]))
        return responses[-1]

    monkeypatch.setattr(server, "respond", respond)
    running = deque(program.start("--refresh") for _ in range(5))
    for _ in range(25):
        program.wait(running.popleft())
        running.append(program.start("--refresh"))
    for number in running:
        program.wait(number)
    assert len(responses) > 5
    changes = Counter(tuple(line.split()[:2]) for line in recorder.notifications())
    worse = changes["ok", "warning"] + changes["unknown", "warning"]
    better = changes["warning", "ok"]
    assert worse + better == changes.total() > 0
    assert abs(worse - better) <= 1
    assert changes["unknown", "warning"] <= 1
