"""Make a reply in a process of its own, which goes on when the bar cannot wait for it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple

from moonshot_status.core import child
from moonshot_status.formats import Reply

WAIT_FOR_EVER = 3600.0
"""A ``--wait`` that is never shorter than the timeout, so that the request is not handed over."""
_READ_SIZE = 65536
# System libraries that look up the proxies of macOS crash in a fork.
CAN_FORK = sys.platform != "darwin"


def reply_within(seconds: float, make: Callable[[], Reply]) -> Reply | None:
    """Return the reply that a new process makes, or None if it takes longer and goes on alone.

    The process survives the signals that a bar sends to its commands. If none can be started,
    this one makes the reply.
    """
    try:
        return _by_fork(seconds, make) if CAN_FORK else _by_exec(seconds)
    except OSError:
        return make()


def _by_fork(seconds: float, make: Callable[[], Reply]) -> Reply | None:
    process, pipe = child.start(lambda: astuple(make()), outlives=True)
    try:
        output = _read(pipe, time.monotonic() + seconds)
    finally:
        os.close(pipe)
        with suppress(ChildProcessError):
            os.waitpid(process, os.WNOHANG)
    found = child.result(output)
    return Reply(*found) if found else None


def _read(pipe: int, until: float) -> bytes:
    """Return what comes out of the pipe up to its end, or nothing if that takes longer."""
    output = b""
    while select.select([pipe], [], [], max(0.0, until - time.monotonic()))[0]:
        piece = os.read(pipe, _READ_SIZE)
        if not piece:
            return output
        output += piece
    return b""


def _by_exec(seconds: float) -> Reply | None:
    """Run the command line of this process again, as one that waits for its request."""
    process = subprocess.Popen(
        [sys.executable, *sys.orig_argv[1:], "--wait", str(WAIT_FOR_EVER)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    return Reply(output.decode("utf-8", "replace"), process.returncode) if output else None
