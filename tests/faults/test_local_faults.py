"""A broken home, disk, store, clock or terminal: the balance is shown whenever it can be had."""

from __future__ import annotations

import json
import os
import pwd
import random
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kit import stored
from kit.forks import Forks
from kit.preparations import limit_file_size, redirect
from kit.support import PROGRAM, Run

from moonshot_status.config.settings import Options
from moonshot_status.core import paths
from moonshot_status.polling import balance as get_balance
from moonshot_status.polling import poll
from moonshot_status.polling.demo import Server, balance, error
from moonshot_status.store import database, schema

FORMATS = ("plain", "json", "waybar")
ASK = ("--max-age", "0")
PAGE = 4096
SEVEN = balance("7", "7", "0")
BUSY = error(503, "server_error", "busy")


@dataclass(frozen=True)
class Place:
    home: Path
    state: Path
    patch: pytest.MonkeyPatch

    def sets(self, name: str, value: object) -> None:
        self.patch.setenv(name, str(value))
        time.tzset()

    def is_gone(self) -> None:
        folder = self.home / "x"
        folder.mkdir()
        self.patch.chdir(folder)
        folder.rmdir()

    def has_state(self, create: Callable[[Path], object], name: str = ".") -> None:
        path = self.state / name
        path.parent.mkdir(parents=True, exist_ok=True)
        create(path)


# What makes the place, and whether anything can be stored there.
PLACES: dict[str, tuple[Callable[[Place], object], bool]] = {
    "no home": (lambda place: place.patch.delenv("HOME"), False),
    "a missing home": (lambda place: place.sets("HOME", place.home / "nowhere/at/all"), True),
    "a home that is a file": (lambda place: place.sets("HOME", "/dev/null"), False),
    "a relative home": (lambda place: place.sets("HOME", "home"), False),
    "a state folder that is a file": (lambda place: place.has_state(Path.touch), False),
    "a store that is a folder": (
        lambda place: place.has_state(partial(Path.mkdir, parents=True), "balance.db"),
        False,
    ),
    "a store that is a link": (
        lambda place: place.has_state(lambda path: path.symlink_to("x.db"), "balance.db"),
        True,
    ),
    "a strange time zone": (lambda place: place.sets("TZ", "Nowhere/At_All"), True),
    "a missing current folder": (Place.is_gone, True),
}
# The superuser may write everywhere unless it gives up the right to overrule permissions.
AS_A_USER = "setpriv --bounding-set -dac_override,-dac_read_search,-fowner"
BECOME = f'exec {AS_A_USER if os.geteuid() == 0 else ""} {PROGRAM[0]} "$@"'
# What a shell does before it becomes the program.
CLOSED_PLACES = {
    "a read-only home": 'chmod 500 "$HOME"',
    "no place for the state": 'mkdir -p "${STATE%/*}"; chmod 500 "${STATE%/*}"',
}
if os.geteuid() == 0:
    CLOSED_PLACES["a state folder of somebody else"] = 'mkdir -p "$STATE"; chown 65534 "$STATE"'
POOR_LOCALE = "export LC_ALL=C LANG=xx_YY.KOI8 PYTHONUTF8=0 PYTHONCOERCECLOCALE=0"


@pytest.fixture
def state(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / ".local" / "state" / "moonshot-status"
    monkeypatch.setenv("STATE", str(folder))
    return folder


_stores: dict[str, bytes] = {}


@pytest.fixture
def store(server: Server, state: Path) -> Path:
    """Create a store of several pages: a reading of 49.58894 and two hundred older ones."""
    file = state / "balance.db"
    if server.base_url not in _stores:
        poll.poll(Options(), ())
        stored.insert_older_readings(file, 200)
        _stores[server.base_url] = file.read_bytes()
        server.requests.clear()
    paths.private_folder(state)
    paths.private_file(file)
    file.write_bytes(_stores[server.base_url])
    return file


def asides(file: Path) -> list[Path]:
    return sorted(file.parent.glob("balance.db.damaged-*Z"))


def assert_shown(done: subprocess.CompletedProcess[bytes], words: str = "49.58") -> None:
    assert words.encode() in done.stdout
    assert (done.returncode, done.stderr) == (0, b"")


def kind(done: subprocess.CompletedProcess[bytes]) -> str | None:
    problem: dict[str, str] | None = json.loads(done.stdout)["problem"]
    return problem and problem["kind"]


def shell(words: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = ["sh", "-c", words, "sh", *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=60)


@pytest.mark.parametrize("name", PLACES)
def test_no_place_costs_the_balance(
    invoke: Run, server: Server, home: Path, state: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
    create, kept = PLACES[name]
    create(Place(home, state, monkeypatch))
    for form in FORMATS:
        done = invoke("--format", form)
        assert_shown(done)
        if form == "json":
            assert kind(done) == (None if kept else "store")
    assert len(server.requests) == (1 if kept else len(FORMATS))


@pytest.mark.slow
@pytest.mark.parametrize("name", CLOSED_PLACES)
def test_no_permission_costs_the_balance(server: Server, state: Path, name: str) -> None:
    done = shell(f"{CLOSED_PLACES[name]}; {BECOME}", "--format", "json")
    assert_shown(done)
    assert kind(done) == "store"


@pytest.mark.slow
def test_a_poor_locale_costs_no_sign(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOONSHOT_REGION", "china")
    assert_shown(shell(f"{POOR_LOCALE}; {BECOME}"), "¥49.58")


@pytest.mark.slow
def test_the_last_balance_of_a_read_only_home(server: Server, store: Path) -> None:
    server.response = BUSY
    words = 'chmod 400 "$STATE"/*; chmod 500 "$STATE" "$STATE/.." "$HOME"'
    assert_shown(shell(f"{words}; {BECOME}", *ASK), "$49.58 · as of ")


# Of each standard stream that is lost: its descriptor, and what it leads to if that is anything.
STREAMS = {
    "no output": {1: ""},
    "full output": {1: "/dev/full"},
    "no errors": {2: ""},
    "full errors": {2: "/dev/full"},
    "no input": {0: ""},
    "neither input nor errors": {0: "", 2: ""},
    "none": {0: "", 1: "", 2: ""},
}


@pytest.mark.parametrize("more", [[], ["--debug"]], ids=["", "debug"])
@pytest.mark.parametrize("streams", STREAMS)
def test_a_lost_stream_is_no_crash(
    program: Forks, invoke: Run, server: Server, streams: str, more: list[str]
) -> None:
    lost = STREAMS[streams]
    done = program.run(*more, prepare=[partial(redirect, *stream) for stream in lost.items()])
    if 1 in lost:
        assert (done.stdout, done.returncode in (0, 1)) == (b"", True)
    else:
        assert (done.stdout, done.returncode) == (b"$49.58\n", 0)
    assert b"Traceback" not in done.stderr
    assert_shown(invoke())
    assert len(server.requests) == 1


@pytest.mark.slow
@pytest.mark.parametrize("streams", ["> /dev/full", "<&- >&- 2>&-"])
def test_an_interpreter_without_streams_is_no_crash(
    invoke: Run, server: Server, streams: str
) -> None:
    done = shell(f"exec {PROGRAM[0]} --debug {streams}")
    assert (done.stdout, done.returncode in (0, 1)) == (b"", True)
    assert b"Traceback" not in done.stderr
    assert_shown(invoke())
    assert len(server.requests) == 1


@pytest.mark.parametrize("size", [0, 1, 511, 512, *range(PAGE, 65537, 3 * PAGE), 65536])
def test_a_full_disk_costs_no_reading(
    program: Forks, invoke: Run, server: Server, store: Path, size: int
) -> None:
    before = stored.readings_of_corrupt(store)
    server.response = SEVEN
    assert_shown(program.run(*ASK, prepare=[partial(limit_file_size, size)]), "$7.00")
    assert_shown(invoke(*ASK, "--format", FORMATS[size % 3]), "7")
    assert before < stored.readings_of_corrupt(store)
    assert asides(store) == []


@pytest.mark.parametrize("size", [0, 1, 512, *range(PAGE, 6 * PAGE, PAGE)])
def test_a_full_disk_at_the_very_first(
    program: Forks, invoke: Run, server: Server, state: Path, size: int
) -> None:
    done = program.run("--format", "json", prepare=[partial(limit_file_size, size)])
    assert_shown(done)
    assert kind(done) == "store"
    assert_shown(invoke())
    assert kind(invoke("--format", "json")) is None
    assert asides(state / "balance.db") == []


def put(place: int, piece: bytes) -> Callable[[bytes], bytes]:
    return lambda whole: whole[:place] + piece + whole[place + len(piece) :]


# Places in the header are those of SQLite's file format.
BYTES = [(0, 255), (16, 3), (18, 2), (18, 9), (19, 2), (19, 9), (20, 1), (23, 1), (31, 1)]
BYTES += [(35, 200), (47, 9), (55, 3), (59, 2), (59, 7), (63, 0), (100, 2), (100, 5), (104, 99)]
LENGTHS = [0, 1, 99, 100, 511, PAGE - 1, PAGE, 3 * PAGE, 5 * PAGE + 100, -1]
NOISE = random.Random(0).randbytes(100_000)
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    **{f"cut at {n}": lambda whole, n=n: whole[:n] for n in LENGTHS},
    **{f"{n} of noise": lambda _, n=n: NOISE[:n] for n in (1, 100, PAGE, 100_000)},
    **{f"page {n} is noise": put(n * PAGE, NOISE[:PAGE]) for n in range(0, 12, 2)},
    **{f"byte {n} is {value}": put(n, bytes([value])) for n, value in BYTES},
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_store(invoke: Run, server: Server, store: Path, damage: str) -> None:
    assert_survives(invoke, server, store, damage)


@pytest.mark.slow
def test_a_process_of_its_own_and_a_damaged_store(run: Run, server: Server, store: Path) -> None:
    assert_survives(run, server, store, "page 2 is noise")


def assert_survives(run: Run, server: Server, store: Path, damage: str) -> None:
    """Check that the balance is shown and that every readable row is in the file or its copy."""
    store.write_bytes(DAMAGE[damage](store.read_bytes()))
    before = stored.readings_of_corrupt(store)
    server.response = SEVEN
    assert_shown(run(*ASK), "$7.00\n")
    assert_shown(run(), "$7.00\n")
    assert len(asides(store)) <= 1
    assert before <= stored.readings_of_corrupt(store).union(
        *map(stored.readings_of_corrupt, asides(store))
    )


def test_the_store_of_a_later_version_is_not_touched(
    invoke: Run, server: Server, store: Path
) -> None:
    stored.set_version(store, schema.VERSION + 1)
    before = store.read_bytes()
    for name in FORMATS:
        assert_shown(invoke("--format", name, "--refresh"))
    assert kind(invoke("--format", "json")) == "store"
    assert (store.read_bytes(), asides(store)) == (before, [])


def test_a_store_that_another_process_holds_is_waited_for_once(
    invoke: Run, server: Server, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    opened, connect = [], sqlite3.connect

    def count(*arguments: Any, **more: Any) -> sqlite3.Connection:
        opened.append(arguments)
        return connect(*arguments, **more)

    with stored.locked(store):
        monkeypatch.setattr(sqlite3, "connect", count)
        for name in FORMATS:
            assert_shown(invoke("--format", name))
    assert [arguments for arguments in opened if "mode=rw" in str(arguments)] == opened[:1]
    assert_shown(invoke())
    assert asides(store) == []


@pytest.mark.slow
def test_a_process_of_its_own_and_a_store_that_is_held(
    run: Run, server: Server, store: Path
) -> None:
    with stored.locked(store):
        assert_shown(run())
        assert kind(run("--format", "json", "--max-age", "0")) == "store"
    assert_shown(run())
    assert asides(store) == []


@contextmanager
def clock_wrong_by(days: int) -> Iterator[None]:
    now, now_ns = time.time, time.time_ns

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(days)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: now() + days * 86400)
        patch.setattr(time, "time_ns", lambda: now_ns() + days * 86400 * 10**9)
        patch.setattr(get_balance, "datetime", Clock)
        yield


def test_a_clock_that_jumps(invoke: Run, server: Server, store: Path) -> None:
    for amount, days in enumerate((-365, 0, 365, 0, -365, 365, -365), 1):
        server.response = balance(f"{amount}", f"{amount}", "0")
        with clock_wrong_by(days):
            assert invoke().stdout == invoke().stdout == f"${amount}.00\n".encode()
        assert len(server.requests) == amount
    server.response = BUSY
    for days in (0, 365, -730):
        for name in FORMATS:
            with clock_wrong_by(days):
                assert_shown(invoke("--format", name), "7")


def test_a_wait_of_another_time_is_no_wait(invoke: Run, server: Server) -> None:
    server.response = error(429, "rate_limit_reached_error", "try again after 30 seconds")
    for days in (365, 0, -365):
        with clock_wrong_by(days):
            assert b"rate limited" in invoke(*ASK).stdout
    assert len(server.requests) == 3
