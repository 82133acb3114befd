"""The loop of ``watch``: wait for an event, poll if one is due, print updates."""

from __future__ import annotations

import sys
from collections.abc import Callable

from moonshot_status import formats
from moonshot_status.config.settings import BY_NAME
from moonshot_status.core import signals
from moonshot_status.formats import Reply
from moonshot_status.polling.reply import Request
from moonshot_status.watch.clicks import ClickReader
from moonshot_status.watch.output import OutputWriter
from moonshot_status.watch.poll_once import poll_once
from moonshot_status.watch.scheduler import RefreshRequest, Scheduler
from moonshot_status.watch.upgrade import Program
from moonshot_status.watch.wakeup import EventWaiter
from moonshot_status.watch.worker import OUTDATED, Worker

_INPUT, _OUTPUT = 0, 1
# A poll may take this much longer than three timeouts: key command, busy store, slow disk.
_POLL_MARGIN_SECONDS = 120.0


def watch(request: Request, update: Callable[[Reply], str]) -> int:
    """Print an update whenever the reply changes, until the reader or the parent process is gone.

    ``update`` turns a reply into an update of the stream. Returns the exit status. Raises
    UnknownAccountError as ``Scheduler.step`` does.
    """
    waiter, output, program = EventWaiter(_OUTPUT), OutputWriter(_OUTPUT), Program()
    timeout = request.options.flags.get("timeout", BY_NAME["timeout"].default)

    def start(refresh: RefreshRequest) -> Worker:
        return Worker(
            lambda: OUTDATED if program.is_outdated() else poll_once(request, update, refresh)
        )

    scheduler = Scheduler(
        start, output.show, _POLL_MARGIN_SECONDS + 3 * timeout, lambda: _restart(program, output),
        refresh=request.options.refresh,
    )  # fmt: skip
    button = formats.click_parser(request.format) if sys.stdin else None
    clicks = button and ClickReader(button, request.program, scheduler.refresh, _INPUT)
    with signals.cleanup_on_exit_signal(scheduler.end):
        try:
            _run(scheduler, waiter, output, clicks)
        except OSError as error:
            return 0 if isinstance(error, BrokenPipeError) else 1
        finally:
            scheduler.end()
    return 0


def _restart(program: Program, output: OutputWriter) -> None:
    """Become the new program, unless a line is unfinished."""
    if not output.is_waiting:
        program.restart()


def _run(
    scheduler: Scheduler, waiter: EventWaiter, output: OutputWriter, clicks: ClickReader | None
) -> None:
    """Return when there is a reason to exit. Raises OSError if the output cannot be written."""
    delay = 0.0
    while True:
        readable = [scheduler.worker.pipe] if scheduler.worker else []
        if clicks and clicks.is_open:
            readable.append(_INPUT)
        wake_up = waiter.wait(delay, readable, is_writing=output.is_waiting)
        if wake_up.should_exit:
            return
        if _OUTPUT in wake_up.ready:
            output.write()
        if clicks and wake_up.ready:
            if _INPUT in wake_up.ready:
                clicks.read()
            clicks.reap()
        delay = scheduler.step(wake_up.signals)
