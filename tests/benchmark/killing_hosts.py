"""Show what comes of hosts that kill their commands: requests, and what was shown how often.

``python tests/benchmark/killing_hosts.py [RUNS]`` prints the table, on Linux only. Each host runs
its command once a second, and kills its process group after some time. ``old`` says that the
output has the time of its balance, which is an hour old.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from kit import killing_host, orphans  # noqa: E402 - a script finds only its own folder

_AT_ONCE = 4


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    print(f"{'command':<9} {'server':<6} {'store':<6} {'killed':>7} {'requests':>8}  shown, stored")
    cells = list(
        product(
            killing_host.COMMANDS, killing_host.SERVERS, (False, True), killing_host.KILLED_AFTER
        )
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        orphans.adopted(),
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):

        def row(number: int) -> str:
            name, server, is_old, killed_after = cells[number]
            home = Path(folder) / str(number)
            home.mkdir()
            result = killing_host.run(
                home, name, server, is_old=is_old, killed_after=killed_after, runs=runs, interval=1
            )
            shown = Counter(map(killing_host.label, result.outputs))
            times = ", ".join(f"{count} x {text}" for text, count in shown.most_common())
            amounts = " ".join(f"${amount}" for amount in result.amounts) or "nothing"
            return (
                f"{name:<9} {server:<6} {'old' if is_old else 'empty':<6}"
                f" {killed_after * 1000:>4.0f} ms {len(result.requests):>8}  {times}; {amounts}"
            )

        for line in pool.map(row, range(len(cells))):
            print(line, flush=True)


if __name__ == "__main__":
    main()
