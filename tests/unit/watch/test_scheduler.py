"""The parts of ``watch``, each by itself, and hours of it in a moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kit.support import ends_within

from moonshot_status import formats
from moonshot_status.config.settings import UnknownAccountError
from moonshot_status.watch import file_changes, scheduler
from moonshot_status.watch.clicks import Clicks
from moonshot_status.watch.file_changes import FileChanges
from moonshot_status.watch.output import OutputWriter
from moonshot_status.watch.scheduler import RefreshRequest, Scheduler
from moonshot_status.watch.wakeup import EventWaiter, WakeUp
from moonshot_status.watch.worker import PollResult, Worker

LIMIT = 90.0


class Looks:
    """Two clocks that a test moves, and looks that end at once with what it has prepared."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_800_000_000.0, 1000.0
        self.wishes: list[RefreshRequest] = []
        self.shown: list[bytes] = []
        self.states: file_changes.States = {}
        self.fault, self.update, self.holds = "", b"$1.00\n", 300.0
        self.found: Callable[[], PollResult | None] = self._found
        self.takes, self.blows, self.cannot_start = 0.0, 0, False

    def watch(self, **more: Any) -> Scheduler:
        return Scheduler(
            self.start, self.shown.append, LIMIT,
            wall=lambda: self.wall, steady=lambda: self.steady, **more,
        )  # fmt: skip

    def start(self, wish: RefreshRequest) -> Worker:
        if self.cannot_start:
            raise BlockingIOError
        self.wishes.append(wish)
        return Look(self)  # type: ignore[return-value]

    def run(self, watch: Scheduler, seconds: float, heard: bytes = b"") -> int:
        """Let that much time pass; returns how often the process woke."""
        until, turns = self.steady + seconds, 0
        while True:
            rest = watch.step(heard)
            heard, turns = b"", turns + 1
            rest = 0.01 if watch.worker and not self.takes else rest
            if self.steady + rest > until:
                break
            self.pass_time(rest)
        self.pass_time(until - self.steady)
        return turns

    def pass_time(self, seconds: float) -> None:
        self.wall, self.steady = self.wall + seconds, self.steady + seconds

    def _found(self) -> PollResult:
        return PollResult(self.update, self.wall + self.holds, self.states, self.fault)


class Look:
    def __init__(self, looks: Looks) -> None:
        self._looks, self._ends = looks, looks.steady + looks.takes

    def has_ended(self) -> bool:
        return self._looks.steady >= self._ends or self._looks.blows > 1

    @property
    def found(self) -> PollResult | None:
        return self._looks.found()

    def end(self) -> None:
        self._looks.blows += 1


@pytest.fixture
def looks() -> Looks:
    return Looks()


@pytest.fixture(autouse=True)
def told() -> Iterator[list[int]]:
    """The signals that tell of changes; without somebody to hear them they would be the end."""
    told: list[int] = []
    before = signal.signal(signal.SIGIO, lambda number, _: told.append(number))
    yield told
    signal.signal(signal.SIGIO, before)


def test_an_hour_is_a_look_each_period_and_few_wake_ups(looks: Looks) -> None:
    turns = looks.run(looks.watch(), 3600)
    assert 11 <= len(looks.wishes) <= 13
    assert turns <= 3600 / scheduler.EVERY + 4 * len(looks.wishes)
    assert not any(wish.refresh for wish in looks.wishes)


def test_what_holds_only_at_the_moment_is_looked_at_once_a_minute(looks: Looks) -> None:
    looks.holds = -1
    looks.run(looks.watch(), 3600)
    assert 58 <= len(looks.wishes) <= 61


def test_at_most_one_look_a_second(looks: Looks) -> None:
    looks.holds = 0.001
    looks.run(looks.watch(), 60)
    assert 55 <= len(looks.wishes) <= 61


def test_failures_are_followed_by_another_look_ten_seconds_later(looks: Looks) -> None:
    looks.found = lambda: None
    looks.run(looks.watch(), 600)
    assert 55 <= len(looks.wishes) <= 61
    assert looks.shown == []


def test_where_no_process_can_be_started_it_waits(looks: Looks) -> None:
    looks.cannot_start = True
    watching = looks.watch()
    assert looks.run(watching, 600) <= 130
    looks.cannot_start = False
    looks.run(watching, 15)
    assert looks.shown == [b"$1.00\n"]


def test_a_look_that_hangs_is_ended_twice_and_another_begins(looks: Looks) -> None:
    looks.takes = 1e9
    watching = looks.watch()
    looks.run(watching, LIMIT - 1)
    assert looks.blows == 0
    looks.found = lambda: None
    looks.run(watching, 4)
    assert looks.blows == 2
    looks.takes, looks.found = 0, looks._found
    looks.run(watching, 15)
    assert looks.shown == [b"$1.00\n"]
    watching.end()
    assert looks.blows == 2


def test_the_end_is_the_end_of_the_look_as_well(looks: Looks) -> None:
    looks.takes = 5
    watching = looks.watch()
    looks.run(watching, 1)
    watching.end()
    assert looks.blows == 1


def test_a_refresh_is_wanted_since_its_signal(looks: Looks) -> None:
    watching = looks.watch(refresh=True)
    looks.run(watching, 0.5)
    looks.takes = 5
    looks.run(watching, 10, bytes([signal.SIGUSR1]))
    assert [wish.refresh for wish in looks.wishes] == [True, True]
    assert looks.wishes[1].since == pytest.approx(1_800_000_000.5, abs=0.1)


@pytest.mark.parametrize("seconds", [120, 86_400 * 30, -7200, -86_400 * 3000])
def test_after_a_suspend_or_a_clock_that_was_set_it_looks_again(
    looks: Looks, seconds: float
) -> None:
    watching = looks.watch()
    looks.run(watching, 30)
    assert len(looks.wishes) == 1
    looks.wall += seconds
    looks.run(watching, 0.1)
    assert [wish.since for wish in looks.wishes][1:] == [pytest.approx(looks.wall, abs=0.2)]
    looks.run(watching, 3600)
    assert 12 <= len(looks.wishes) <= 14


def test_a_changed_file_is_wanted_since_the_last_look(looks: Looks, tmp_path: Path) -> None:
    file = tmp_path / "file"
    looks.states = file_changes.states([bytes(file)])
    watching = looks.watch()
    looks.run(watching, 5)
    file.write_text("new")
    looks.run(watching, 60)
    assert [wish.since for wish in looks.wishes[1:2]] == [looks.wishes[0].since]


def test_a_told_change_is_seen_at_once(looks: Looks, tmp_path: Path) -> None:
    file = tmp_path / "file"
    looks.states = file_changes.states([bytes(file)])
    watching = looks.watch()
    looks.run(watching, 20)
    file.write_text("new")
    looks.found = lambda: PollResult(b"", looks.wall + 300, file_changes.states([bytes(file)]))
    looks.run(watching, 0.2, bytes([signal.SIGIO]))
    assert len(looks.wishes) == 2
    looks.run(watching, 60)
    assert len(looks.wishes) == 2


def test_noise_in_a_folder_does_not_keep_it_awake(
    looks: Looks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listened: list[float] = []
    listen = FileChanges.listen

    def count(self: FileChanges) -> None:
        listened.append(looks.steady)
        listen(self)

    monkeypatch.setattr(FileChanges, "listen", count)
    watching = looks.watch()
    looks.run(watching, 20)
    listened.clear()
    looks.run(watching, 100, bytes([signal.SIGIO]))
    assert len(listened) == 1
    assert listened[0] - 1020 >= scheduler.EVERY


def test_a_fault_is_for_the_command_line_only_at_first(looks: Looks) -> None:
    looks.fault = "there is no account"
    with pytest.raises(UnknownAccountError, match="no account"):
        looks.run(looks.watch(), 1)
    looks.fault = ""
    watching = looks.watch()
    looks.run(watching, 1)
    looks.fault, looks.update = "there is no account", b"bad settings"
    looks.run(watching, 400)
    assert looks.shown[-1] == b"bad settings"


def resident() -> int:
    """Kilobytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


MEMORY = """
import os, sys
sys.path[:0] = {paths!r}
from test_scheduler import Looks, resident
from {output} import OutputWriter
looks, outlet = Looks(), OutputWriter(os.open(os.devnull, os.O_WRONLY))
class Shown:
    count = 0
    def append(self, update):
        outlet.show(update)
        self.count += outlet.is_waiting
        outlet.write()
looks.shown, watching = Shown(), None
looks.states = {{os.fsencode(__file__ if "__file__" in globals() else "/etc/passwd"): ()}}
watching = looks.watch()
before = 0
for number in range({updates}):
    looks.update = b"x" * 500 + b"%d\\n" % number
    looks.holds = 1
    looks.wishes.clear()
    looks.run(watching, 1.5)
    if number == {updates} // 10:
        before = resident()
print(looks.shown.count, resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_flat_over_100_000_updates() -> None:
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
    done = subprocess.run(
        [sys.executable, "-c", MEMORY.format(
        paths=paths, updates=100_000, output=OutputWriter.__module__
    )],
        capture_output=True, check=True, text=True, timeout=300,
    )  # fmt: skip
    updates, grown = map(int, done.stdout.split())
    assert updates >= 100_000
    assert grown < 300


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_an_update_is_written_once_and_one_that_is_overtaken_never(pipe: tuple[int, int]) -> None:
    outlet = OutputWriter(pipe[1])
    assert not outlet.is_waiting
    for update in (b"1\n", b"2\n", b"3\n"):
        outlet.show(update)
    assert outlet.is_waiting
    outlet.write()
    outlet.show(b"3\n")
    assert not outlet.is_waiting
    assert os.read(pipe[0], 100) == b"3\n"


def test_what_was_begun_is_finished_before_the_newest(pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[1], False)
    outlet, long, read = OutputWriter(pipe[1]), b"x" * 200_000 + b"\n", b""
    outlet.show(long)
    outlet.write()
    outlet.show(b"overtaken\n")
    outlet.write()
    outlet.show(b"new\n")
    while outlet.is_waiting:
        read += os.read(pipe[0], 65536)
        outlet.write()
    read += os.read(pipe[0], 65536)
    assert read == long + b"new\n"


def test_files_are_compared_and_their_folders_listened_to(tmp_path: Path, told: list[int]) -> None:
    (tmp_path / "folder").mkdir()
    file, link = tmp_path / "folder" / "file", tmp_path / "link"
    link.symlink_to(file)
    seen = FileChanges()
    seen.expect(file_changes.states([bytes(link), b"/nowhere/at/all"]))
    assert not seen.any()
    file.write_text("new")
    assert seen.any()
    assert told
    seen.expect({})


def test_where_nothing_is_told_files_are_compared_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_changes, "ARE_TOLD", False)
    seen = FileChanges()
    seen.expect(file_changes.states([bytes(tmp_path / "file")]))
    (tmp_path / "file").touch()
    assert seen.any()


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


WORKERS = f"""
import os, signal, sys, time
from {Worker.__module__} import PollResult, Worker
signal.signal(signal.SIGHUP, signal.SIG_IGN)
def fail():
    raise RuntimeError("sk-secret")
def hang():
    signal.signal(signal.SIGTERM, lambda *_: None)
    while True:
        time.sleep(10)
def noise():
    print("noise", flush=True)
    return PollResult(b"x" * 300_000, 1.5, {{b"/a": (1, 2), b"/b": ()}}, "fault")
def ended(worker):
    until = time.monotonic() + 20
    while not worker.has_ended():
        assert time.monotonic() < until
        time.sleep(0.01)
    return worker.found
assert ended(Worker(noise)) == noise()
assert ended(Worker(fail)) is None
worker = Worker(hang)
time.sleep(0.5)
worker.end()
time.sleep(0.5)
assert not worker.has_ended()
worker.end()
assert ended(worker) is None
"""


def test_a_worker_finds_fails_or_is_ended_without_mercy() -> None:
    """In a process of its own: this one may have threads, and must not be copied."""
    done = subprocess.run([sys.executable, "-c", WORKERS], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"noise\n", b"")


def test_a_worker_that_is_gone_already_cannot_be_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: int) -> None:
        raise ProcessLookupError

    worker = Worker.__new__(Worker)
    worker._process, worker._next_signals = 1, [signal.SIGTERM]
    monkeypatch.setattr(os, "kill", nobody)
    worker.end()


@pytest.mark.parametrize("has_pidfd", [True, False])
def test_the_senses_tell_what_woke_them(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch, has_pidfd: bool
) -> None:
    if not has_pidfd:
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    telling = (signal.SIGUSR1, signal.SIGCHLD, signal.SIGIO)
    before = {number: signal.getsignal(number) for number in telling}
    reading, reader = os.pipe()
    try:
        senses = EventWaiter(reader)
        woken = senses.wait(0.01, [pipe[0]], is_writing=False)
        assert woken == WakeUp(b"", frozenset(), should_exit=False)
        os.write(pipe[1], b"x")
        signal.raise_signal(signal.SIGUSR1)
        woken = senses.wait(10, [pipe[0]], is_writing=True)
        assert {pipe[0], reader} <= woken.ready
        assert (woken.signals, woken.should_exit) == (bytes([signal.SIGUSR1]), False)
        with monkeypatch.context() as patch:
            patch.setattr(os, "getppid", lambda: 1)
            assert senses.wait(10, [pipe[0]], is_writing=False).should_exit
        os.close(reading)
        assert senses.wait(10, [], is_writing=False).should_exit
    finally:
        signal.set_wakeup_fd(-1)
        os.close(reader)
        for number, handler in before.items():
            signal.signal(number, handler)


def test_clicks_come_in_pieces_and_end(pipe: tuple[int, int], tmp_path: Path) -> None:
    refreshed: list[bool] = []
    reading, writing = os.pipe()
    button = formats.clicks("i3blocks")
    assert button
    clicks = Clicks(button, (str(tmp_path / "missing"),), lambda: refreshed.append(True), reading)
    for piece in (b"3", b"\n3\n1\n\xff\n", b'{"button"', b": 3}\n"):
        os.write(writing, piece)
        clicks.read()
    assert len(refreshed) == 3
    os.close(writing)
    clicks.read()
    assert not clicks.is_open
    os.close(reading)
    clicks.read()
    assert not clicks.is_open


def test_a_command_is_not_started_while_it_still_runs(
    pipe: tuple[int, int], tmp_path: Path
) -> None:
    program, count = tmp_path / "program", tmp_path / "count"
    program.write_text(f'#!/bin/sh\necho "$$" >> {count}; sleep 5\n')
    program.chmod(0o700)
    clicks = Clicks(int, (str(program),), list, pipe[0])
    os.write(pipe[1], b"1\n1\n1\n")
    clicks.read()
    clicks.reap()
    until = time.monotonic() + 10
    while not count.exists() and time.monotonic() < until:
        time.sleep(0.02)
    (number,) = map(int, count.read_text().split())
    os.killpg(number, signal.SIGKILL)
    assert ends_within(5, number)
    clicks.reap()
    assert clicks._running == {}
