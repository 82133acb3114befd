"""How long to wait after a failure before the API is asked again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from moonshot_status.errors import Kind, Problem

LONGEST = timedelta(hours=1)

_MINUTE = 60
# Seconds: the first wait and the longest. Kinds that are missing here do not wait.
_WAITS = {
    Kind.OFFLINE: (5, _MINUTE),
    Kind.TIMEOUT: (15, 5 * _MINUTE),
    Kind.TLS: (_MINUTE, 30 * _MINUTE),
    Kind.PROXY: (30, 10 * _MINUTE),
    Kind.REDIRECTED: (_MINUTE, 10 * _MINUTE),
    Kind.BAD_RESPONSE: (_MINUTE, 30 * _MINUTE),
    Kind.API_ERROR: (_MINUTE, 30 * _MINUTE),
    Kind.SUSPENDED: (30 * _MINUTE, 30 * _MINUTE),
    Kind.FORBIDDEN: (30 * _MINUTE, 30 * _MINUTE),
    Kind.NOT_FOUND: (10 * _MINUTE, 30 * _MINUTE),
    Kind.RATE_LIMITED: (_MINUTE, 60 * _MINUTE),
    Kind.SERVER_ERROR: (15, 30 * _MINUTE),
    Kind.INTERNAL: (_MINUTE, 30 * _MINUTE),
}


@dataclass(frozen=True)
class Attempt:
    """The last time that the API was asked: when (UTC), what went wrong, and what follows.

    ``failures`` counts the attempts in a row that ended in the same kind of problem.
    """

    started_at: datetime
    ended_at: datetime
    problem: Problem | None = None
    failures: int = 0
    retry_at: datetime | None = None


def after_failure(
    started_at: datetime, ended_at: datetime, problem: Problem, previous: Attempt | None
) -> Attempt:
    """The attempt with the wait that it earns: doubling, with jitter, or as we were told."""
    again = previous and previous.problem and previous.problem.kind is problem.kind
    failures = (previous.failures if previous and again else 0) + 1
    seconds = problem.told or _seconds(problem.kind, failures)
    retry_at = ended_at + timedelta(seconds=seconds) if seconds else None
    return Attempt(started_at, ended_at, problem, failures, retry_at)


def must_wait(attempt: Attempt | None, now: datetime, *, insist: bool) -> bool:
    """Whether the API must not be asked yet.

    Who insists breaks a wait of our own choosing, never one that the server asked for.
    """
    if attempt is None or attempt.problem is None:
        return False
    if insist and attempt.problem.told is None:
        return False
    if attempt.problem.kind is Kind.UNAUTHORIZED and not insist:
        return True
    # A longer wait than any that we store means that the clock was set back.
    return attempt.retry_at is not None and timedelta() < attempt.retry_at - now <= LONGEST


def _seconds(kind: Kind, failures: int) -> float:
    first, longest = _WAITS.get(kind, (0, 0))
    wait = min(first * 2.0 ** min(failures - 1, 16), longest)
    return random.uniform(max(first, wait * 0.8), min(longest, wait * 1.2))
