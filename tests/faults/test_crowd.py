"""However many processes ask, one asks the API, and a change of level is told once."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from kit import stored
from kit.support import KEY, LOW, LOW_AGAIN, PROGRAM, WELL_AGAIN, Recorder, balance

from moonshot_status.polling import demo

pytestmark = pytest.mark.slow

PROCESSES = 50
LARGE, LARGEST = 50, 100
TOLD_AT_ONCE = 20
TOLD = 300
GOOD = demo.balance("49.58894", "46.58893", "3.00001")
BUSY = demo.error(503, "server_error", "busy")
LIMITED = demo.error(429, "rate_limit_reached_error", "too many requests")


class SlowServer(demo.Server):
    """Takes its time, so that everybody has asked before the first answer is there."""

    retry_after = 0

    def respond(self, method: str, path: str, key: str) -> demo.ServerResponse:
        reply = super().respond(method, path, key)
        time.sleep(1.5)
        return reply

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(super()._handler()):  # type: ignore[misc]
            def end_headers(self) -> None:
                if server.retry_after:
                    self.send_header("Retry-After", str(server.retry_after))
                super().end_headers()

        return Handler


def crowd(arguments: list[str], size: int = PROCESSES) -> list[bytes]:
    running = [
        subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(size)
    ]
    return [process.communicate(timeout=120)[0] for process in running]


@pytest.fixture
def slow_server(monkeypatch: pytest.MonkeyPatch) -> SlowServer:
    server = SlowServer(GOOD, (KEY,))
    monkeypatch.setenv("MOONSHOT_BASE_URL", server.base_url)
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    return server


def test_a_crowd_on_an_empty_store_makes_one_request(slow_server: SlowServer) -> None:
    assert crowd(["--timeout", "60"]) == [b"$49.58\n"] * PROCESSES
    assert len(slow_server.requests) == 1


def test_a_crowd_shares_one_failure(slow_server: SlowServer) -> None:
    slow_server.response = BUSY
    outputs = crowd(["--timeout", "60", "--format", "json"], 10)
    assert {json.loads(output)["problem"]["kind"] for output in outputs} == {"server-error"}
    assert len(slow_server.requests) == 1


def test_who_finds_an_old_balance_does_not_wait_for_the_asker(slow_server: SlowServer) -> None:
    crowd([], 1)
    asker = threading.Thread(target=crowd, args=[["--max-age", "0"], 1])
    asker.start()
    while len(slow_server.requests) < 2:
        time.sleep(0.01)
    started = time.monotonic()
    (output,) = crowd(["--max-age", "0"], 1)
    assert time.monotonic() - started < 1.2
    assert output.startswith("$49.58 · as of ".encode())
    asker.join()
    assert len(slow_server.requests) == 2


def test_an_asker_that_is_killed_frees_the_others_at_once(
    slow_server: SlowServer, home: Path
) -> None:
    asker = subprocess.Popen(PROGRAM, stdout=subprocess.DEVNULL)
    while not slow_server.requests:
        time.sleep(0.01)
    started = time.monotonic()
    waiter = subprocess.Popen([*PROGRAM], stdout=subprocess.PIPE)
    time.sleep(0.3)
    asker.kill()
    asker.wait()
    assert waiter.communicate(timeout=30)[0] == b"$49.58\n"
    assert time.monotonic() - started < 5
    assert len(slow_server.requests) == 2


@pytest.fixture
def expired(slow_server: SlowServer, home: Path) -> Path:
    """A store whose one balance, $7.00, is an hour old."""
    slow_server.response = demo.balance("7", "7", "0")
    assert crowd([], 1) == [b"$7.00\n"]
    slow_server.requests.clear()
    slow_server.response = GOOD
    file = stored.store_file(home)
    stored.pass_time(file, 3600)
    return file


def shown(arguments: list[str], size: int = LARGE) -> set[tuple[float | None, bool, str | None]]:
    """What a crowd shows, each but once: the balance, whether it is stale, and what is wrong."""
    outputs = map(json.loads, crowd(["--timeout", "60", "--format", "json", *arguments], size))
    return {
        (
            document["balance"] and document["balance"]["available"],
            document["stale"],
            document["problem"] and document["problem"]["kind"],
        )
        for document in outputs
    }


def test_a_large_crowd_on_an_empty_store(slow_server: SlowServer) -> None:
    assert shown([], LARGEST) == {(49.58894, False, None)}
    assert len(slow_server.requests) == 1


def test_a_large_crowd_on_an_expired_store(slow_server: SlowServer, expired: Path) -> None:
    assert shown([], LARGEST) <= {(7, False, None), (49.58894, False, None)}
    assert shown([], 1) == {(49.58894, False, None)}
    assert len(slow_server.requests) == 1


def test_a_large_crowd_and_a_failing_server(slow_server: SlowServer, home: Path) -> None:
    slow_server.response = BUSY
    assert shown([]) == {(None, False, "server-error")}
    assert shown(["--max-age", "0"], 5) == {(None, False, "server-error")}
    assert len(slow_server.requests) == 1
    stored.pass_time(stored.store_file(home), 60)
    shown([], 5)
    assert len(slow_server.requests) == 2


def test_a_large_crowd_on_an_expired_store_and_a_failing_server(
    slow_server: SlowServer, expired: Path
) -> None:
    slow_server.response = BUSY
    assert shown([]) <= {(7, False, None), (7, True, "server-error")}
    assert shown(["--max-age", "0"], 5) == {(7, True, "server-error")}
    assert len(slow_server.requests) == 1
    slow_server.response = GOOD
    assert shown(["--refresh"], 1) == {(49.58894, False, None)}


@pytest.mark.parametrize("old", [None, 7])
def test_a_large_crowd_waits_as_told(
    slow_server: SlowServer, home: Path, old: int | None, request: pytest.FixtureRequest
) -> None:
    if old:
        request.getfixturevalue("expired")
    slow_server.response, slow_server.retry_after = LIMITED, TOLD
    truth = (old, old is not None, "rate-limited")
    assert truth in shown([]) <= {truth, (old, False, None)}
    for arguments in (["--max-age", "0"], ["--refresh"]):
        assert shown(arguments, 2) == {truth}
    stored.pass_time(stored.store_file(home), TOLD - 30)
    assert shown(["--refresh"], 2) == {truth}
    assert len(slow_server.requests) == 1
    slow_server.response, slow_server.retry_after = GOOD, 0
    stored.pass_time(stored.store_file(home), 31)
    assert shown(["--refresh"], 1) == {(49.58894, False, None)}
    assert len(slow_server.requests) == 2


NO_LOCKS = """
import errno, fcntl

def flock(*_):
    raise OSError(errno.ENOLCK, "No locks available")

fcntl.flock = flock
"""


def test_where_there_are_no_locks_no_store_is_taken_for_damaged(
    slow_server: SlowServer, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(NO_LOCKS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert shown(["--refresh"], 20) == {(49.58894, False, None)}
    assert list(home.rglob("*.damaged-*")) == []
    assert stored.count_readings(stored.store_file(home)) == len(slow_server.requests) > 1


@pytest.fixture
def slow_and_low(slow_server: SlowServer) -> SlowServer:
    slow_server.response = balance("4.2")
    return slow_server


def test_a_crowd_on_an_empty_store_is_told_once(
    slow_and_low: SlowServer, recorder: Recorder
) -> None:
    assert crowd(["--timeout", "60"], TOLD_AT_ONCE) == [b"$4.20\n"] * TOLD_AT_ONCE
    assert recorder.notifications() == [LOW]
    assert crowd(["--timeout", "60"], TOLD_AT_ONCE) == [b"$4.20\n"] * TOLD_AT_ONCE
    assert recorder.notifications() == [LOW]


def test_a_crowd_is_told_each_change_once(
    slow_and_low: SlowServer, recorder: Recorder, home: Path
) -> None:
    """By the many who want it fresh, and by the many who find it old."""
    crowd([], TOLD_AT_ONCE)
    slow_and_low.response = balance("50")
    crowd(["--refresh", "--timeout", "60"], TOLD_AT_ONCE)
    assert recorder.notifications() == [LOW, WELL_AGAIN]
    slow_and_low.response = balance("4.2")
    stored.pass_time(stored.store_file(home), 3600)
    crowd(["--timeout", "60"], TOLD_AT_ONCE)
    assert recorder.notifications() == [LOW, WELL_AGAIN, LOW_AGAIN]


def test_polls_whose_readings_differ_tell_each_change_once(
    low: demo.Server, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slow ones among them hold a reading that is no longer the newest."""
    answers: list[demo.ServerResponse] = []

    def answer(*_: str) -> demo.ServerResponse:
        answers.append(balance(["4.2", "50"][len(answers) % 2]))
        return answers[-1]

    monkeypatch.setattr(low, "respond", answer)
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: crowd(["--refresh"], 1), range(30)))
    assert len(answers) > 5
    told = Counter(tuple(line.split()[:2]) for line in recorder.notifications())
    worse, better = told["ok", "warning"] + told["unknown", "warning"], told["warning", "ok"]
    assert worse + better == told.total() > 0
    assert abs(worse - better) <= 1
    assert told["unknown", "warning"] <= 1
