"""Make one poll for ``watch``, in a child process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone

from moonshot_status.formats import Reply
from moonshot_status.polling.balance import RequestDueError, Requests
from moonshot_status.polling.inputs import input_paths
from moonshot_status.polling.reply import Request, render
from moonshot_status.watch import file_changes
from moonshot_status.watch.file_changes import FileStates
from moonshot_status.watch.scheduler import RefreshRequest
from moonshot_status.watch.worker import PollResult

# A file that was just written can be written again without a new modification time.
_CLOCK_TICK_SECONDS = 0.05


def poll_once(
    request: Request, update: Callable[[Reply], str], refresh: RefreshRequest
) -> PollResult:
    """Return the update for the request, and the states of the input files when it was made.

    ``update`` turns a reply into an update of the stream.
    """
    time.tzset()  # The time zone may have changed.
    since = datetime.fromtimestamp(refresh.since, timezone.utc)
    request = _with_refresh(request, since, refresh=refresh.refresh)
    paths = input_paths(request.options.config)
    states = file_changes.file_states(paths)
    if refresh.stored_only:
        return _stored(request, update, states)
    reply = render(request)
    if file_changes.file_states(paths) != states:
        # This poll or another process has written to the store. Whatever this poll fetched is in
        # it now, so the second reply only reads.
        time.sleep(_CLOCK_TICK_SECONDS)
        states = file_changes.file_states(paths)
        reply = render(_with_refresh(request, since, refresh=False))
    return _result(reply, update, states)


def _stored(request: Request, update: Callable[[Reply], str], states: FileStates) -> PollResult:
    """Return the update from what is stored; an empty one if there is no balance yet."""
    try:
        return _result(render(request, Requests.REPORT), update, states)
    except RequestDueError as due:
        if not due.has_balance:
            return PollResult(b"", 0, states, is_due=True)
    return _result(render(request, Requests.SKIP), update, states)._replace(is_due=True)


def _result(reply: Reply, update: Callable[[Reply], str], states: FileStates) -> PollResult:
    output = update(reply).encode("utf-8", "replace")
    return PollResult(output, reply.valid_until, states, reply.unknown_account)


def _with_refresh(request: Request, since: datetime, *, refresh: bool) -> Request:
    return replace(request, options=replace(request.options, refresh=refresh, wanted_at=since))
