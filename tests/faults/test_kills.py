"""Processes that are ended at any moment cost no reading, hold nobody up and leave nobody."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kit import stored
from kit.support import KEY, LOW, LOW_AGAIN, PROGRAM, WELL_AGAIN, Recorder, Run, balance

from moonshot_status import cli
from moonshot_status.notify import runner
from moonshot_status.polling import demo

pytestmark = pytest.mark.slow

KILLS = 500
AT_ONCE = 4
TIMEOUT = 10
# Kills itself at the given statement, in the middle of reading or writing.
SELF_KILL = """
import os, signal, sqlite3

class Connection(sqlite3.Connection):
    def __init__(self, *words, **more):
        super().__init__(*words, **more)
        self.set_trace_callback(count)

def count(statement):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

left, connect = {statement}, sqlite3.connect
sqlite3.connect = lambda *words, **more: connect(*words, factory=Connection, **more)
"""
BEGUN = """
import pathlib, sys

class Watch:
    def find_spec(self, name, *_):
        if name == "{cli}":
            pathlib.Path({path!r}).write_text("x")

sys.meta_path.insert(0, Watch())
"""


class CountingServer(demo.Server):
    """Answers at once, with another balance each time."""

    def __init__(self, reply: demo.ServerResponse, keys: tuple[str, ...]) -> None:
        super().__init__(reply, keys)
        self.asked = threading.Condition()

    def respond(self, method: str, path: str, key: str) -> demo.ServerResponse:
        with self.asked:
            super().respond(method, path, key)
            amount = str(len(self.requests))
            self.asked.notify_all()
        return demo.balance(amount, amount, "0")


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[CountingServer]:
    server = CountingServer(demo.balance("0", "0", "0"), (KEY,))
    monkeypatch.setenv("MOONSHOT_BASE_URL", server.base_url)
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    yield server
    server.stop()


@pytest.fixture
def file(home: Path) -> Path:
    return home / ".local" / "state" / "moonshot-status" / "balance.db"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the program looks for code to run before its own."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return tmp_path


def kill_one(server: CountingServer, seed: int) -> tuple[bytes, bool]:
    """What a process printed, and whether it was killed.

    The moment is random: after its start, or around the answer to it or to one of the others.
    """
    dice = random.Random(seed)
    often = ["--refresh"] if dice.random() < 0.5 else ["--max-age", "0"]
    process = subprocess.Popen(
        [*PROGRAM, "--format", "json", *often], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    if seed % 3 == 0:
        with server.asked:
            server.asked.wait(2)
        pause = dice.uniform(0, 0.15)
    else:
        pause = dice.uniform(0, 0.4)
    time.sleep(pause)
    process.kill()
    return process.communicate(timeout=60)[0], process.returncode < 0


def reported(output: bytes) -> tuple[str, str] | None:
    """The reading that a process printed to its end, if it did and had one."""
    if not output.endswith(b"\n"):
        return None
    document = json.loads(output, parse_float=str, parse_int=str)
    return document["balance"] and (document["fetched_at"], document["balance"]["available"])


def assert_goes_on(run: Run, server: CountingServer, file: Path) -> None:
    started, asked = time.monotonic(), len(server.requests)
    done = run("--refresh")
    assert time.monotonic() - started < TIMEOUT / 2
    assert (done.stdout, done.returncode) == (f"${asked + 1}.00\n".encode(), 0)
    assert list(file.parent.glob("balance.db.damaged*")) == []


def test_a_storm_of_kills_costs_no_reading(run: Run, counting: CountingServer, file: Path) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes: list[tuple[bytes, bool]] = []
        while sum(killed for _, killed in outcomes) < KILLS:
            seeds = range(len(outcomes), len(outcomes) + 60)
            outcomes += pool.map(lambda seed: kill_one(counting, seed), seeds)
    shown = {reading for output, _ in outcomes if (reading := reported(output))}
    assert len(shown) > 5
    assert shown <= stored.readings_of_intact(file)
    assert_goes_on(run, counting, file)


def test_a_kill_at_every_statement_costs_no_reading(
    run: Run, counting: CountingServer, file: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before: set[tuple[str, str]] = set()
    for statement in range(1, 60):
        (site / "sitecustomize.py").write_text(SELF_KILL.format(statement=statement))
        done = run("--format", "json", "--refresh")
        if done.returncode == 0:
            break
        assert done.returncode < 0
        now = stored.readings_of_intact(file) if file.exists() else set()
        assert before <= now
        before = now
    assert statement > 10
    assert reported(done.stdout) in stored.readings_of_intact(file)
    monkeypatch.delenv("PYTHONPATH")
    assert_goes_on(run, counting, file)


def begun(process: subprocess.Popen[bytes], mark: Path) -> None:
    """Wait until the program leaves its mark, or has ended."""
    while not (mark.exists() and mark.stat().st_size) and process.poll() is None:
        time.sleep(0.002)


def assert_ends_quietly(process: subprocess.Popen[bytes], number: int) -> None:
    process.send_signal(number)
    started = time.monotonic()
    # Before its first line the program can do nothing about what the interpreter says.
    assert b"moonshot_status/" not in process.communicate(timeout=20)[1]
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once(
    run: Run, counting: CountingServer, file: Path, site: Path, number: int
) -> None:
    run()
    mark, before = site / "mark", stored.readings_of_intact(file)
    (site / "sitecustomize.py").write_text(BEGUN.format(path=str(mark), cli=cli.main.__module__))
    for moment in range(20):
        command = [*PROGRAM, "--max-age", "0"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        begun(process, mark)
        time.sleep(moment * 0.02)
        assert_ends_quietly(process, number)
        mark.unlink()
    assert_goes_on(run, counting, file)
    assert before < stored.readings_of_intact(file)


def assert_is_gone(process: str) -> None:
    """By itself it would go on for longer than this; what was killed needs a moment to end."""
    until = time.monotonic() + 3
    while True:
        listed = ["ps", "-o", "stat=", "-p", process]
        if subprocess.run(listed, capture_output=True, check=False).stdout[:1] in (b"", b"Z"):
            return
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_key_command_too(
    own_file: Callable[[object], Path], tmp_path: Path, number: int
) -> None:
    mark = tmp_path / "mark"
    own_file({"api_key_command": ["sh", "-c", f"echo $$ > {mark}; exec sleep 30"]})
    for moment in range(5):
        mark.unlink(missing_ok=True)
        process = subprocess.Popen(PROGRAM, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        begun(process, mark)
        time.sleep(moment * 0.001)
        assert_ends_quietly(process, number)
        assert_is_gone(mark.read_text().strip())


def test_sigterm_ends_it_while_the_store_is_held(
    run: Run, counting: CountingServer, file: Path
) -> None:
    run()
    with stored.locked(file):
        process = subprocess.Popen(PROGRAM, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(1)
        assert_ends_quietly(process, signal.SIGTERM)
    assert_goes_on(run, counting, file)


def test_who_is_killed_right_after_the_change_was_remembered_loses_that_word_alone(
    run: Run,
    low: demo.Server,
    recorder: Recorder,
    site: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (site / "sitecustomize.py").write_text(
        f"import os, {runner.__name__} as notifier\n"
        "notifier.start = lambda *_: os.kill(os.getpid(), 9)\n"
    )
    assert run().returncode == -9
    monkeypatch.delenv("PYTHONPATH")
    for amount in ("4.2", "4.1", "50", "4.2"):
        low.response = balance(amount)
        run("--refresh")
    assert recorder.notifications() == [WELL_AGAIN, LOW_AGAIN]


def test_a_kill_at_every_statement_tells_nothing_twice(
    run: Run,
    low: demo.Server,
    recorder: Recorder,
    site: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for statement in range(1, 80):
        (site / "sitecustomize.py").write_text(SELF_KILL.format(statement=statement))
        if run("--refresh").returncode == 0:
            break
    assert statement > 20
    monkeypatch.delenv("PYTHONPATH")
    for amount in ("50", "4.2"):
        low.response = balance(amount)
        run("--refresh")
    told = recorder.notifications()
    assert told[-2:] == [WELL_AGAIN, LOW_AGAIN]
    assert told[:-2] in ([], [LOW])
