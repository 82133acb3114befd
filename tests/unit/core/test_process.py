"""A command with a deadline, and the end of its process group."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from kit.support import ends_within, written_number

from moonshot_status.core import process


def test_the_status_and_the_output_are_returned() -> None:
    assert process.run(["sh", "-c", "echo out; echo err >&2; exit 3"], 60) == (3, b"out\n")
    assert process.run(["sh", "-c", "echo out"], 60, capture=False) == (0, b"")


def test_the_output_is_limited() -> None:
    finished = process.run(["sh", "-c", "head -c 100000 /dev/zero || true"], 60)
    assert 1 << 16 <= len(finished.output) < (1 << 16) + 4096


def test_a_command_that_cannot_be_started_raises() -> None:
    with pytest.raises(OSError, match="nowhere"):
        process.run(["/nowhere/at/all"], 60)


def test_the_group_is_killed_when_its_time_is_up(tmp_path: Path) -> None:
    child = tmp_path / "child"
    script = f"sleep 600 & echo $! > '{child}'; wait"
    with pytest.raises(subprocess.TimeoutExpired):
        process.run(["sh", "-c", script], 2)
    assert ends_within(60, written_number(child))


def test_the_whole_group_is_waited_for(tmp_path: Path) -> None:
    process.run(["sh", "-c", f"(sleep 0.3; touch '{tmp_path}/done') &"], 60, whole_group=True)
    assert (tmp_path / "done").exists()


def test_a_signal_that_ends_the_program_kills_the_group_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *arguments: sent.append(arguments))
    default = signal.getsignal(signal.SIGTERM)

    def end_the_program() -> None:
        while signal.getsignal(signal.SIGTERM) == default:
            time.sleep(0.01)
        signal.raise_signal(signal.SIGTERM)

    threading.Thread(target=end_the_program).start()
    finished = process.run(["sleep", "600"], 120)
    assert finished.status == -signal.SIGKILL
    assert sent == [(os.getpid(), signal.SIGTERM)]
