"""Backoff: how long to wait after a failed request before the next one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from moonshot_status.core.errors import Kind, Problem

MAX_WAIT = timedelta(hours=1)


@dataclass(frozen=True)
class Attempt:
    """The last attempt to fetch the balance: its times (UTC), its problem and the next attempt.

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
    """Return the attempt with its backoff: what the server asked for, else doubling with jitter."""
    again = previous and previous.problem and previous.problem.kind is problem.kind
    failures = (previous.failures if previous and again else 0) + 1
    seconds = problem.retry_after or _seconds(problem.kind, failures)
    retry_at = ended_at + timedelta(seconds=seconds) if seconds else None
    return Attempt(started_at, ended_at, problem, failures, retry_at)


def must_wait(attempt: Attempt | None, now: datetime, *, force: bool) -> bool:
    """Return whether it is too early for the next request.

    ``force`` overrides a backoff, but not a wait that the server asked for.
    """
    if attempt is None or attempt.problem is None:
        return False
    if force and attempt.problem.retry_after is None:
        return False
    if attempt.problem.kind is Kind.UNAUTHORIZED and not force:
        return True
    # A stored wait above the maximum means that the clock was set back.
    return attempt.retry_at is not None and timedelta() < attempt.retry_at - now <= MAX_WAIT


def _seconds(kind: Kind, failures: int) -> float:
    """Return the seconds to wait after the failures in a row; 0 for a kind without backoff."""
    import random

    first, longest = kind.first_backoff, kind.max_backoff
    wait = min(first * 2.0 ** min(failures - 1, 16), longest)
    return random.uniform(max(first, wait * 0.8), min(longest, wait * 1.2))
