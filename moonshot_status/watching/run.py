"""The loop that ties it together."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from moonshot_status import answering, formats, signals
from moonshot_status.formats import Reply
from moonshot_status.settings import DEFAULT_TIMEOUT
from moonshot_status.watching.clicks import Clicks
from moonshot_status.watching.look import look
from moonshot_status.watching.outlet import Outlet
from moonshot_status.watching.senses import Senses
from moonshot_status.watching.watch import Watch, Wish
from moonshot_status.watching.worker import Worker

_OUTPUT, _INPUT = 1, 0
# Seconds that a look may take beside three timeouts, for a key command, a busy store, a slow disk.
_MARGIN = 120.0


def watch(chosen: dict[str, Any], update: Callable[[Reply], str]) -> int:
    """Print an update whenever there is something new; returns the exit status at the end.

    Raises UnknownAccountError if that is so from the first.
    """
    senses, outlet = Senses(_OUTPUT), Outlet(_OUTPUT)
    limit = _MARGIN + 3 * (chosen["timeout"] or DEFAULT_TIMEOUT)

    def start(wish: Wish) -> Worker:
        return Worker(lambda: look(chosen, update, wish))

    watch = Watch(start, outlet.show, limit, refresh=chosen["refresh"])
    button = formats.clicks(chosen["format"]) if sys.stdin else None
    clicks = button and Clicks(button, answering.this_program(chosen), watch.refresh, _INPUT)
    with signals.before_the_end(watch.end):
        try:
            _go_on(watch, senses, outlet, clicks)
        except OSError as error:
            return 0 if isinstance(error, BrokenPipeError) else 1
        finally:
            watch.end()
    return 0


def _go_on(watch: Watch, senses: Senses, outlet: Outlet, clicks: Clicks | None) -> None:
    """Until nobody is there any more. Raises OSError if the output cannot be written."""
    pause = 0.0
    while True:
        readable = [watch.worker.pipe] if watch.worker else []
        if clicks and clicks.is_open:
            readable.append(_INPUT)
        woken = senses.rest(pause, readable, is_writing=outlet.is_waiting)
        if woken.is_alone:
            return
        if _OUTPUT in woken.ready:
            outlet.write()
        if clicks and woken.ready:
            if _INPUT in woken.ready:
                clicks.hear()
            clicks.reap()
        pause = watch.turn(woken.signals)
