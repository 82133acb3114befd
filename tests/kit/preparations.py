"""What a forked run of the program can do to itself before the program begins."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import signal
import sqlite3
import sys
from typing import Any

from moonshot_status import reply_cache
from moonshot_status.notify import runner
from moonshot_status.store import database
from moonshot_status.store.database import Store


def kill_at_statement(number: int) -> None:
    """Kill the process at that SQL statement, counted from 1."""
    _send_at_statement(signal.SIGKILL, number)


def stop_at_statement(number: int) -> None:
    """Stop the process at that SQL statement, counted from 1."""
    _send_at_statement(signal.SIGSTOP, number)


def _send_at_statement(sent: signal.Signals, number: int) -> None:
    left, connect = number, sqlite3.connect

    def count(_: str) -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), sent)

    def traced(*arguments: Any, **more: Any) -> sqlite3.Connection:
        db = connect(*arguments, **more)
        db.set_trace_callback(count)
        return db

    sqlite3.connect = traced


def kill_at_notification() -> None:
    """Kill the process when it is about to start the notification command."""
    runner.start = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]


def wait_for_store(seconds: float) -> None:
    """Wait this long for the store while another process has locked it."""
    database.BUSY_SECONDS = seconds  # type: ignore[assignment]


def report_lock_requests(path: str) -> None:
    """Append one byte to the file each time the process is about to begin a request.

    No cached reply keeps it from that.
    """
    begin = Store.begin_request
    reply_cache.print_if_valid = lambda: None

    def begin_request(store: Store, *arguments: Any) -> Any:
        with open(path, "ab", buffering=0) as file:
            file.write(b"x")
        return begin(store, *arguments)

    Store.begin_request = begin_request  # type: ignore[method-assign]


def deny_locks() -> None:
    """Fail each ``flock`` as a file system without locks does."""

    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    fcntl.flock = flock


def limit_file_size(size: int) -> None:
    """Let no file grow beyond ``size`` bytes; Python ignores the signal that this sends."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def set_umask(umask: int) -> None:
    os.umask(umask)


def redirect(descriptor: int, file: str) -> None:
    """Close the descriptor of a standard stream, or redirect it to ``file`` if one is named."""
    if file:
        target = os.open(file, os.O_WRONLY)
        os.dup2(target, descriptor)
        os.close(target)
        return
    os.close(descriptor)
    # The interpreter itself does this when it starts without the descriptor.
    setattr(sys, ("stdin", "stdout", "stderr")[descriptor], None)
