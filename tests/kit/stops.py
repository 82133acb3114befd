"""Processes that are stopped, leases that end, and a disk that stops processes; for Linux."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from kit.watching import happens

_SECONDS = 60.0


def stop(process: int) -> None:
    """Stop a process, and wait until it is."""
    os.kill(process, signal.SIGSTOP)
    assert is_stopped_soon(process)


def go_on(process: int) -> None:
    """Let a stopped process go on; nothing happens if it has ended."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGCONT)


def is_stopped_soon(process: int) -> bool:
    """Wait until a process is stopped; return False if it ends first."""
    assert happens(lambda: state(process) in "TZ", _SECONDS)
    return state(process) == "T"


def state(process: int) -> str:
    """Return the state of a process as ``ps`` shows it, ``Z`` if there is none."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return "Z"
    return text.rpartition(")")[2].split()[0]


def lease_file(store: Path) -> Path:
    """Return the file of the only lease beside this store."""
    (file,) = (store.parent / "requests").glob("*.lease")
    return file


def move_lease(store: Path, begins: float, ends: float) -> None:
    """Let the lease have begun and end this many seconds from now, as if time had passed.

    Cached replies would have ended with it.
    """
    shutil.rmtree(store.parents[3] / ".cache" / "moonshot-status" / "replies", ignore_errors=True)
    times = (int((time.time() + seconds) * 1_000_000) for seconds in (begins, ends))
    with lease_file(store).open("r+b") as lease:
        lease.write(b"%d %d\n" % tuple(times))
        lease.truncate()


def slow_disk(folder: Path) -> Path:
    """Compile ``disk.c`` in the folder, and return the library for ``LD_PRELOAD``."""
    library = folder / "disk.so"
    source = Path(__file__).with_name("disk.c")
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, source, "-ldl"], check=True
    )
    return library
