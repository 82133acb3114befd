"""Clicks that a bar writes on standard input."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from kit.support import ends_within

from moonshot_status import formats
from moonshot_status.watch.clicks import ClickReader


def test_clicks_arrive_in_pieces_and_end(tmp_path: Path) -> None:
    refreshed: list[bool] = []
    reading, writing = os.pipe()
    button = formats.click_parser("i3blocks")
    assert button
    program = (str(tmp_path / "missing"),)
    clicks = ClickReader(button, program, lambda: refreshed.append(True), reading)
    for piece in (b"3", b"\n3\n1\n\xff\n", b'{"button"', b": 3}\n"):
        os.write(writing, piece)
        clicks.read()
    assert len(refreshed) == 3
    assert clicks.is_open
    os.close(writing)
    clicks.read()
    assert not clicks.is_open
    os.close(reading)
    clicks.read()
    assert not clicks.is_open


def test_a_subcommand_is_not_started_while_it_is_running(
    pipe: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, spawn = tmp_path / "program", os.posix_spawn
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o700)
    started: list[tuple[str, int]] = []

    def record(path: str, command: list[str], *arguments: Any, **more: Any) -> int:
        process = spawn(path, command, *arguments, **more)
        started.append((command[-1], process))
        return process

    monkeypatch.setattr(os, "posix_spawn", record)
    clicks = ClickReader(int, (str(program),), lambda: None, pipe[0])

    def click(lines: bytes) -> list[str]:
        os.write(pipe[1], lines)
        clicks.read()
        clicks.reap()
        return [subcommand for subcommand, _ in started]

    assert click(b"1\n1\n1\n") == ["open"]
    assert click(b"1\n2\n") == ["open", "hide"]
    os.killpg(started[0][1], signal.SIGKILL)
    assert ends_within(60, started[0][1])
    clicks.reap()
    assert click(b"1\n2\n") == ["open", "hide", "open"]
    for _, process in started[1:]:
        os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
