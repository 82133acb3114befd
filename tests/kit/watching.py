"""``watch`` as a process, and the parts that let it run within the process of the tests."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from kit.support import PROGRAM, assert_no_warnings
from moonshot_status.watch.wakeup import WakeUp
from moonshot_status.watch.worker import PollResult

PATIENCE = 30.0
"""How many seconds a poll may take on a busy machine."""
SOON = 10.0
"""How many seconds something may take that must not wait for the next wake-up, in 20 seconds."""


def happens(condition: Callable[[], Any], seconds: float = PATIENCE) -> bool:
    """Wait until the condition holds, and return whether it does."""
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return bool(condition())


class Stream:
    """A ``watch`` process, and what it prints."""

    def __init__(self, *arguments: str, **more: Any) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in end()
        more = {"stdin": subprocess.DEVNULL, "stderr": self._errors, **more}
        self.process = subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE, **more)
        self._text = ""

    def line(self, seconds: float = PATIENCE) -> str:
        """Return the next line; empty if there is none in that time."""
        assert self.process.stdout
        until = time.monotonic() + seconds
        while "\n" not in self._text:
            rest = max(0.0, until - time.monotonic())
            if not select.select([self.process.stdout], [], [], rest)[0]:
                return ""
            piece = os.read(self.process.stdout.fileno(), 65536).decode()
            if not piece:
                return ""
            self._text += piece
        line, _, self._text = self._text.partition("\n")
        return line

    def refresh(self) -> None:
        self.process.send_signal(signal.SIGUSR1)

    def children(self) -> list[int]:
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(number) for number in path.read_text(encoding="utf-8").split()]

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        with self._errors as errors:
            errors.seek(0)
            assert_no_warnings(errors.read())


class Clock:
    """A clock that can be moved forwards."""

    def __init__(self) -> None:
        self._offset = 0.0

    def wall(self) -> float:
        return time.time() + self._offset

    def steady(self) -> float:
        return time.monotonic() + self._offset

    def move(self, seconds: float) -> None:
        self._offset += seconds


class InlineWorker:
    """A poll within this process, which must not be forked because it has threads."""

    PIPE = -1

    def __init__(self, poll: Callable[[], PollResult]) -> None:
        self.result, self.pipe = poll(), self.PIPE

    def has_ended(self) -> bool:
        return True

    def end(self) -> None:
        """Do nothing: it has ended."""


class ScriptedWaiter:
    """Performs the next action of a test when ``watch`` goes to sleep, and lets it exit at the end.

    Short sleeps, and those that ``sleep`` asks for, only move the clock. ``events`` are the signals
    that the system has sent. An action returns the signals that it sends, or None.
    """

    SHORT = 5.0

    def __init__(self, clock: Clock, actions: Iterable[Callable[[], Any]], events: list[int]):
        self._clock, self._actions, self._events = clock, iter(actions), events
        self._rest, self.wakes = 0.0, 0

    def sleep(self, seconds: float) -> None:
        """Let this time pass before the next action."""
        self._rest = seconds

    def wait(self, seconds: float, readable: Sequence[int], *, is_writing: bool) -> WakeUp:
        self.wakes += 1
        ready = {1} if is_writing else {InlineWorker.PIPE}.intersection(readable)
        if ready:
            return WakeUp(b"", frozenset(ready), should_exit=False)
        signals = bytes(self._events)
        self._events.clear()
        if not signals and seconds > self.SHORT and not self._rest:
            action = next(self._actions, None)
            if action is None:
                return WakeUp(b"", frozenset(), should_exit=True)
            sent = action()
            signals = sent if isinstance(sent, bytes) else b""
        elif not signals:
            passed = min(seconds, self._rest) if self._rest else seconds
            self._rest -= min(passed, self._rest)
            self._clock.move(passed)
        return WakeUp(signals, frozenset(), should_exit=False)
