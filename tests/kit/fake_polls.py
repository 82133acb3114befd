"""Clocks and polls that a test controls, to run hours of ``watch`` in a moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moonshot_status.watch.file_changes import FileStates
from moonshot_status.watch.scheduler import RefreshRequest, Scheduler
from moonshot_status.watch.worker import PollResult

START = 1_800_000_000.0
"""Where the wall clock begins."""
LIMIT = 90.0
"""After how many seconds a poll is terminated."""


class FakePolls:
    """Two clocks, and polls that take ``duration`` seconds and return ``make_result()``."""

    def __init__(self) -> None:
        self.wall, self.steady = START, 1000.0
        self.requests: list[RefreshRequest] = []
        self.shown: list[bytes] = []
        self.states: FileStates = {}
        self.unknown_account, self.update, self.valid_for = "", b"$1.00\n", 300.0
        self.make_result: Callable[[], PollResult | None] = self.result
        self.duration, self.ends, self.kills, self.cannot_start = 0.0, 0.0, 0, False
        self.restarts = 0

    def scheduler(self, **more: Any) -> Scheduler:
        return Scheduler(
            self.start, self.shown.append, LIMIT, self.restart,  # type: ignore[arg-type]
            wall=lambda: self.wall, steady=lambda: self.steady, **more,
        )  # fmt: skip

    def start(self, request: RefreshRequest) -> FakeWorker:
        if self.cannot_start:
            raise BlockingIOError
        self.requests.append(request)
        self.ends = self.steady + self.duration
        return FakeWorker(self)

    def restart(self) -> None:
        self.restarts += 1

    def run(self, scheduler: Scheduler, seconds: float, signals: bytes = b"") -> int:
        """Let that many seconds pass, and return how often the process would have woken."""
        until, steps = self.steady + seconds, 0
        while True:
            delay = scheduler.step(signals)
            signals, steps = b"", steps + 1
            if scheduler.worker:  # Its end wakes the process.
                delay = min(delay, max(0.01, self.ends - self.steady))
            if self.steady + delay > until:
                break
            self.pass_time(delay)
        self.pass_time(until - self.steady)
        return steps

    def pass_time(self, seconds: float) -> None:
        self.wall, self.steady = self.wall + seconds, self.steady + seconds

    def result(self) -> PollResult:
        """Return the result of a poll that succeeds."""
        return PollResult(
            self.update, self.wall + self.valid_for, self.states, self.unknown_account
        )


class FakeWorker:
    def __init__(self, polls: FakePolls) -> None:
        self._polls, self.pipe = polls, -1

    def has_ended(self) -> bool:
        return self._polls.steady >= self._polls.ends or self._polls.kills > 1

    @property
    def result(self) -> PollResult | None:
        return self._polls.make_result()

    def end(self) -> None:
        self._polls.kills += 1
