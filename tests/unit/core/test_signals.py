"""A signal that ends the program is handled after a cleanup."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import moonshot_status.__main__ as entry_point
from moonshot_status.core import signals

WAITS = f"""
import os, time
import {entry_point.__name__}
import {signals.__name__} as signals
with signals.cleanup_on_exit_signal(lambda: os.write(1, b"cleaned up")):
    os.write(1, b"ready\\n")
    time.sleep(30)
"""


@pytest.fixture
def default_signals() -> Iterator[None]:
    """SIGHUP and SIGINT are not ignored, even if the process that started pytest ignores them."""
    handlers = {signal.SIGHUP: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("default_signals")
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_what_was_started_is_cleaned_up_before_the_end(number: signal.Signals) -> None:
    process = subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    output, _ = process.communicate(timeout=20)
    assert (output, process.returncode) == ("cleaned up", -number)


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    ignored = {signal.SIGHUP, signal.SIGINT}
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ignored}
    process = subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.PIPE, text=True)
    for number, handler in before.items():
        signal.signal(number, handler)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    for number in (*ignored, signal.SIGTERM):
        process.send_signal(number)
    assert process.communicate(timeout=20)[0] == "cleaned up"
    assert process.returncode == -signal.SIGTERM


def test_afterwards_the_signals_mean_what_they_did() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with signals.cleanup_on_exit_signal(list):
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_another_thread_leaves_the_signals_alone() -> None:
    seen = []

    def look() -> None:
        with signals.cleanup_on_exit_signal(list):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]


def test_the_program_ends_by_the_very_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, int]] = []
    cleaned: list[bool] = []
    monkeypatch.setattr(os, "kill", lambda *to: sent.append(to))
    with signals.cleanup_on_exit_signal(lambda: cleaned.append(True)):
        signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert (cleaned, sent) == ([True], [(os.getpid(), signal.SIGTERM)])


def test_an_outer_block_is_cleaned_up_after_the_inner_one(monkeypatch: pytest.MonkeyPatch) -> None:
    cleaned: list[str] = []

    def send(_: int, number: int) -> None:
        if signal.getsignal(number) is not signal.SIG_DFL:
            signal.raise_signal(number)

    monkeypatch.setattr(os, "kill", send)
    with (
        signals.cleanup_on_exit_signal(lambda: cleaned.append("outer")),
        signals.cleanup_on_exit_signal(lambda: cleaned.append("inner")),
    ):
        signal.raise_signal(signal.SIGTERM)
    assert cleaned == ["inner", "outer"]


@pytest.mark.parametrize(
    ("before", "after"),
    [(signal.SIG_IGN, signal.SIG_IGN), (signal.default_int_handler, signal.SIG_DFL)],
)
def test_ctrl_c_is_the_systems_unless_it_is_ignored(before: Any, after: Any) -> None:
    own = signal.signal(signal.SIGINT, before)
    importlib.reload(entry_point)
    found = signal.signal(signal.SIGINT, own)
    assert found is after
