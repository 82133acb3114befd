"""A slow request of a bar goes on in a process of its own, which holds nothing up."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kit import orphans, stops, stored
from kit.held_server import HeldServer, held_server
from kit.support import KEY, PROGRAM, Recorder, Run
from kit.watching import Stream

pytestmark = pytest.mark.slow

BAR = ("--format", "polybar", "--timeout", "60")
OLD = "$11.00 · as of "


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldServer]:
    with held_server(monkeypatch) as server:
        yield server


@pytest.fixture
def old(run: Run, server: HeldServer, file: Path) -> None:
    """Store $11.00 from an hour ago; the server does not respond from now on."""
    run()
    make_old(server, file)


def make_old(server: HeldServer, file: Path) -> None:
    stored.pass_time(file, 3600)
    server.released.clear()


def only_background_process() -> int:
    (process,) = orphans.running()
    return process


def test_it_inherits_nothing(run: Run, server: HeldServer, file: Path, old: None) -> None:
    reading, writing = os.pipe()
    output = run(*BAR, pass_fds=[writing]).stdout.decode()
    assert output.startswith(OLD)
    server.wait_for_request(2)
    process = only_background_process()
    opened = {
        int(path.name): str(path.readlink()) for path in Path(f"/proc/{process}/fd").iterdir()
    }
    assert [opened.pop(stream) for stream in range(3)] == [os.devnull] * 3
    others = sorted(name.partition(":")[0] for name in opened.values())
    # The lock, the pipe to the process that has ended, and the connection.
    assert others == sorted([str(stops.lease_file(file)), "pipe", "socket"])
    assert f"pipe:[{os.fstat(writing).st_ino}]" not in opened.values()
    os.close(writing)
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_it_stores_its_balance(run: Run, server: HeldServer, file: Path, old: None) -> None:
    assert run(*BAR).stdout.decode().startswith(OLD)
    assert run(*BAR).stdout.decode().startswith(OLD)
    server.released.set()
    orphans.wait_for_all()
    assert run(*BAR).stdout == b"$12.00\n"
    assert stored.amounts(file) == ["11", "12"]
    assert len(server.requests) == 2


def test_it_notifies_once(
    run: Run, server: HeldServer, recorder: Recorder, file: Path, old: None
) -> None:
    server.first_amount = 3
    assert run(*BAR).stdout.decode().startswith(OLD)
    assert recorder.notifications() == []
    server.released.set()
    orphans.wait_for_all()
    assert "$4.00" in run(*BAR).stdout.decode()
    (notification,) = recorder.notifications()
    assert notification.startswith("ok warning default: $4.00 left")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_it_survives_what_ends_the_process_that_waits_for_it(
    server: HeldServer, file: Path, old: None, number: signal.Signals
) -> None:
    process = subprocess.Popen(
        [*PROGRAM, *BAR, "--wait", "50"], stdout=subprocess.DEVNULL, start_new_session=True
    )
    server.wait_for_request(2)
    os.killpg(process.pid, number)
    assert process.wait(60) == -number
    only_background_process()
    server.released.set()
    orphans.wait_for_all()
    assert stored.amounts(file) == ["11", "12"]


def test_a_process_for_several_accounts(
    run: Run, server: HeldServer, own_file: Callable[[Any], Path], file: Path
) -> None:
    accounts = {
        name: {"api_key": f"{KEY}{name}", "base_url": server.base_url} for name in ("a", "b", "c")
    }
    own_file({"accounts": accounts})
    arguments = (*BAR, "--account", "all")
    assert "as of" not in run(*arguments).stdout.decode()
    make_old(server, file)
    assert "as of" in run(*arguments).stdout.decode()
    server.wait_for_request(6)
    only_background_process()
    server.released.set()
    orphans.wait_for_all()
    assert stored.count_readings(file) == 6
    assert len(server.requests) == 6


def descendants(process: int) -> list[int]:
    children = [
        int(word)
        for path in Path(f"/proc/{process}/task").glob("*/children")
        for word in path.read_text(encoding="utf-8").split()
    ]
    return [process, *(each for child in children for each in descendants(child))]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--format", "waybar", "--refresh"),
        ("--format", "waybar", "--debug"),
        ("--format", "waybar", "--wait", "60"),
        ("--format", "json"),
        ("--format", "nagios"),
        ("--format", "prometheus"),
        ("guard", "--min", "1"),
        ("doctor",),
    ],
)  # fmt: skip
def test_who_makes_the_request_itself(
    server: HeldServer, old: None, arguments: tuple[str, ...]
) -> None:
    process = subprocess.Popen(
        [*PROGRAM, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    server.wait_for_request(2)
    assert all(os.getsid(each) == os.getsid(0) for each in descendants(process.pid))
    assert orphans.running() == []
    server.released.set()
    process.wait(60)
    assert orphans.running() == []


def test_watch_has_only_children_of_its_own(server: HeldServer, old: None) -> None:
    stream = Stream("watch", "--format", "waybar", "--timeout", "60")
    server.wait_for_request(2)
    found = descendants(stream.process.pid)
    assert len(found) == 2
    assert all(os.getsid(each) == os.getsid(0) for each in found)
    server.released.set()
    assert OLD in stream.line()
    assert "$12.00" in stream.line()
    stream.end()
    assert orphans.running() == []


@pytest.mark.parametrize(
    "arguments",
    [("history",), ("setup", "--dry-run", "xbar"), ("--demo", "offline", "--format", "waybar")],
)
def test_who_makes_no_request(
    run: Run, server: HeldServer, old: None, arguments: tuple[str, ...]
) -> None:
    run(*arguments)
    assert orphans.running() == []
    assert len(server.requests) == 1
