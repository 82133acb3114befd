"""Backoff: how long to wait after a failed request before the next one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from moonshot_status.core import causes
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
    failures = _failures_in_a_row(problem, previous)
    seconds = problem.retry_after or _with_jitter(problem.kind, failures)
    retry_at = ended_at + timedelta(seconds=seconds) if seconds else None
    return Attempt(started_at, ended_at, problem, failures, retry_at)


def after_interruption(started_at: datetime, previous: Attempt | None) -> Attempt:
    """Return the attempt of a process that died during it.

    Its backoff counts from its start and has no jitter, so that every process finds the same.
    """
    problem = Problem(causes.INTERRUPTED)
    failures = _failures_in_a_row(problem, previous)
    retry_at = started_at + timedelta(seconds=_seconds(problem.kind, failures))
    return Attempt(started_at, started_at, problem, failures, retry_at)


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


def _failures_in_a_row(problem: Problem, previous: Attempt | None) -> int:
    again = previous and previous.problem and previous.problem.kind is problem.kind
    return (previous.failures if previous and again else 0) + 1


def _seconds(kind: Kind, failures: int) -> float:
    """Return the seconds to wait after the failures in a row; 0 for a kind without backoff."""
    return min(kind.first_backoff * 2.0 ** min(failures - 1, 16), kind.max_backoff)


def _with_jitter(kind: Kind, failures: int) -> float:
    import random

    wait = _seconds(kind, failures)
    return random.uniform(max(kind.first_backoff, wait * 0.8), min(kind.max_backoff, wait * 1.2))
