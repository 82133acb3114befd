"""One look, in a process of its own: what there is to print, and for how long."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from moonshot_status import answering, formats, inputs, status
from moonshot_status.account import Account
from moonshot_status.errors import Kind, Problem
from moonshot_status.formats import Reply
from moonshot_status.settings import UnknownAccountError
from moonshot_status.text import one_line
from moonshot_status.view import view_of
from moonshot_status.watching import changes
from moonshot_status.watching.watch import Wish
from moonshot_status.watching.worker import Found

# Seconds: a file that was just written may be written again without a new time.
_SETTLING = 0.05


def look(chosen: dict[str, Any], update: Callable[[Reply], str], wish: Wish) -> Found:
    """What the program says to these choices now, and the files as they were when it said so."""
    time.tzset()  # The time zone may be another one by now.
    since = datetime.fromtimestamp(wish.since, timezone.utc)
    chosen = {**chosen, "refresh": wish.refresh, "wanted_at": since}
    paths = inputs.paths(chosen["config"])
    before = changes.states(paths)
    reply, fault = _reply(chosen)
    if changes.states(paths) != before:
        # It was asked, or something else has changed: this time all comes from the store.
        time.sleep(_SETTLING)
        before = changes.states(paths)
        reply, fault = _reply({**chosen, "refresh": False})
    return Found(update(reply).encode("utf-8", "replace"), reply.until, before, fault)


def _reply(chosen: dict[str, Any]) -> tuple[Reply, str]:
    """The reply, and what is wrong with the command line."""
    try:
        return answering.reply(chosen), ""
    except UnknownAccountError as error:
        hint = "The settings have changed: choose another account."
        problem = Problem(Kind.CONFIG, one_line(str(error)), hint)
        view = view_of(
            Account(chosen["account"], None), status.Status(problem=problem), status.utc_now()
        )
        return formats.renderer(chosen["format"])(view), str(error)
