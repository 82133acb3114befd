"""The child process of one poll."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from moonshot_status.watch.worker import PollResult, Worker


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_a_worker_that_cannot_be_started_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refuse)
    before = open_files()
    with pytest.raises(BlockingIOError):
        Worker(lambda: PollResult(b"", 0, {}))
    assert open_files() == before


SCRIPT = f"""
import os, signal, sys, time
from {Worker.__module__} import PollResult, Worker

signal.signal(signal.SIGHUP, signal.SIG_IGN)
ready, is_ready = os.pipe()

def fail():
    raise RuntimeError("sk-secret")

def hang():
    signal.signal(signal.SIGTERM, lambda *_: os.write(is_ready, b"terminated"))
    os.write(is_ready, b"hanging")
    while True:
        time.sleep(10)

def print_something():
    print("printed", flush=True)
    return PollResult(b"x" * 300_000, 1.5, {{b"/a": (1, 2), b"/b": ()}}, "usage error")

def result_of(worker):
    until = time.monotonic() + 60
    while not worker.has_ended():
        assert time.monotonic() < until
        time.sleep(0.01)
    return worker.result

assert result_of(Worker(print_something)) == print_something()
assert result_of(Worker(fail)) is None
worker = Worker(hang)
assert os.read(ready, 100) == b"hanging"
worker.end()
assert os.read(ready, 100) == b"terminated"
assert not worker.has_ended()
worker.end()
assert result_of(worker) is None
"""


def test_a_worker_returns_its_result_or_fails_or_is_killed() -> None:
    """In a process of its own, because this one may have threads and must not be forked."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"printed\n", b"")


def test_a_worker_that_has_ended_already_can_be_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_process(*_: int) -> None:
        raise ProcessLookupError

    worker = Worker.__new__(Worker)
    worker._process, worker._next_signal = 1, signal.SIGTERM
    monkeypatch.setattr(os, "kill", no_such_process)
    worker.end()
