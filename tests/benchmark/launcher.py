"""Run pairs of commands in turn and print what each costs; to be run with ``python -I -S``.

The peak memory of a child is never measured as less than its parent's, so this script imports next
to nothing. Each line of standard input is a number of runs and two commands, with NUL characters
between words and two of them between commands. For each run, one line with the processor seconds
and peak kilobytes of both commands is printed.
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
            if number >= 2:  # The first two fill the system's file cache.
                print(*(figure for cost in costs for figure in cost))
        print("end", flush=True)


main()
