"""Show what many processes at once do: requests, time, processor time, and what they show.

``python tests/benchmark/load.py [PROCESSES]`` prints it, on Linux only, for an empty store and for
a balance that is an hour old, on the usual disk and on one that takes 3 s for each ``fsync``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from kit import killing_host, orphans, stops, stored  # noqa: E402 - as in killing_hosts.py
from kit.held_server import HeldServer  # noqa: E402
from kit.support import KEY, PROGRAM  # noqa: E402

SYNC_SECONDS = 3


def crowd(environment: dict[str, str], size: int) -> tuple[float, float, Counter[str]]:
    """Return the seconds of all, the processor seconds of one at most, and what they show."""
    began, most = time.monotonic(), 0.0
    with tempfile.TemporaryFile() as output:
        processes = [
            subprocess.Popen(
                [*PROGRAM, "--format", "polybar"], env=environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.DEVNULL,
            )
            for _ in range(size)
        ]  # fmt: skip
        for process in processes:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            most = max(most, used.ru_utime + used.ru_stime)
        seconds = time.monotonic() - began
        output.seek(0)
        lines = output.read().decode().splitlines(keepends=True)
    shown = Counter(line.strip() if "—" in line else killing_host.label(line) for line in lines)
    shown["another exit status"] = sum(process.returncode != 0 for process in processes)
    return seconds, most, +shown


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    print(f"{size} processes\n{'disk':<6} {'store':<6} {'requests':>8} {'seconds':>8} {'cpu':>6}"
          "  shown, stored")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, orphans.adopted():
        library = stops.slow_disk(Path(folder))
        for disk in ("usual", "slow"):
            server, home = HeldServer(), Path(folder) / disk
            home.mkdir()
            server.delay = 1.0
            environment = {
                "HOME": str(home), "PATH": os.environ["PATH"], "TZ": "UTC",
                "MOONSHOT_API_KEY": KEY, "MOONSHOT_BASE_URL": server.base_url,
            }  # fmt: skip
            if disk == "slow":
                environment |= {"LD_PRELOAD": str(library), "SYNC_SECONDS": str(SYNC_SECONDS)}
            file = stored.store_file(home)
            for store in ("empty", "old"):
                if store == "old":
                    stored.pass_time(file, 3600)
                server.requests.clear()
                server.first_amount = 11 if store == "empty" else 12
                seconds, most, shown = crowd(environment, size)
                orphans.wait_for_all(120)
                times = ", ".join(f"{count} x {text}" for text, count in shown.most_common())
                print(f"{disk:<6} {store:<6} {len(server.requests):>8} {seconds:>8.1f} {most:>6.2f}"
                      f"  {times}; {' '.join(stored.amounts(file))}", flush=True)  # fmt: skip
            server.stop()


if __name__ == "__main__":
    main()
