"""Processes that are ended at any moment lose no reading, block no other and leave none behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from kit import stored
from kit.forks import Forks
from kit.preparations import kill_at_notification, kill_at_statement, wait_for_store
from kit.support import (
    KEY,
    LOW,
    LOW_AGAIN,
    PROGRAM,
    WELL_AGAIN,
    Recorder,
    balance,
    ends_within,
    written_number,
)

from moonshot_status.cli import main
from moonshot_status.polling import demo

pytestmark = pytest.mark.slow

KILLS = 200
AT_ONCE = 4
JSON = ("--format", "json", "--refresh")
# Writes a file when the program begins to import the command line.
BEGUN = """
import pathlib, sys

class Watch:
    def find_spec(self, name, *_):
        if name == "{module}":
            pathlib.Path({path!r}).write_text("x")

sys.meta_path.insert(0, Watch())
"""
# Of the time that a run takes from then on.
MOMENTS = [0, 0.1, 0.2, 0.4, 0.6, 0.8, 1]


class CountingServer(demo.Server):
    """Responds with another balance each time, but not before ``released`` is set."""

    def __init__(self, response: demo.ServerResponse, keys: tuple[str, ...]) -> None:
        super().__init__(response, keys)
        self.released = threading.Event()
        self.released.set()

    def respond(self, method: str, path: str, key: str) -> demo.ServerResponse:
        super().respond(method, path, key)
        amount = str(len(self.requests))
        self.released.wait(60)
        return demo.balance(amount, amount, "0")


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[CountingServer]:
    server = CountingServer(demo.balance("0", "0", "0"), (KEY,))
    monkeypatch.setenv("MOONSHOT_BASE_URL", server.base_url)
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    yield server
    server.released.set()
    server.stop()


@pytest.fixture
def file(home: Path) -> Path:
    return stored.store_file(home)


def reported(output: bytes) -> tuple[str, str] | None:
    """Return the reading that a process printed to its end, or None."""
    if not output.endswith(b"\n"):
        return None
    document = json.loads(output, parse_float=str, parse_int=str)
    return document["balance"] and (document["fetched_at"], document["balance"]["available"])


def assert_goes_on(program: Forks, server: CountingServer, file: Path) -> None:
    """Check that the next run waits for no lock and finds the store in order."""
    asked = len(server.requests)
    done = program.run("--refresh")
    # A request of a killed process may still arrive.
    amounts = range(asked + 1, len(server.requests) + 1)
    assert done.stdout.decode() in [f"${amount}.00\n" for amount in amounts]
    assert list(file.parent.glob("balance.db.damaged*")) == []


def test_a_storm_of_kills_costs_no_reading(
    program: Forks, counting: CountingServer, file: Path
) -> None:
    program.run()
    began, dice = time.monotonic(), random.Random(0)
    outcomes = program.crowd(AT_ONCE, *JSON)
    duration = time.monotonic() - began
    while sum(done.returncode < 0 for done in outcomes) < KILLS:
        began = time.monotonic()
        running = [
            program.start("--format", "json", *dice.choice([["--refresh"], ["--max-age", "0"]]))
            for _ in range(AT_ONCE)
        ]
        for number, part in zip(running, sorted(dice.random() for _ in running), strict=True):
            time.sleep(max(0, began + part * duration - time.monotonic()))
            os.kill(number, signal.SIGKILL)
        outcomes += map(program.wait, running)
    shown = {reading for done in outcomes if (reading := reported(done.stdout))}
    assert len(shown) > AT_ONCE
    assert shown <= stored.readings_of_intact(file)
    assert_goes_on(program, counting, file)


def test_a_kill_at_every_statement_costs_no_reading(
    program: Forks, counting: CountingServer, file: Path
) -> None:
    before: set[tuple[str, str]] = set()
    for statement in range(1, 60):
        done = program.run(*JSON, prepare=[partial(kill_at_statement, statement)])
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
        now = stored.readings_of_intact(file) if file.exists() else set()
        assert before <= now
        before = now
    assert statement > 10
    assert reported(done.stdout) in stored.readings_of_intact(file)
    assert_goes_on(program, counting, file)


@pytest.fixture
def start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., subprocess.Popen[bytes]]:
    """Return the function that starts the program and waits until it imports the command line."""
    begun = tmp_path / "begun"
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    (tmp_path / "sitecustomize.py").write_text(BEGUN.format(path=str(begun), module=main.__name__))

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        begun.unlink(missing_ok=True)
        process = subprocess.Popen(
            [*PROGRAM, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        while not (begun.exists() and begun.stat().st_size):
            assert process.poll() is None
            time.sleep(0.002)
        return process

    return start


def assert_is_quiet(process: subprocess.Popen[bytes]) -> None:
    """Wait until the process ends, and check that it printed no traceback of the program."""
    # Before its first line the program can do nothing about what the interpreter says.
    assert b"moonshot_status/" not in process.communicate(timeout=60)[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_costs_no_reading_and_prints_nothing(
    program: Forks,
    start: Callable[..., subprocess.Popen[bytes]],
    counting: CountingServer,
    file: Path,
    number: signal.Signals,
) -> None:
    process = start("--refresh")
    began = time.monotonic()
    assert_is_quiet(process)
    duration, before = time.monotonic() - began, stored.readings_of_intact(file)
    for moment in MOMENTS:
        process = start("--max-age", "0")
        time.sleep(moment * duration)
        process.send_signal(number)
        assert_is_quiet(process)
        assert process.returncode in (0, -number)
    assert_goes_on(program, counting, file)
    assert before < stored.readings_of_intact(file)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_a_request(
    start: Callable[..., subprocess.Popen[bytes]],
    counting: CountingServer,
    number: signal.Signals,
) -> None:
    counting.released.clear()
    process = start("--timeout", "60")
    while not counting.requests:
        time.sleep(0.01)
    process.send_signal(number)
    assert_is_quiet(process)
    assert process.returncode == -number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_key_command_too(
    own_file: Callable[[object], Path], tmp_path: Path, number: signal.Signals
) -> None:
    begun = tmp_path / "begun"
    own_file({"api_key_command": ["sh", "-c", f"echo $$ > '{begun}'; exec sleep 300"]})
    for moment in range(3):
        begun.unlink(missing_ok=True)
        process = subprocess.Popen(PROGRAM, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        command = written_number(begun)
        time.sleep(moment * 0.002)
        process.send_signal(number)
        assert_is_quiet(process)
        assert process.returncode == -number
        assert ends_within(30, command)


def test_sigterm_ends_it_while_the_store_is_held(
    program: Forks, counting: CountingServer, file: Path
) -> None:
    program.run()
    with stored.locked(file):
        process = program.start(prepare=[partial(wait_for_store, 600)])
        time.sleep(0.5)
        os.kill(process, signal.SIGTERM)
        assert program.wait(process).returncode == -signal.SIGTERM
    assert_goes_on(program, counting, file)


def test_a_kill_right_after_the_level_was_stored_loses_that_notification_alone(
    program: Forks, low: demo.Server, recorder: Recorder
) -> None:
    assert program.run(prepare=[partial(kill_at_notification)]).returncode == -signal.SIGKILL
    for amount in ("4.2", "4.1", "50", "4.2"):
        low.response = balance(amount)
        program.run("--refresh")
    assert recorder.notifications() == [WELL_AGAIN, LOW_AGAIN]


def test_a_kill_at_every_statement_sends_no_notification_twice(
    program: Forks, low: demo.Server, recorder: Recorder
) -> None:
    for statement in range(1, 80):
        if (
            program.run("--refresh", prepare=[partial(kill_at_statement, statement)]).returncode
            == 0
        ):
            break
    assert statement > 20
    for amount in ("50", "4.2"):
        low.response = balance(amount)
        program.run("--refresh")
    notifications = recorder.notifications()
    assert notifications[-2:] == [WELL_AGAIN, LOW_AGAIN]
    assert notifications[:-2] in ([], [LOW])
