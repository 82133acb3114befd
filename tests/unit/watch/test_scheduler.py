"""When ``watch`` polls, and how often it wakes up: hours of it in a moment."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from kit import fake_polls
from kit.fake_polls import LIMIT, START, FakePolls

from moonshot_status.watch import file_changes, scheduler
from moonshot_status.watch.file_changes import FileChanges
from moonshot_status.watch.output import OutputWriter
from moonshot_status.watch.scheduler import UnknownAccountError
from moonshot_status.watch.worker import OUTDATED, PollResult

pytestmark = pytest.mark.usefixtures("sigio")


@pytest.fixture
def polls() -> FakePolls:
    return FakePolls()


def test_in_an_hour_it_polls_each_time_the_output_expires_and_rarely_wakes(
    polls: FakePolls,
) -> None:
    steps = polls.run(polls.scheduler(), 3600)
    assert 11 <= len(polls.requests) <= 13
    assert steps <= 3600 / scheduler.MAX_SLEEP + 4 * len(polls.requests)
    assert not any(request.refresh for request in polls.requests)


def test_output_that_has_expired_already_is_renewed_once_a_minute(polls: FakePolls) -> None:
    polls.valid_for = -1
    polls.run(polls.scheduler(), 3600)
    assert 58 <= len(polls.requests) <= 61


def test_it_polls_at_most_once_a_second(polls: FakePolls) -> None:
    polls.valid_for = 0.001
    polls.run(polls.scheduler(), 60)
    assert 55 <= len(polls.requests) <= 61


def test_it_polls_ten_seconds_after_a_failure(polls: FakePolls) -> None:
    polls.make_result = lambda: None
    polls.run(polls.scheduler(), 600)
    assert 55 <= len(polls.requests) <= 61
    assert polls.shown == []


def test_it_waits_while_no_process_can_be_started(polls: FakePolls) -> None:
    polls.cannot_start = True
    watching = polls.scheduler()
    assert polls.run(watching, 600) <= 130
    polls.cannot_start = False
    polls.run(watching, 15)
    assert polls.shown == [b"$1.00\n"]


def test_a_poll_that_hangs_is_terminated_and_killed_before_the_next_one(polls: FakePolls) -> None:
    polls.duration = 1e9
    watching = polls.scheduler()
    polls.run(watching, LIMIT - 1)
    assert polls.kills == 0
    polls.make_result = lambda: None
    polls.run(watching, 4)
    assert polls.kills == 2
    polls.duration, polls.make_result = 0, polls.result
    polls.run(watching, 15)
    assert polls.shown == [b"$1.00\n"]
    watching.end()
    assert polls.kills == 2


def test_end_terminates_a_running_poll(polls: FakePolls) -> None:
    polls.duration = 5
    watching = polls.scheduler()
    polls.run(watching, 1)
    watching.end()
    assert polls.kills == 1


def test_a_refresh_asks_for_a_reading_since_its_signal(polls: FakePolls) -> None:
    watching = polls.scheduler(refresh=True)
    polls.run(watching, 0.5)
    polls.duration = 5
    polls.run(watching, 10, bytes([signal.SIGUSR1]))
    assert [request.refresh for request in polls.requests] == [True, True]
    assert polls.requests[1].since == pytest.approx(START + 0.5, abs=0.1)


def test_many_refreshes_during_a_poll_are_one_more_poll(polls: FakePolls) -> None:
    watching = polls.scheduler()
    polls.duration = 5
    polls.run(watching, 1)
    for _ in range(200):
        polls.run(watching, 0.01, bytes([signal.SIGUSR1] * 3))
    polls.run(watching, 30)
    assert [request.refresh for request in polls.requests] == [False, True]


@pytest.mark.parametrize("seconds", [120, 86_400 * 30, -7200, -86_400 * 3000])
def test_it_polls_after_a_suspend_and_after_the_clock_was_set(
    polls: FakePolls, seconds: float
) -> None:
    watching = polls.scheduler()
    polls.run(watching, 30)
    assert len(polls.requests) == 1
    polls.wall += seconds
    polls.run(watching, 0.1)
    assert [request.since for request in polls.requests][1:] == [pytest.approx(polls.wall, abs=0.2)]
    polls.run(watching, 3600)
    assert 12 <= len(polls.requests) <= 14


def test_a_changed_file_asks_for_a_reading_since_the_last_poll(
    polls: FakePolls, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    polls.states = file_changes.file_states([bytes(file)])
    watching = polls.scheduler()
    polls.run(watching, 5)
    file.write_text("new")
    polls.run(watching, 60)
    assert [request.since for request in polls.requests[1:2]] == [polls.requests[0].since]


def test_a_change_that_sigio_reports_is_seen_at_once(polls: FakePolls, tmp_path: Path) -> None:
    file = tmp_path / "file"
    polls.states = file_changes.file_states([bytes(file)])
    watching = polls.scheduler()
    polls.run(watching, 20)
    file.write_text("new")
    polls.states = file_changes.file_states([bytes(file)])
    polls.run(watching, 0.2, bytes([signal.SIGIO]))
    assert len(polls.requests) == 2
    polls.run(watching, 60)
    assert len(polls.requests) == 2


@pytest.mark.skipif(not file_changes.CAN_NOTIFY, reason="the system reports no changes")
def test_what_a_poll_changes_itself_is_not_reported(
    polls: FakePolls, tmp_path: Path, sigio: list[int]
) -> None:
    file = tmp_path / "file"
    polls.states = file_changes.file_states([bytes(file)])
    watching = polls.scheduler()
    polls.run(watching, 5)
    polls.duration = 5
    polls.run(watching, 1, bytes([signal.SIGUSR1]))
    file.write_text("new")
    assert sigio == []
    polls.states = file_changes.file_states([bytes(file)])
    polls.run(watching, 10)
    file.write_text("newer")
    assert len(sigio) == 1
    watching.end()


def test_other_changes_in_a_folder_do_not_keep_it_awake(
    polls: FakePolls, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[float] = []
    start = FileChanges.start

    def count(self: FileChanges) -> None:
        started.append(polls.steady)
        start(self)

    monkeypatch.setattr(FileChanges, "start", count)
    watching = polls.scheduler()
    polls.run(watching, 20)
    began = polls.steady
    started.clear()
    polls.run(watching, 100, bytes([signal.SIGIO]))
    assert len(started) == 1
    assert started[0] - began >= scheduler.MAX_SLEEP


def test_an_unknown_account_ends_the_program_only_at_first(polls: FakePolls) -> None:
    polls.unknown_account = "there is no account"
    with pytest.raises(UnknownAccountError, match="no account"):
        polls.run(polls.scheduler(), 1)
    polls.unknown_account = ""
    watching = polls.scheduler()
    polls.run(watching, 1)
    polls.unknown_account, polls.update = "there is no account", b"bad settings"
    polls.run(watching, 400)
    assert polls.shown[-1] == b"bad settings"


def test_an_outdated_program_shows_nothing_and_tries_to_be_the_new_one(polls: FakePolls) -> None:
    watching = polls.scheduler()
    polls.run(watching, 1)
    results = [OUTDATED, OUTDATED, PollResult(b"$2.00\n", polls.wall + 900, {})]
    polls.make_result = lambda: results.pop(0)
    polls.run(watching, 1, bytes([signal.SIGUSR1]))
    assert (polls.restarts, polls.shown) == (1, [b"$1.00\n"])
    polls.run(watching, 15)
    assert (polls.restarts, polls.shown) == (2, [b"$1.00\n"])
    polls.run(watching, 15)
    assert (polls.restarts, polls.shown) == (2, [b"$1.00\n", b"$2.00\n"])


def test_a_failed_poll_leaves_the_output_and_the_next_one_renews_it(polls: FakePolls) -> None:
    watching = polls.scheduler()
    polls.run(watching, 1)
    results = [None, PollResult(b"$2.00\n", polls.wall + 900, {})]
    polls.make_result = lambda: results.pop(0)
    polls.run(watching, 1, bytes([signal.SIGUSR1]))
    assert polls.shown == [b"$1.00\n"]
    polls.run(watching, 11)
    assert polls.shown == [b"$1.00\n", b"$2.00\n"]


MEMORY_SCRIPT = f"""
import os, sys
from pathlib import Path
sys.path[:0] = {[str(Path(__file__).parents[2])]!r}
from {fake_polls.__name__} import FakePolls
from {OutputWriter.__module__} import OutputWriter

def resident_kilobytes():
    return int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0])

class Shown:
    count = 0
    def append(self, update):
        output.show(update)
        self.count += output.is_waiting
        output.write()

polls, output = FakePolls(), OutputWriter(os.open(os.devnull, os.O_WRONLY))
polls.shown, polls.valid_for = Shown(), 1
polls.states = {{b"/etc/passwd": ()}}
scheduler = polls.scheduler()
for number in range(100_000):
    polls.update = b"x" * 500 + b"%d\\n" % number
    polls.requests.clear()
    polls.run(scheduler, 1.5)
    if number == 10_000:
        before = resident_kilobytes()
print(polls.shown.count, resident_kilobytes() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_100_000_updates() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEMORY_SCRIPT], capture_output=True, check=True, text=True,
        timeout=600,
    )  # fmt: skip
    updates, kilobytes = map(int, done.stdout.split())
    assert updates >= 100_000
    assert kilobytes < 300


def test_what_is_stored_is_shown_before_the_first_request_is_made(polls: FakePolls) -> None:
    polls.make_result = lambda: polls.result()._replace(is_due=polls.requests[-1].stored_only)
    polls.run(polls.scheduler(refresh=True), 0.9)
    first, second = polls.requests
    assert (first.stored_only, first.refresh) == (True, True)
    assert second == replace(first, stored_only=False)
    assert polls.shown == [b"$1.00\n"] * 2


def test_without_a_stored_balance_nothing_is_shown_before_the_first_request(
    polls: FakePolls,
) -> None:
    polls.make_result = lambda: polls.result()._replace(update=b"", is_due=True)
    polls.duration = 0.1
    watching = polls.scheduler()
    polls.run(watching, 0.15)
    polls.make_result = polls.result
    polls.run(watching, 0.15)
    assert polls.shown == [b"$1.00\n"]
    assert [request.stored_only for request in polls.requests] == [True, False]


def test_a_refresh_during_the_first_poll_takes_the_place_of_the_request_that_is_due(
    polls: FakePolls,
) -> None:
    polls.duration = 0.1
    polls.make_result = lambda: polls.result()._replace(is_due=polls.requests[-1].stored_only)
    watching = polls.scheduler()
    polls.run(watching, 0.05)
    watching.refresh()
    polls.run(watching, 0.5)
    assert [(r.stored_only, r.refresh) for r in polls.requests] == [(True, False), (False, True)]
