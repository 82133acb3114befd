"""Measure what each kind of run costs, beside the least that it could cost.

``python tests/benchmark/benchmark.py [PAIRS]`` prints the table. It installs the wheel into its own
environment and runs the program and a yardstick in turn, so that a machine that slows down slows
both. The ratio is the median over all pairs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from moonshot_status import formats
from moonshot_status.polling import demo

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from kit import stored  # noqa: E402 - a script finds only its own folder

REPOSITORY = HERE.parent.parent
KEY = "sk-benchmark0123"
Command = Sequence[str | Path]
GOOD = demo.balance("49.58894", "46.58893", "3.00001")


@dataclass(frozen=True)
class Cost:
    """Medians over the pairs: processor milliseconds of both, and the ratios of time and memory."""

    ours: float
    theirs: float
    processor: float
    memory: float


class Bench:
    """An environment with the wheel installed, an empty home, and a server on loopback."""

    def __init__(self, folder: Path, pairs: int) -> None:
        self.pairs = pairs
        self.server = demo.Server(GOOD, (KEY,))
        self.python = folder / "environment" / "bin" / "python"
        self.program = self.python.with_name("moonshot-status")
        self.home = folder / "home"
        self.home.mkdir()
        venv.create(folder / "environment", with_pip=True)
        wheel = folder / "wheel"
        self._pip("wheel", "--no-deps", "--wheel-dir", wheel, REPOSITORY)
        (self.wheel,) = wheel.glob("*.whl")
        self._pip("install", self.wheel)

    def compare(self, ours: Command, theirs: Command) -> Cost:
        """Run both commands in turn and return what they cost."""
        line = "\0\0".join([str(self.pairs), *("\0".join(map(str, c)) for c in (ours, theirs))])
        output = subprocess.run(
            [self.python, "-I", "-S", HERE / "launcher.py"],
            input=f"{line}\n", capture_output=True, text=True, check=True, env=self.environment,
        ).stdout.splitlines()  # fmt: skip
        rows = [tuple(map(float, row.split())) for row in output[:-1]]
        return Cost(
            1000 * median(row[0] for row in rows),
            1000 * median(row[2] for row in rows),
            median(row[0] / row[2] for row in rows),
            median(row[1] / row[3] for row in rows),
        )

    def once(self, *arguments: str) -> None:
        subprocess.run(
            [self.program, *arguments], env=self.environment, check=True, stdout=subprocess.DEVNULL
        )

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "MOONSHOT_API_KEY": KEY,
            "MOONSHOT_BASE_URL": self.server.base_url,
        }

    def _pip(self, *arguments: str | Path) -> None:
        subprocess.run([self.python, "-m", "pip", "--quiet", *arguments], check=True)


def row(name: str, cost: Cost, limit: str) -> None:
    print(
        f"{name:<34} {cost.ours:7.1f} {cost.theirs:7.1f} {cost.processor:7.2f} {cost.memory:7.2f}"
        f"   {limit}",
        flush=True,
    )


def polls(bench: Bench) -> None:
    bare: Command = [bench.python, "-c", "pass"]
    for name in formats.names():
        ours: Command = [bench.program, "--max-age", "100000", "--format", name]
        row(f"cached reply, {name}", bench.compare(ours, bare), "1.6, memory 1.15")


def requests(bench: Bench) -> None:
    schema = REPOSITORY / "moonshot_status" / "schemas" / "balance.schema.json"
    url = f"{bench.server.base_url}/v1/users/me/balance"
    shortest: Command = [bench.python, HERE / "shortest_fetch.py", url, schema]
    ours: Command = [bench.program, "--refresh", "--format", "waybar"]
    row("a request", bench.compare(ours, shortest), "1.2")


def command_line(bench: Bench) -> None:
    for name in ("--help", "--nonsense"):
        idle: Command = [bench.python, HERE / "idle_click.py", name]
        row(name, bench.compare([bench.program, name], idle), "1.3")


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), pairs)
        print(f"{'median of ' + str(pairs) + ' pairs':<34} {'ms':>7} {'against':>7} "
              f"{'ratio':>7} {'memory':>7}   at most")  # fmt: skip
        bench.once("--refresh")
        store = stored.store_file(bench.home)
        stored.insert_older_readings(store, 10)
        polls(bench)
        requests(bench)
        command_line(bench)
        stored.insert_older_readings(store, 1_000_000)
        print("with 1,000,000 readings")
        polls(bench)
        requests(bench)
        print(f"the wheel: {bench.wheel.stat().st_size / 1000:.0f} kB")
        bench.server.stop()


if __name__ == "__main__":
    main()
