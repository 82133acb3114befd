"""Backoff: how long to wait after a failed request before the next one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from moonshot_status.core import causes
from moonshot_status.core.errors import Kind, Problem

_MAX_WAIT_SECONDS = 3600
_RUNS_PER_REQUEST = 24


@dataclass(frozen=True)
class Attempt:
    """The last attempt to fetch the balance: its times (UTC), its problem and the next attempt.

    ``failures`` counts the attempts in a row that ended in the same kind of problem. For a rejected
    key from a key command, it counts the runs of the command since the request.

    A failed key command has no backoff. It has a ``retry_at`` only if the last key was rejected;
    ``failures`` is then still the count for that key.
    """

    started_at: datetime
    ended_at: datetime
    problem: Problem | None = None
    failures: int = 0
    retry_at: datetime | None = None


def after_failure(
    started_at: datetime, ended_at: datetime, problem: Problem, previous: Attempt | None,
    *, runs_command: bool = False,
) -> Attempt:  # fmt: skip
    """Return the attempt with its backoff: what the server asked for, else growing with jitter.

    ``runs_command``: the key is from a key command. That runs again at once after it has failed,
    and after the first backoff if its key was rejected. The backoff of other rejected keys grows.
    It has no jitter, and no server shortens it.
    """
    # The key command may print the rejected key again.
    if previous and not problem.kind.first_backoff and _is_rejection(previous):
        return Attempt(started_at, ended_at, problem, previous.failures, ended_at)
    failures = _failures_in_a_row(problem, previous)
    if problem.kind is Kind.UNAUTHORIZED:
        failures = 1 if runs_command else failures
        seconds = max(problem.retry_after or 0, _seconds(problem.kind, failures))
    else:
        seconds = problem.retry_after or _with_jitter(problem.kind, failures)
    retry_at = ended_at + timedelta(seconds=seconds) if seconds else None
    return Attempt(started_at, ended_at, problem, failures, retry_at)


def after_same_key(
    started_at: datetime, ended_at: datetime, previous: Attempt | None
) -> Attempt | None:
    """Return the attempt of a key command that printed the last key again, or None.

    If that key was rejected, no request is made and the command runs again after the first backoff.
    None means that a request is due: the key was not rejected, or so many runs ago that the
    rejection may have been an error of the server.
    """
    if previous is None or not _is_rejection(previous) or previous.failures >= _RUNS_PER_REQUEST:
        return None
    return _rejected_again(started_at, ended_at, previous)


def after_interruption(started_at: datetime, previous: Attempt | None) -> Attempt:
    """Return the attempt of a process that died during it.

    Its backoff counts from its start and has no jitter, so that every process finds the same. A
    rejected key stays rejected.
    """
    if previous and _is_rejection(previous):
        return _rejected_again(started_at, started_at, previous)
    problem = Problem(causes.INTERRUPTED)
    failures = _failures_in_a_row(problem, previous)
    retry_at = started_at + timedelta(seconds=_seconds(problem.kind, failures))
    return Attempt(started_at, started_at, problem, failures, retry_at)


def must_wait(attempt: Attempt | None, now: datetime, *, force: bool) -> bool:
    """Return whether it is too early for the next request, or the next run of the key command.

    ``force`` overrides a backoff, but not a wait that the server asked for.
    """
    if attempt is None or attempt.problem is None:
        return False
    wait: float = attempt.problem.retry_after or 0
    if not force:
        retry_at = attempt.retry_at or attempt.ended_at
        wait = (retry_at - attempt.ended_at).total_seconds()
    passed = (now - attempt.ended_at).total_seconds()
    # A wait that is above the maximum, or longer than at its beginning, means that the clock was
    # set back. Short waits have a tolerance.
    longest = max(_MAX_WAIT_SECONDS, min(wait, attempt.problem.kind.max_backoff))
    return max(0.0, passed) < wait <= passed + longest


def _is_rejection(attempt: Attempt) -> bool:
    """Return whether the key was rejected and the API has not been asked since.

    Earlier versions stored no ``retry_at``; their rejections may be those of a gateway.
    """
    if attempt.problem is None or attempt.retry_at is None:
        return False
    return attempt.problem.kind is Kind.UNAUTHORIZED or not attempt.problem.kind.first_backoff


def _rejected_again(started_at: datetime, ended_at: datetime, previous: Attempt) -> Attempt:
    """Return an attempt that learned nothing new about a rejected key."""
    problem = Problem(causes.KEY_REJECTED)
    retry_at = ended_at + timedelta(seconds=problem.kind.first_backoff)
    return Attempt(started_at, ended_at, problem, previous.failures + 1, retry_at)


def _failures_in_a_row(problem: Problem, previous: Attempt | None) -> int:
    again = previous and previous.problem and previous.problem.kind is problem.kind
    return (previous.failures if previous and again else 0) + 1


def _seconds(kind: Kind, failures: int) -> float:
    """Return the seconds to wait after the failures in a row; 0 for a kind without backoff."""
    growth = float(kind.growth) ** min(failures - 1, 16)
    return min(kind.first_backoff * growth, kind.max_backoff)


def _with_jitter(kind: Kind, failures: int) -> float:
    import random

    wait = _seconds(kind, failures)
    return random.uniform(max(kind.first_backoff, wait * 0.8), min(kind.max_backoff, wait * 1.2))
