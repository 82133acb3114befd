"""The story: fresh enough, show it; else ask; else show the old one and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from moonshot_status import debug, key
from moonshot_status.account import Account, Balance, Reading, Secret, fingerprint
from moonshot_status.errors import Kind, Problem, ProblemError
from moonshot_status.store import Store
from moonshot_status.tables import Known
from moonshot_status.waiting import Attempt, after_failure, must_wait

if TYPE_CHECKING:
    from moonshot_status.answer import Answer


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class Terms:
    """How fresh a reading has to be, and how long that may take; both in seconds.

    ``since`` is the moment at which this process began to want it: what is read after that is
    fresh in any case. ``key_of`` finds the key, and ``hear`` is told the API's answer as it came.
    Who is ``patient`` rather waits for another process's answer than shows an old reading.
    """

    max_age: float
    timeout: float
    since: datetime
    refresh: bool = False
    now: Callable[[], datetime] = utc_now
    key_of: Callable[[Secret], str] = key.of
    hear: Callable[[Answer], None] | None = None
    patient: bool = False


@dataclass(frozen=True)
class Status:
    """The newest reading there is, and what is wrong with it or with getting a newer one.

    ``expired``: older than the terms allow, or stamped in the future. ``stale``: that, and no
    newer one can be had. ``changes_at``: when time alone may change any of this; None: never.
    """

    reading: Reading | None = None
    problem: Problem | None = None
    retry_at: datetime | None = None
    expired: bool = False
    stale: bool = False
    changes_at: datetime | None = None


def current(account: Account, store: Store, terms: Terms) -> Status:
    """The status of the account, asking the API for it if there is need."""
    return _status(_newest(account, store, terms), store.trouble, terms)


def _newest(account: Account, store: Store, terms: Terms) -> Known:
    known = store.recall(account)
    if _settled(known, terms):
        return known
    hurried = known.reading and not terms.refresh and not terms.patient
    patience = 0.0 if hurried else terms.timeout
    with store.claim(account, patience) as mine:
        known = store.recall(account)
        if _settled(known, terms):
            return known
        if not mine:
            return _still_asking(known, terms)
        return store.keep(account, _ask(account, known, terms), known)


def _settled(known: Known, terms: Terms) -> bool:
    """Whether there is nothing to ask: fresh enough, tried just now, or not to be tried yet."""
    now = terms.now()
    if known.attempt:
        tried_at = known.attempt.started_at if terms.refresh else known.attempt.ended_at
        if terms.since <= tried_at <= now:
            return True
    if known.reading and not terms.refresh and _fresh(known.reading, terms, now):
        return True
    return must_wait(known.attempt, now, insist=terms.refresh)


def _fresh(reading: Reading, terms: Terms, now: datetime) -> bool:
    oldest = min(now - timedelta(seconds=terms.max_age), terms.since)
    return oldest <= reading.fetched_at <= now


def _ask(account: Account, before: Known, terms: Terms) -> Known:
    """Ask the API, whatever comes of it."""
    started_at, used = terms.now(), ""
    try:
        secret = terms.key_of(account.secret)
        used = fingerprint(secret)
        balance = _fetch(account, secret, terms)
    except ProblemError as error:
        problem = error.problem
        debug.say(f"{problem.kind.value}: {problem.message}")
    except Exception:  # noqa: BLE001 - whatever it is, it must not cost the balance that is known
        problem = unforeseen()
    else:
        now = terms.now()
        return Known(Reading(balance, now), Attempt(started_at, now), used)
    previous = before.attempt if used in ("", before.key) else None
    return Known(None, after_failure(started_at, terms.now(), problem, previous), used)


def _fetch(account: Account, secret: str, terms: Terms) -> Balance:
    # Imported here because urllib3 and jsonschema are slow, and most polls need neither.
    from moonshot_status import api

    return api.fetch_balance(account.base_url, secret, terms.timeout, terms.hear)


def unforeseen() -> Problem:
    """For an error that nobody thought of; ``--debug`` shows its traceback."""
    debug.show_traceback()
    return Problem(
        Kind.INTERNAL,
        "Something unforeseen happened in this program",
        "Run it with --debug in a terminal and report what it prints.",
    )


def _still_asking(known: Known, terms: Terms) -> Known:
    """Another process has the claim: what is stored will do, if there is anything."""
    if known.reading and not terms.refresh:
        return known
    if known.attempt and known.attempt.problem:
        return known
    problem = Problem(
        Kind.TIMEOUT,
        f"Another process is still asking after {terms.timeout:g} s",
        "The next run shows what it gets.",
    )
    return replace(known, attempt=Attempt(terms.since, terms.now(), problem))


def _status(known: Known, trouble: Problem | None, terms: Terms) -> Status:
    failed = known.attempt.problem if known.attempt else None
    if failed and trouble:
        failed = replace(failed, hint=f"{failed.hint} {trouble.message}. {trouble.hint}".strip())
    problem = failed or trouble
    now = terms.now()
    expired = bool(known.reading and not _fresh(known.reading, terms, now))
    in_future = bool(known.reading and known.reading.fetched_at > now)
    return Status(
        known.reading,
        problem,
        known.attempt.retry_at if known.attempt and failed else None,
        expired,
        stale=in_future or (expired and problem is not None),
        changes_at=_changes_at(known, trouble, terms, now),
    )


def _changes_at(
    known: Known, trouble: Problem | None, terms: Terms, now: datetime
) -> datetime | None:
    later = replace(terms, since=now + timedelta.resolution)
    moments = [now] if trouble or not _settled(known, later) else []
    if known.attempt and known.attempt.retry_at:
        moments.append(known.attempt.retry_at)
    if known.reading and known.reading.fetched_at > now:
        moments.append(known.reading.fetched_at)
    elif known.reading:
        moments.append(known.reading.fetched_at + timedelta(seconds=terms.max_age))
    return min((moment for moment in moments if moment >= now), default=None)
