"""Where a test session keeps its files, and what it counts in all of its workers."""

from __future__ import annotations

import os
import sys
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest

_PROGRAM = "moonshot-status"
_MODULE = "moonshot_status"
_MEMORY = "/dev/shm"
_ENOUGH_BYTES = 1 << 30
_counts: Counter[str] = Counter()


def keep_files_in_memory() -> None:
    """Have pytest create its temporary folders in memory, if programs can be run from there.

    SQLite waits for the disk at each commit. A folder that the user has chosen is left as it is.
    """
    if os.environ.keys() & {"TMPDIR", "PYTEST_DEBUG_TEMPROOT"}:
        return
    with suppress(OSError):
        memory = os.statvfs(_MEMORY)
        is_enough = memory.f_bavail * memory.f_frsize > _ENOUGH_BYTES
        if is_enough and not memory.f_flag & os.ST_NOEXEC and os.access(_MEMORY, os.W_OK):
            os.environ["PYTEST_DEBUG_TEMPROOT"] = _MEMORY


def count_program_starts() -> None:
    """Count each start of the program by a test from now on."""

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen" and any(_is_program(word) for word in _words(arguments)):
            _counts["starts"] += 1

    sys.addaudithook(audit)


def _words(arguments: tuple[Any, ...]) -> list[str]:
    command = arguments[1]
    return [command] if isinstance(command, str) else [str(word) for word in command]


def _is_program(word: str) -> bool:
    return word.rpartition("/")[2] == _PROGRAM or word == _MODULE or f"{_PROGRAM} " in word


class SessionReport:
    """A plugin that adds up the counts of all workers and prints them."""

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        slow = [item for item in items if item.get_closest_marker("slow")]
        _counts["left out"] += len(slow)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["counts"] = dict(_counts)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        counts = getattr(node, "workeroutput", {}).get("counts", {})
        _counts["starts"] += counts.get("starts", 0)
        # Each worker collects all tests.
        _counts["left out"] = max(_counts["left out"], counts.get("left out", 0))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.write_line(f"program starts: {_counts['starts']}")
        if _counts["left out"]:
            terminalreporter.write_line(
                f"{_counts['left out']} slow tests were left out; run them with: pytest -m slow"
            )
