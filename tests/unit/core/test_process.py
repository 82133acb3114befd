"""A command with a deadline, and the end of its process group."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from kit.support import ends_within, written_number
from kit.watching import happens

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


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the working folder, in which PATH does not look."""
    path = tmp_path / "home" / "bin" / "tool"
    path.parent.mkdir()
    path.write_text('#!/bin/sh\necho "$0"\n', encoding="utf-8")
    path.chmod(0o700)
    monkeypatch.chdir(path.parent)
    return path


@pytest.mark.parametrize("program", ["{}", "~/bin/tool"])
def test_a_program_may_be_a_full_path_or_in_the_home_folder(tool: Path, program: str) -> None:
    written = program.format(tool)
    assert process.find_program(written) == str(tool)
    assert process.run([written], 60) == (0, f"{tool}\n".encode())


def test_a_name_is_found_in_the_folders_of_path(
    tool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"/nowhere:{tool.parent}")
    assert process.find_program("tool") == str(tool)


@pytest.mark.parametrize(
    "program", ["./tool", "bin/tool", "../bin/tool", "~x/tool", "tool", "", "."]
)
@pytest.mark.parametrize("path", ["", ":/usr/bin", "/usr/bin:", ".", "bin:../bin", "~/bin", None])
def test_no_program_of_the_working_folder_is_run(
    tool: Path, monkeypatch: pytest.MonkeyPatch, program: str, path: str | None
) -> None:
    if path is None:
        monkeypatch.delenv("PATH")
    else:
        monkeypatch.setenv("PATH", path)
    with pytest.raises(FileNotFoundError):
        process.run([program], 60)


def test_the_group_is_killed_when_its_time_is_up(tmp_path: Path) -> None:
    child = tmp_path / "child"
    script = f"sleep 600 & echo $! > '{child}'; wait"
    with pytest.raises(subprocess.TimeoutExpired):
        process.run(["sh", "-c", script], 2)
    assert ends_within(60, written_number(child))


def test_a_killed_command_that_ends_late_is_still_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers = []
    monkeypatch.setattr(process, "_kill_group", lambda killed: numbers.append(killed.pid))
    monkeypatch.setattr(process, "_WAIT_AFTER_KILL_SECONDS", 0)
    with pytest.raises(subprocess.TimeoutExpired):
        process.run(["sleep", "600"], 0.1, capture=False)
    gc.collect()  # Popen warns if nobody waits for the command.
    os.kill(numbers[0], signal.SIGKILL)
    assert happens(lambda: not Path(f"/proc/{numbers[0]}").exists())


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
