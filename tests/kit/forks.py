"""Runs of the program that are forked from a process which has already imported it.

Starting the interpreter and importing the program is nine tenths of the time of a run. A forked
run is still a process of its own: it has its own descriptors, limits and signals, it can be
killed, and it ends as the program ends.
"""

from __future__ import annotations

import gc
import io
import json
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import moonshot_status.__main__ as entry_point
from kit import preparations
from kit.support import PROGRAM, WARNINGS, assert_no_warnings
from moonshot_status import formats
from moonshot_status.api import client
from moonshot_status.api.response import HttpResponse, parse_balance
from moonshot_status.cli import main, options, output
from moonshot_status.notify import dispatch, payload, runner
from moonshot_status.polling import demo, reply

_PRELOADED = (main, options, output, client, reply, dispatch, payload, runner)
_SECONDS = 120
_CRASHED = 70


class Done(subprocess.CompletedProcess[bytes]):
    """The status and output of a run, and the processor time that it has used, in seconds."""

    processor_seconds = 0.0


class Forks:
    """Starts runs of the program and collects them; its methods are for one thread."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, *PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(__file__).parents[1]),
                "PYTHONWARNINGS": WARNINGS,
            },
        )
        self._running: set[int] = set()

    def start(self, *arguments: str, prepare: Sequence[partial[None]] = ()) -> int:
        """Start the program in the present environment and folder, and return its process number.

        ``prepare`` holds calls of functions of ``preparations``, made before the program begins.
        """
        calls = [[call.func.__name__, *call.args] for call in prepare]
        number = self._ask(
            {
                "arguments": arguments,
                "environment": dict(os.environ),
                "folder": str(Path.cwd()),
                "calls": calls,
            }
        )
        self._running.add(number)
        return int(number)

    def wait(self, number: int) -> Done:
        """Wait until the run has ended and return its status, its output and what it has used."""
        status, seconds, *output = self._ask({"wait": number})
        self._running.remove(number)
        stdout, stderr = (text.encode("latin-1") for text in output)
        assert_no_warnings(stderr)
        done = Done([], status, stdout, stderr)
        done.processor_seconds = seconds
        return done

    def run(self, *arguments: str, prepare: Sequence[partial[None]] = ()) -> Any:
        """Start the program and wait until it has ended."""
        return self.wait(self.start(*arguments, prepare=prepare))

    def crowd(
        self, size: int, *arguments: str, prepare: Sequence[partial[None]] = ()
    ) -> list[Done]:
        """Start ``size`` runs at the same time and wait until all have ended."""
        started = [self.start(*arguments, prepare=prepare) for _ in range(size)]
        return [self.wait(number) for number in started]

    def stop(self) -> None:
        """End what is still running."""
        for number in self._running:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        self._process.kill()
        self._process.communicate()

    def _ask(self, request: dict[str, Any]) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], _SECONDS)[0]:
            self.stop()
            raise TimeoutError("a run of the program does not end")
        return json.loads(self._process.stdout.readline())


@contextmanager
def forks() -> Iterator[Forks]:
    """Provide the process from which runs are forked inside the block."""
    server = Forks()
    try:
        yield server
    finally:
        server.stop()


def _serve() -> None:
    """Fork and collect runs as standard input asks."""
    for name in formats.names():
        formats.renderer(name)
    parse_balance(HttpResponse(200, {}, demo.balance("1", "1", "0").body))
    gc.freeze()  # Else the first collection in each run would copy all of this process's memory.
    pipes: dict[int, list[int]] = {}
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            answer: Any = _collect(request["wait"], pipes.pop(request["wait"]))
        else:
            (output, stdout), (errors, stderr) = os.pipe(), os.pipe()
            answer = os.fork()
            if not answer:
                _become(request, stdout, stderr)
            for descriptor in (stdout, stderr):
                os.close(descriptor)
            pipes[answer] = [output, errors]
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _collect(number: int, pipes: list[int]) -> list[Any]:
    """Return the exit status, negative for a signal, processor seconds, and each pipe's text."""
    _, status, used = os.wait4(number, 0)
    texts = []
    for pipe in pipes:
        os.set_blocking(pipe, False)  # What the run has started may still hold the other end.
        with open(pipe, "rb") as file:
            texts.append((file.read() or b"").decode("latin-1"))
    return [os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, *texts]


def _become(request: dict[str, Any], stdout: int, stderr: int) -> NoReturn:
    """Run the program in this process and end it."""
    try:
        os.environ.clear()
        os.environ.update(request["environment"])
        time.tzset()
        os.chdir(request["folder"])
        for descriptor, stream in ((stdout, 1), (stderr, 2), (os.open(os.devnull, os.O_RDONLY), 0)):
            os.dup2(descriptor, stream)
            os.close(descriptor)
        sys.stdin = io.TextIOWrapper(io.BytesIO())
        sys.argv = [*PROGRAM, *request["arguments"]]
        for name, *arguments in request["calls"]:
            getattr(preparations, name)(*arguments)
        entry_point.run()
    except BaseException:  # noqa: BLE001 - nothing may go on in a copy of this process
        traceback.print_exc()
    os._exit(_CRASHED)


if __name__ == "__main__":
    _serve()
