"""When to look: a story of moments, in which nothing blocks and nothing is written."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from moonshot_status.config.settings import UnknownAccountError
from moonshot_status.watch.file_changes import ARE_TOLD, FileChanges
from moonshot_status.watch.worker import PollResult, Worker

# Seconds. The end of a suspend is seen this late.
EVERY = 20.0
# Where changes are told, files are compared all the same, because of those that change in silence.
_COMPARE_EVERY = 3 * EVERY if ARE_TOLD else EVERY
# One change of the store is several changes in its folder.
_SETTLING = 0.1
_BETWEEN_LOOKS = 1.0
# A signal to several processes is one wish, though some are slower to hear it.
_AT_ONCE = 0.05
_AFTER_A_FAILURE = 10.0
# For what holds only at the moment: as often as bars run the program.
_AT_LEAST = 60.0
# The two clocks never drift this far apart unless one was set, or stood still in a suspend.
_JUMP = 2.0


@dataclass(frozen=True)
class RefreshRequest:
    """For a look: who insists on a new reading, and since when one is wanted (since 1970)."""

    since: float
    refresh: bool = False


class Scheduler:
    """Decides at each ``turn`` what to do and how long to rest, by two clocks.

    ``wall`` is the clock that replies go by, and ``steady`` one that nobody sets. ``start`` begins
    a look, and ``show`` gets what it brought. A look is ended after ``limit`` seconds.
    """

    def __init__(
        self,
        start: Callable[[RefreshRequest], Worker],
        show: Callable[[bytes], None],
        limit: float,
        *,
        refresh: bool = False,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start, self._show, self._limit = start, show, limit
        self._wall, self._steady = wall, steady
        self.worker: Worker | None = None
        self._changes = FileChanges()
        self._wish: RefreshRequest | None = RefreshRequest(wall(), refresh)
        self._looked_at, self._lead = wall(), wall() - steady()
        self._until, self._has_shown = 0.0, False
        self._not_before = self._compare_at = self._give_up_at = steady()
        self._notify_paused_until: float | None = None

    def refresh(self) -> None:
        """Ask the API, as soon as there is nobody at it."""
        self._wish = RefreshRequest(self._wall() - _AT_ONCE, refresh=True)

    def end(self) -> None:
        """Have what is at work end as well."""
        if self.worker:
            self.worker.end()

    def step(self, heard: bytes) -> float:
        """Do what is due, also after the signals ``heard``; returns how many seconds to rest."""
        if heard:
            self._hear(heard)
        if self.worker:
            self._attend(self.worker)
        if not self.worker:
            self._wish = self._wish or self._due()
            self._look()
        return max(0.0, self._next() - self._steady())

    def _hear(self, signals: bytes) -> None:
        if signal.SIGUSR1 in signals:
            self.refresh()
        if signal.SIGIO in signals:
            self._compare_at = min(self._compare_at, self._steady() + _SETTLING)
            # A folder in which others write all the time must not keep us awake.
            self._notify_paused_until = self._steady() + EVERY

    def _attend(self, worker: Worker) -> None:
        if worker.has_ended():
            self.worker = None
            self._take(worker.found)
        elif self._steady() >= self._give_up_at:
            worker.end()
            self._give_up_at = self._steady() + _BETWEEN_LOOKS

    def _take(self, found: PollResult | None) -> None:
        if found is None:
            self._fail()
            return
        if found.fault and not self._has_shown:
            raise UnknownAccountError(found.fault)
        now, steady = self._wall(), self._steady()
        self._until = found.until if found.until > now else now + _AT_LEAST
        self._changes.expect(found.states)
        # What happened before it was listened for is not told.
        self._compare_at, self._notify_paused_until = steady, None
        self._has_shown = True
        self._show(found.update)

    def _fail(self) -> None:
        """What is shown stays, and another look may have more luck."""
        self._until = 0.0
        self._not_before = self._steady() + _AFTER_A_FAILURE

    def _due(self) -> RefreshRequest | None:
        """The wish that time or a change makes."""
        now, steady = self._wall(), self._steady()
        if now >= self._until or abs(now - steady - self._lead) > _JUMP:
            return RefreshRequest(now)
        if steady < self._compare_at:
            return None
        if self._changes.any():
            # Who changed the store has asked for all that wanted a reading by then.
            return RefreshRequest(self._looked_at)
        self._compare_at = steady + _COMPARE_EVERY
        if self._notify_paused_until is not None:
            self._compare_at = self._notify_paused_until
            if steady >= self._notify_paused_until:
                self._changes.listen()
                self._notify_paused_until, self._compare_at = None, steady
        return None

    def _look(self) -> None:
        """Begin one, if it is wished for and its time has come."""
        steady = self._steady()
        if self._wish is None or steady < self._not_before:
            return
        wish, self._wish = self._wish, None
        self._changes.ignore()  # What the look itself changes is no news.
        self._looked_at, self._lead = self._wall(), self._wall() - steady
        self._not_before, self._give_up_at = steady + _BETWEEN_LOOKS, steady + self._limit
        try:
            self.worker = self._start(wish)
        except OSError:
            self._fail()

    def _next(self) -> float:
        """When there may be something to do next, by the steady clock."""
        steady = self._steady()
        if self.worker:
            return min(self._give_up_at, steady + EVERY)
        if self._wish:
            return self._not_before
        return min(self._compare_at, steady + min(EVERY, self._until - self._wall()))
