"""Measure what an hour of ``watch`` costs, beside an hour of polls.

``python tests/benchmark/watch.py [SECONDS]`` prints it, on Linux only. Both run at the same time
with default settings, each in its own home; the polls once a minute, as the bars' snippets do.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmark import Bench

MINUTE = 60


def processor(process: int) -> tuple[float, float]:
    """Return the milliseconds of the process, and those of its children that have ended."""
    own = int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e6
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return own, 10.0 * (int(words[13]) + int(words[14]))


def memory(process: int, name: str) -> float:
    """Return a figure of the process's status in megabytes."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0]) / 1000


def spent_on_children() -> float:
    """Return the milliseconds of all children of this process that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (used.ru_utime + used.ru_stime)


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 3600
    with tempfile.TemporaryDirectory() as folder:
        for name in ("polls", "watch"):
            (Path(folder) / name).mkdir()
        polls, watch = (Bench(Path(folder) / name, 1) for name in ("polls", "watch"))
        watching = subprocess.Popen(
            [watch.program, "watch", "--format", "waybar"],
            env=watch.environment, stdout=subprocess.PIPE,
        )  # fmt: skip
        time.sleep(5)
        started, until = processor(watching.pid), time.monotonic() + seconds
        before, count = spent_on_children(), 0
        while time.monotonic() < until:
            polls.once("--format", "waybar")
            count += 1
            time.sleep(min(MINUTE, max(0, until - time.monotonic())))
        polled = spent_on_children() - before
        own, children = (x - y for x, y in zip(processor(watching.pid), started, strict=True))
        resident, peak = (memory(watching.pid, name) for name in ("VmRSS", "VmHWM"))
        watching.terminate()
        lines = watching.communicate()[0].count(b"\n")
        print(f"{seconds} seconds")
        print(f"watch itself:        {own:7.1f} ms, {resident:.1f} MB (at most {peak:.1f})")
        print(f"watch, its children: {children:7.1f} ms, {len(watch.server.requests)} requests,"
              f" {lines} lines")  # fmt: skip
        print(f"polls:               {polled:7.1f} ms, {len(polls.server.requests)} requests,"
              f" {count} polls")  # fmt: skip


if __name__ == "__main__":
    main()
