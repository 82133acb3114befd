"""Run pairs of commands in turn and tell what each cost; run with ``python -I -S``.

A child's peak memory cannot read below that of its parent, so the parent imports next to nothing.
Reads lines of "runs, then two commands" from standard input, all separated by NUL characters, and
writes for each run the processor seconds and peak kilobytes of both commands.
"""

import os
import sys


def run(command: list[str], environment: dict[str, str]) -> tuple[float, int]:
    null = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
    process = os.posix_spawn(command[0], command, environment, file_actions=null)
    _, _, used = os.wait4(process, 0)
    return used.ru_utime + used.ru_stime, used.ru_maxrss


def main() -> None:
    environment = dict(os.environ)
    for line in sys.stdin:
        runs, ours, theirs = line.rstrip("\n").split("\0\0")
        commands = [ours.split("\0"), theirs.split("\0")]
        for number in range(int(runs) + 2):
            costs = [run(command, environment) for command in commands]
            if number >= 2:  # The first ones fill the caches of the system.
                print(*(figure for cost in costs for figure in cost))
        print("end", flush=True)


main()
