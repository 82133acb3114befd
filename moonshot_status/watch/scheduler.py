"""Decide when to poll. Nothing here blocks or writes."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from moonshot_status.watch.file_changes import CAN_NOTIFY, FileChanges
from moonshot_status.watch.worker import PollResult, Worker

# All times are in seconds.
# The end of a suspend is noticed this late at most.
MAX_SLEEP = 20.0
# SIGIO does not report every change.
_COMPARE_INTERVAL = 3 * MAX_SLEEP if CAN_NOTIFY else MAX_SLEEP
# One change of the store is several changes in its folder.
_SETTLE_DELAY = 0.1
_MIN_POLL_INTERVAL = 1.0
# One user action can signal several processes, and some receive the signal after another has
# already started the request.
_SIGNAL_SKEW = 0.05
_FAILURE_DELAY = 10.0
# For output that is not valid for any time: as often as bars usually run the program.
_EXPIRED_INTERVAL = 60.0
# The two clocks drift this far apart only if one was set or stopped during a suspend.
_CLOCK_JUMP = 2.0


@dataclass(frozen=True)
class RefreshRequest:
    """A request for one poll.

    A reading fetched after ``since`` (seconds since 1970) satisfies it. With ``refresh`` an older
    one does not, however fresh it is. With ``stored_only`` the API is not asked.
    """

    since: float
    refresh: bool = False
    stored_only: bool = False


class UnknownAccountError(Exception):
    """From the start there is no account of the requested name."""


class Scheduler:
    """Starts polls when they are due, and hands their output to ``show``.

    ``start`` starts a poll, which is terminated after ``limit`` seconds. ``wall`` is the clock
    that the validity of output refers to, and ``steady`` one that cannot be set. ``refresh``
    makes the first poll ask the API. ``restart`` runs an upgraded program in this one's place; if
    it returns, that has to wait.
    """

    def __init__(
        self, start: Callable[[RefreshRequest], Worker], show: Callable[[bytes], None],
        limit: float, restart: Callable[[], None], *, refresh: bool = False,
        wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._start, self._show, self._limit, self._restart = start, show, limit, restart
        self._wall, self._steady = wall, steady
        self.worker: Worker | None = None
        self._changes = FileChanges()
        # What is stored is shown at once, however long the first request takes.
        self._request: RefreshRequest | None = RefreshRequest(wall(), refresh, stored_only=True)
        self._last_request = self._request
        self._polled_at, self._clock_offset = wall(), wall() - steady()
        self._valid_until, self._has_shown = 0.0, False
        self._not_before = self._compare_at = self._give_up_at = steady()
        self._notify_paused_until: float | None = None

    def refresh(self) -> None:
        """Ask the API as soon as no other poll is running."""
        self._request = RefreshRequest(self._wall() - _SIGNAL_SKEW, refresh=True)

    def end(self) -> None:
        """Terminate the running poll, if any."""
        if self.worker:
            self.worker.end()

    def step(self, signals: bytes) -> float:
        """Do what is due, and return the number of seconds to sleep before the next call.

        ``signals`` are the numbers of the signals received since the last call. Raises
        UnknownAccountError if the first reply is to end the program for that reason.
        """
        if signals:
            self._handle(signals)
        if self.worker:
            self._check(self.worker)
        if not self.worker:
            self._request = self._request or self._due_request()
            self._start_poll()
        return max(0.0, self._next_time() - self._steady())

    def _handle(self, signals: bytes) -> None:
        if signal.SIGUSR1 in signals:
            self.refresh()
        if signal.SIGIO in signals:
            self._compare_at = min(self._compare_at, self._steady() + _SETTLE_DELAY)
            # A folder in which other files change all the time must not keep the process awake.
            self._notify_paused_until = self._steady() + MAX_SLEEP

    def _check(self, worker: Worker) -> None:
        if worker.has_ended():
            self.worker = None
            self._take(worker.result)
        elif self._steady() >= self._give_up_at:
            worker.end()
            self._give_up_at = self._steady() + _MIN_POLL_INTERVAL

    def _take(self, result: PollResult | None) -> None:
        if result is None:
            self._delay_after_failure()
            return
        if result.is_outdated:
            self._restart()
            self._delay_after_failure()
            return
        if result.unknown_account and not self._has_shown:
            raise UnknownAccountError(result.unknown_account)
        now = self._wall()
        is_valid = result.valid_until > now
        self._valid_until = result.valid_until if is_valid else now + _EXPIRED_INTERVAL
        self._changes.expect(result.states)
        # No signal reports what changed between the poll and this call.
        self._compare_at, self._notify_paused_until = self._steady(), None
        if result.update:
            self._has_shown = True
            self._show(result.update)
        if result.is_due:
            self._request = self._request or replace(self._last_request, stored_only=False)
            self._not_before = self._steady()

    def _delay_after_failure(self) -> None:
        self._valid_until = 0.0
        self._not_before = self._steady() + _FAILURE_DELAY

    def _due_request(self) -> RefreshRequest | None:
        """Return the request that is due because of the time or of a changed file, if any."""
        now, steady = self._wall(), self._steady()
        if now >= self._valid_until or abs(now - steady - self._clock_offset) > _CLOCK_JUMP:
            return RefreshRequest(now)
        if steady < self._compare_at:
            return None
        if self._changes.any():
            # The process that changed the store has fetched for every request made before.
            return RefreshRequest(self._polled_at)
        self._compare_at = steady + _COMPARE_INTERVAL
        if self._notify_paused_until is not None:
            self._compare_at = self._notify_paused_until
            if steady >= self._notify_paused_until:
                self._changes.start()
                self._notify_paused_until, self._compare_at = None, steady
        return None

    def _start_poll(self) -> None:
        """Start a poll if one is requested and the last one was long enough ago."""
        steady = self._steady()
        if self._request is None or steady < self._not_before:
            return
        request, self._request = self._request, None
        self._last_request = request
        self._changes.stop()  # The poll itself changes the files.
        self._polled_at, self._clock_offset = self._wall(), self._wall() - steady
        self._not_before, self._give_up_at = steady + _MIN_POLL_INTERVAL, steady + self._limit
        try:
            self.worker = self._start(request)
        except OSError:
            self._delay_after_failure()

    def _next_time(self) -> float:
        """Return when there may be something to do next, by the steady clock."""
        steady = self._steady()
        if self.worker:
            return min(self._give_up_at, steady + MAX_SLEEP)
        if self._request:
            return self._not_before
        return min(self._compare_at, steady + min(MAX_SLEEP, self._valid_until - self._wall()))
