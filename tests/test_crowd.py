"""However many processes ask, one asks the API."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from pathlib import Path

import pytest
from support import KEY, PROGRAM

from moonshot_status import demo

PROCESSES = 50


class SlowServer(demo.Server):
    """Takes its time, so that everybody has asked before the first answer is there."""

    def answer(self, method: str, path: str, key: str) -> demo.Reply:
        reply = super().answer(method, path, key)
        time.sleep(1.5)
        return reply


def crowd(arguments: list[str], size: int = PROCESSES) -> list[bytes]:
    running = [
        subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(size)
    ]
    return [process.communicate(timeout=120)[0] for process in running]


@pytest.fixture
def slow_server(monkeypatch: pytest.MonkeyPatch) -> SlowServer:
    server = SlowServer(demo.balance("49.58894", "46.58893", "3.00001"), (KEY,))
    monkeypatch.setenv("MOONSHOT_BASE_URL", server.base_url)
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    return server


def test_a_crowd_on_an_empty_store_makes_one_request(slow_server: SlowServer) -> None:
    assert crowd(["--timeout", "60"]) == [b"$49.58\n"] * PROCESSES
    assert len(slow_server.requests) == 1


def test_a_crowd_shares_one_failure(slow_server: SlowServer) -> None:
    slow_server.reply = demo.error(503, "server_error", "busy")
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
