"""A broken home, disk, store, clock or terminal: the balance is shown whenever it can be had."""

from __future__ import annotations

import json
import os
import random
import resource
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
from kit.support import PROGRAM, Run

from moonshot_status.polling.demo import Server, balance, error
from moonshot_status.store import schema

pytestmark = pytest.mark.slow

Patch = Callable[[str], int]
FORMATS = ("plain", "json", "waybar")
ASK = ("--max-age", "0")
PAGE = 4096
# The superuser may write everywhere unless it gives up the right to overrule permissions.
AS_A_USER = "setpriv --bounding-set -dac_override,-dac_read_search,-fowner"
BECOME = f'exec {AS_A_USER if os.geteuid() == 0 else ""} {PROGRAM[0]} "$@"'
# What a shell does before it becomes the program, and whether anything can be kept after that.
PLACES = {
    "no home": ("unset HOME", False),
    "a home that is not there": ("HOME=$HOME/nowhere/at/all", True),
    "a home that is a file": ("HOME=/dev/null", False),
    "a relative home": ("HOME=home", False),
    "a read-only home": ("chmod 500 $HOME", False),
    "no place for the state": ("mkdir -p ${STATE%/*}; chmod 500 ${STATE%/*}", False),
    "a state folder that is a file": ("mkdir -p ${STATE%/*}; touch $STATE", False),
    "a store that is a folder": ("mkdir -p $STATE/balance.db/x", False),
    "a store that is a link": ("mkdir -p $STATE; ln -sf x.db $STATE/balance.db", True),
    "a poor locale": ("export LC_ALL=C LANG=xx_YY.KOI8 PYTHONUTF8=0 PYTHONCOERCECLOCALE=0", True),
    "a strange time zone": ("export TZ=Nowhere/At_All", True),
    "a folder that is gone": ("mkdir $HOME/x; cd $HOME/x; rmdir $HOME/x", True),
}
if os.geteuid() == 0:
    PLACES["a state folder of somebody else"] = ("mkdir -p $STATE; chown 65534 $STATE", False)
NO_PASSWD_ENTRY = "import pwd; pwd.getpwuid = {}.__getitem__"
CLOCK = """
import datetime, time
from moonshot_status import status

class Clock(datetime.datetime):
    @classmethod
    def now(cls, zone):
        return datetime.datetime.now(zone) + datetime.timedelta(days={days})

now, now_ns = time.time, time.time_ns
time.time = lambda: now() + {days} * 86400
time.time_ns = lambda: now_ns() + {days} * 86400 * 10**9
status.datetime = Clock
"""


@pytest.fixture
def patch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Patch:
    """Have the program run this code before its own."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return (tmp_path / "sitecustomize.py").write_text


@pytest.fixture
def state(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / ".local" / "state" / "moonshot-status"
    monkeypatch.setenv("STATE", str(folder))
    return folder


@pytest.fixture
def store(run: Run, server: Server, state: Path) -> Path:
    """A store of several pages: one reading of 49.58894, and two hundred older ones."""
    run()
    file = state / "balance.db"
    with closing(sqlite3.connect(file)) as db, db:
        db.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 200)"
            " INSERT INTO reading (id, account, key, fetched_at, available)"
            " SELECT -i, account, key, fetched_at - i * 60000000, i FROM reading, n"
        )
    return file


def readings(file: Path) -> set[tuple[int, str]]:
    """What can be read of the file, from its beginning and from its end; it stays as it is."""
    found: set[tuple[int, str]] = set()
    query = "SELECT id, available FROM reading ORDER BY id"
    for order in (query, f"{query} DESC"):
        with closing(sqlite3.connect(f"{file.as_uri()}?immutable=1", uri=True)) as db:
            db.text_factory = lambda text: text.decode("utf-8", "replace")
            with suppress(sqlite3.Error):
                found.update(db.execute(order))
    return found


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


@pytest.mark.parametrize("place", PLACES)
def test_no_place_costs_the_balance(server: Server, state: Path, patch: Patch, place: str) -> None:
    patch(NO_PASSWD_ENTRY)
    words, kept = PLACES[place]
    for name in FORMATS:
        done = shell(f"{words}; {BECOME}", "--format", name)
        assert_shown(done)
        if name == "json":
            assert kind(done) == (None if kept else "store")
    assert len(server.requests) == (1 if kept else len(FORMATS))


@pytest.mark.parametrize("name", FORMATS)
def test_the_last_balance_of_a_read_only_home(server: Server, store: Path, name: str) -> None:
    server.stop()
    words = "chmod 400 $STATE/*; chmod 500 $STATE $STATE/.. $HOME"
    assert_shown(shell(f"{words}; {BECOME}", *ASK, "--format", name))


STREAMS = [">&-", "> /dev/full", "2>&-", "2> /dev/full", "<&-", "<&- 2>&-", "<&- >&- 2>&-"]


@pytest.mark.parametrize("more", ["", "--debug"])
@pytest.mark.parametrize("streams", STREAMS)
def test_a_lost_stream_is_no_crash(run: Run, server: Server, streams: str, more: str) -> None:
    done = shell(f"exec {PROGRAM[0]} {more} {streams}")
    if ">&-" in streams.split() or streams == "> /dev/full":
        assert (done.stdout, done.returncode in (0, 1)) == (b"", True)
    else:
        assert (done.stdout, done.returncode) == (b"$49.58\n", 0)
    assert b"Traceback" not in done.stderr
    assert_shown(run())
    assert len(server.requests) == 1


def limited(size: int) -> Callable[[], None]:
    """Let no file grow beyond this size; Python itself ignores the signal that tells so."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("size", [0, 1, 511, 512, *range(PAGE, 65537, 3 * PAGE), 65536])
def test_a_full_disk_costs_no_reading(run: Run, server: Server, store: Path, size: int) -> None:
    before = readings(store)
    server.response = balance("7", "7", "0")
    assert_shown(run(*ASK, preexec_fn=limited(size)), "$7.00")
    assert_shown(run(*ASK, "--format", FORMATS[size % 3]), "7")
    assert before < readings(store)
    assert asides(store) == []


@pytest.mark.parametrize("size", [0, 1, 512, *range(PAGE, 6 * PAGE, PAGE)])
def test_a_full_disk_at_the_very_first(run: Run, server: Server, state: Path, size: int) -> None:
    assert_shown(run(preexec_fn=limited(size)))
    assert_shown(run())
    assert kind(run("--format", "json")) is None
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
def test_a_damaged_store(run: Run, server: Server, store: Path, damage: str) -> None:
    """The balance is there, and all that could be read is in the file or in the one aside."""
    store.write_bytes(DAMAGE[damage](store.read_bytes()))
    before = readings(store)
    server.response = balance("7", "7", "0")
    assert_shown(run(*ASK), "$7.00\n")
    assert_shown(run(), "$7.00\n")
    assert len(asides(store)) <= 1
    assert before <= readings(store).union(*map(readings, asides(store)))


def test_the_store_of_a_later_version_is_not_touched(run: Run, server: Server, store: Path) -> None:
    with closing(sqlite3.connect(store)) as db:
        db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    before = store.read_bytes()
    for name in FORMATS:
        assert_shown(run("--format", name, "--refresh"))
    assert kind(run("--format", "json")) == "store"
    assert (store.read_bytes(), asides(store)) == (before, [])


@pytest.mark.parametrize("name", FORMATS)
def test_a_store_that_another_process_holds(
    run: Run, server: Server, store: Path, name: str
) -> None:
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        started = time.monotonic()
        assert_shown(run("--timeout", "1", "--format", name))
        assert time.monotonic() - started < 3 + 1 + 2
    assert_shown(run())
    assert asides(store) == []


def test_a_clock_that_jumps(run: Run, server: Server, store: Path, patch: Patch) -> None:
    for amount, days in enumerate((-365, 0, 365, 0, -365, 365, -365), 1):
        patch(CLOCK.format(days=days))
        server.response = balance(f"{amount}", f"{amount}", "0")
        assert run().stdout == run().stdout == f"${amount}.00\n".encode()
        assert len(server.requests) == 1 + amount
    server.stop()
    for days in (0, 365, -730):
        patch(CLOCK.format(days=days))
        for name in FORMATS:
            assert_shown(run("--format", name), "7")


def test_a_wait_of_another_time_is_no_wait(run: Run, server: Server, patch: Patch) -> None:
    for days in (365, 0, -365):
        patch(CLOCK.format(days=days))
        server.response = error(429, "rate_limit_reached_error", "try again after 30 seconds")
        assert b"rate limited" in run(*ASK).stdout
    assert len(server.requests) == 3
