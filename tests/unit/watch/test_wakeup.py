"""What wakes the process."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from moonshot_status.watch.wakeup import TIMED_OUT, EventWaiter


@pytest.fixture(autouse=True)
def _restore_signals() -> Iterator[None]:
    numbers = (signal.SIGUSR1, signal.SIGCHLD, signal.SIGIO)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("has_pidfd", [True, False])
def test_a_wait_returns_what_ended_it(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch, has_pidfd: bool
) -> None:
    if not has_pidfd:
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    reading, output = os.pipe()
    waiter = EventWaiter(output)
    assert waiter.wait(0.01, [pipe[0]], is_writing=False) == TIMED_OUT
    os.write(pipe[1], b"x")
    signal.raise_signal(signal.SIGUSR1)
    wake_up = waiter.wait(60, [pipe[0]], is_writing=True)
    assert {pipe[0], output} <= wake_up.ready
    assert (wake_up.signals, wake_up.should_exit) == (bytes([signal.SIGUSR1]), False)
    assert waiter.wait(60, [pipe[0]], is_writing=False).ready == {pipe[0]}
    with monkeypatch.context() as patch:
        patch.setattr(os, "getppid", lambda: 1)
        assert waiter.wait(60, [pipe[0]], is_writing=False).should_exit
    os.close(reading)
    assert waiter.wait(60, [], is_writing=False).should_exit
    os.close(output)
