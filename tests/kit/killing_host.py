"""A host that runs the program again and again, and kills its process group after some time."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from kit import orphans, stored
from kit.held_server import HeldServer
from kit.support import KEY, PROGRAM

COMMANDS: dict[str, tuple[str, ...]] = {
    "waybar": (*PROGRAM, "--format", "waybar"),
    "json": (*PROGRAM, "--format", "json"),
    "pipeline": ("sh", "-c", f"{shlex.join(PROGRAM)} --format polybar | cat"),
}
SERVERS = ("good", "slow", "dead")
KILLED_AFTER = (0.05, 0.3, 2.0)
SLOW_SECONDS, AGE = 3.0, timedelta(hours=1)


@dataclass
class Result:
    """What came of it: the outputs of the runs, and the amounts stored in the end.

    ``requests`` are the times at which requests arrived, before the server was made to respond, and
    ``seconds`` how long the host ran.
    """

    outputs: list[str] = field(default_factory=list)
    requests: list[float] = field(default_factory=list)
    amounts: list[str] = field(default_factory=list)
    seconds: float = 0.0
    as_of: str = ""


def run(
    home: Path, name: str, server_name: str, *, is_old: bool, killed_after: float, runs: int,
    interval: float = 0.0,
) -> Result:  # fmt: skip
    """Run a command that many times, each ``interval`` seconds after the other or right away.

    With ``is_old``, $11.00 is stored, and was read an hour ago.
    """
    result = Result()
    with _server() as server:
        environment = {
            "HOME": str(home), "PATH": os.environ["PATH"], "TZ": "UTC",
            "MOONSHOT_API_KEY": KEY, "MOONSHOT_BASE_URL": server.base_url,
        }  # fmt: skip
        file = stored.store_file(home)
        if is_old:
            subprocess.run(PROGRAM, env=environment, check=True, stdout=subprocess.DEVNULL)
            stored.pass_time(file, int(AGE.total_seconds()))
            result.as_of = f"as of {datetime.now(timezone.utc) - AGE:%H:}"
        server.times.clear()
        server.delay = SLOW_SECONDS if server_name == "slow" else 0
        if server_name == "dead":
            server.released.clear()
        began = time.monotonic()
        for _ in range(runs):
            started = time.monotonic()
            result.outputs.append(_run_and_kill(COMMANDS[name], environment, killed_after))
            time.sleep(max(0.0, started + interval - time.monotonic()))
        result.seconds = time.monotonic() - began
        result.requests = list(server.times)
        server.released.set()
        orphans.wait_for_all()
        if file.exists():
            with suppress(Exception):
                result.amounts = stored.amounts(file)
    return result


def _run_and_kill(command: Sequence[str], environment: dict[str, str], killed_after: float) -> str:
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        process.wait(killed_after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    return process.communicate()[0].decode()


@contextmanager
def _server() -> Iterator[HeldServer]:
    server = HeldServer()
    try:
        yield server
    finally:
        server.released.set()
        server.stop()


def label(output: str) -> str:
    """Return what an output shows: the amount, with ``old`` if its time is beside it, or the rest.

    A cut-off output is empty.
    """
    amount = re.search(r'\$\d+\.\d\d|"available": \d+', output)
    if not output.endswith("\n") or not output.strip():
        return "nothing"
    if amount is None:
        return "no balance"
    digits = re.sub(r"\D*(\d+)(\.\d\d)?", r"$\1", amount.group())
    is_old = "as of " in output.partition("tooltip")[0] or '"stale": true' in output
    return f"{digits} old" if is_old else digits
