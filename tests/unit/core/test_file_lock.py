"""The lock between processes, which the system releases when its holder ends."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from moonshot_status.core import file_lock

Holder = Callable[[], "subprocess.Popen[str]"]
_HOLD = f"""
import pathlib, subprocess, sys
from {file_lock.__name__} import file_lock
with file_lock(pathlib.Path(sys.argv[1]), 0) as acquired:
    child = subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    print(acquired, child.pid, sep="\\n", flush=True)
    sys.stdin.read()
    child.kill()
    child.wait()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "asking.lock"


@pytest.fixture
def holder(path: Path) -> Iterator[Holder]:
    """Start another process that takes the lock, and a child in it, until its input ends."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", _HOLD, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.communicate()


def says(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_one_process_holds_it(path: Path, holder: Holder) -> None:
    assert says(holder()) == "True"
    assert says(holder()) == "False"
    with file_lock.file_lock(path, 0) as acquired:
        assert not acquired


def test_is_free_again_after_its_holder(path: Path, holder: Holder) -> None:
    for _ in range(2):
        with file_lock.file_lock(path, 0) as acquired:
            assert acquired
            with file_lock.file_lock(path, 0) as second:
                assert not second
    assert says(holder()) == "True"


def test_is_free_after_an_exception(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), file_lock.file_lock(path, 0):
        raise ZeroDivisionError
    with file_lock.file_lock(path, 0) as acquired:
        assert acquired


def test_a_failed_attempt_releases_nothing(path: Path) -> None:
    with file_lock.file_lock(path, 0):
        for _ in range(2):
            with file_lock.file_lock(path, 0) as acquired:
                assert not acquired


def test_a_killed_holder_releases_it_though_its_child_lives(path: Path, holder: Holder) -> None:
    process = holder()
    assert says(process) == "True"
    child = int(says(process))
    process.kill()
    process.wait()
    with file_lock.file_lock(path, 0) as acquired:
        assert acquired
    os.kill(child, signal.SIGKILL)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self, at_sleep: Callable[[], None] = lambda: None) -> None:
        self.now = 1000.0
        self._at_sleep = at_sleep

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self._at_sleep()


@pytest.mark.parametrize("timeout", [0, 0.3])
def test_the_timeout_is_respected(
    path: Path, monkeypatch: pytest.MonkeyPatch, timeout: float
) -> None:
    clock = Clock()
    monkeypatch.setattr(file_lock, "time", clock)
    with file_lock.file_lock(path, 0), file_lock.file_lock(path, timeout) as acquired:
        assert not acquired
    assert 1000 + timeout <= clock.now < 1000 + timeout + 0.05


def test_a_lock_that_is_released_during_the_wait_is_acquired(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = ExitStack()
    assert holder.enter_context(file_lock.file_lock(path, 0))
    monkeypatch.setattr(file_lock, "time", Clock(holder.close))
    with file_lock.file_lock(path, 60) as acquired:
        assert acquired


def test_different_locks_do_not_meet(path: Path) -> None:
    with (
        file_lock.file_lock(path, 0),
        file_lock.file_lock(path.with_name("another.lock"), 0) as acquired,
    ):
        assert acquired


def test_the_file_stays_for_its_owner_alone(path: Path) -> None:
    with file_lock.file_lock(path, 0):
        inode = path.stat().st_ino
    assert path.stat().st_ino == inode
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("place", ["file/asking.lock", "~/asking.lock"])
def test_a_lock_file_that_cannot_be_created_locks_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("", encoding="utf-8")
    path = Path(place) if place.startswith("~") else tmp_path / place
    with file_lock.file_lock(path, 0) as first, file_lock.file_lock(path, 0) as second:
        assert (first, second) == (True, True)


def test_a_system_without_locks_locks_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(file_lock.fcntl, "flock", refuse)
    with file_lock.file_lock(tmp_path / "lock", 0) as acquired:
        assert acquired
