"""The lock between processes, which the system releases when its holder dies."""

from __future__ import annotations

import errno
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from moonshot_status.store import file_lock

Holder = Callable[[], "subprocess.Popen[str]"]
_HOLD = f"""
import pathlib, subprocess, sys
from {file_lock.__name__} import file_lock
with file_lock(pathlib.Path(sys.argv[1]), 0) as mine:
    child = subprocess.Popen(["sleep", "5"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    print(mine, flush=True)
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
    with file_lock.file_lock(path, 0) as mine:
        assert not mine


def test_is_free_again_after_its_holder(path: Path, holder: Holder) -> None:
    for _ in range(2):
        with file_lock.file_lock(path, 0) as mine:
            assert mine
            with file_lock.file_lock(path, 0) as second:
                assert not second
    assert says(holder()) == "True"


def test_is_free_after_an_exception(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), file_lock.file_lock(path, 0):
        raise ZeroDivisionError
    with file_lock.file_lock(path, 0) as mine:
        assert mine


def test_who_did_not_get_it_does_not_release_it(path: Path) -> None:
    with file_lock.file_lock(path, 0):
        for _ in range(2):
            with file_lock.file_lock(path, 0) as mine:
                assert not mine


def test_a_killed_holder_frees_it_at_once_though_its_child_lives(
    path: Path, holder: Holder
) -> None:
    process = holder()
    assert says(process) == "True"
    process.kill()
    process.wait()
    start = time.monotonic()
    with file_lock.file_lock(path, 3) as mine:
        assert mine
    assert time.monotonic() - start < 0.5


def test_patience_is_respected(path: Path) -> None:
    with file_lock.file_lock(path, 0):
        start = time.monotonic()
        with file_lock.file_lock(path, 0.3) as mine:
            assert not mine
        assert 0.3 <= time.monotonic() - start < 0.6


def test_who_waits_gets_it_when_it_is_released(path: Path) -> None:
    got: list[bool] = []

    def wait() -> None:
        with file_lock.file_lock(path, 5) as mine:
            got.append(mine)

    with file_lock.file_lock(path, 0):
        waiter = threading.Thread(target=wait)
        waiter.start()
        time.sleep(0.1)
        assert got == []
    waiter.join(1)
    assert got == [True]


def test_different_locks_do_not_meet(path: Path) -> None:
    with (
        file_lock.file_lock(path, 0),
        file_lock.file_lock(path.with_name("another.lock"), 0) as mine,
    ):
        assert mine


def test_the_file_stays_for_its_owner_alone(path: Path) -> None:
    with file_lock.file_lock(path, 0):
        inode = path.stat().st_ino
    assert path.stat().st_ino == inode
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("place", ["file/asking.lock", "~/asking.lock"])
def test_where_there_is_no_place_for_it_everybody_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    path = Path(place) if place.startswith("~") else tmp_path / place
    with file_lock.file_lock(path, 0) as first, file_lock.file_lock(path, 0) as second:
        assert (first, second) == (True, True)


def test_a_system_without_such_locks_lets_everybody_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(file_lock.fcntl, "flock", refuse)
    with file_lock.file_lock(tmp_path / "lock", 0) as mine:
        assert mine
