"""Return the stored balance if fresh, else fetch it; on failure, the old one and the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from moonshot_status.api.backoff import Attempt, after_failure, must_wait
from moonshot_status.config import api_key
from moonshot_status.core import causes, log
from moonshot_status.core.account import Account, Balance, Reading, Secret, fingerprint
from moonshot_status.core.errors import Problem, ProblemError
from moonshot_status.core.status import Status
from moonshot_status.store.accounts import AccountState
from moonshot_status.store.database import Store

if TYPE_CHECKING:
    from moonshot_status.api.response import HttpResponse


def utc_now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class FetchPolicy:
    """How fresh a reading has to be, and how long fetching it may take; both in seconds.

    A reading fetched after ``since`` (UTC) is always fresh. ``refresh`` fetches even if the reading
    is fresh. ``resolve_key`` returns the key of a secret, and ``on_response`` is called with the
    API's response. ``wait_for_lock`` prefers to wait for another process's request over returning
    an old reading.
    """

    max_age: float
    timeout: float
    since: datetime
    refresh: bool = False
    now: Callable[[], datetime] = utc_now
    resolve_key: Callable[[Secret], str] = api_key.resolve
    on_response: Callable[[HttpResponse], None] | None = None
    wait_for_lock: bool = False


def get_balance(account: Account, store: Store, policy: FetchPolicy) -> Status:
    """Return the status of the account, with one request to the API if it is necessary."""
    return _status(_cached_or_fetched(account, store, policy), store.error, policy)


def _cached_or_fetched(account: Account, store: Store, policy: FetchPolicy) -> AccountState:
    state = store.load(account)
    if _no_request_needed(state, policy):
        return state
    can_show_old = state.reading and not policy.refresh and not policy.wait_for_lock
    with store.request_lock(account, 0.0 if can_show_old else policy.timeout) as acquired:
        state = store.load(account)
        if _no_request_needed(state, policy):
            return state
        if not acquired:
            return _locked_elsewhere(state, policy)
        return store.save(account, _fetch(account, state, policy), state)


def _no_request_needed(state: AccountState, policy: FetchPolicy) -> bool:
    """Return whether the reading is fresh, was just attempted, or must not be attempted yet."""
    now = policy.now()
    if state.attempt:
        tried_at = state.attempt.started_at if policy.refresh else state.attempt.ended_at
        if policy.since <= tried_at <= now:
            return True
    if state.reading and not policy.refresh and _is_fresh(state.reading, policy, now):
        return True
    return must_wait(state.attempt, now, force=policy.refresh)


def _is_fresh(reading: Reading, policy: FetchPolicy, now: datetime) -> bool:
    oldest = min(now - timedelta(seconds=policy.max_age), policy.since)
    return oldest <= reading.fetched_at <= now


def _fetch(account: Account, before: AccountState, policy: FetchPolicy) -> AccountState:
    """Make one attempt and return it with its reading or its problem. Never raises."""
    started_at, used = policy.now(), ""
    try:
        key = policy.resolve_key(account.secret)
        used = fingerprint(key)
        balance = _request(account, key, policy)
    except ProblemError as error:
        problem = error.problem
        log.log(f"{problem.kind.value}: {problem.message}")
    except Exception:  # noqa: BLE001 - no error may cost the balance that is stored
        problem = internal_error()
    else:
        now = policy.now()
        return AccountState(Reading(balance, now), Attempt(started_at, now), used)
    previous = before.attempt if used in ("", before.key) else None
    return AccountState(None, after_failure(started_at, policy.now(), problem, previous), used)


def _request(account: Account, key: str, policy: FetchPolicy) -> Balance:
    # urllib3 and jsonschema are slow to import, and most polls need neither.
    from moonshot_status.api import client

    return client.fetch_balance(account.base_url, key, policy.timeout, policy.on_response)


def internal_error() -> Problem:
    """Return the problem for the unexpected exception that is being handled."""
    log.log_traceback()
    return Problem(causes.INTERNAL)


def _locked_elsewhere(state: AccountState, policy: FetchPolicy) -> AccountState:
    """Return the stored state while another process holds the request lock, or a timeout."""
    if state.reading and not policy.refresh:
        return state
    if state.attempt and state.attempt.problem:
        return state
    problem = ProblemError(causes.LOCKED_ELSEWHERE, seconds=policy.timeout).problem
    return replace(state, attempt=Attempt(policy.since, policy.now(), problem))


def _status(state: AccountState, store_error: Problem | None, policy: FetchPolicy) -> Status:
    failed = state.attempt.problem if state.attempt else None
    problem = replace(failed, also=store_error) if failed and store_error else failed or store_error
    now = policy.now()
    expired = bool(state.reading and not _is_fresh(state.reading, policy, now))
    in_future = bool(state.reading and state.reading.fetched_at > now)
    return Status(
        state.reading,
        problem,
        state.attempt.retry_at if state.attempt and failed else None,
        expired,
        stale=in_future or (expired and problem is not None),
        changes_at=_changes_at(state, store_error, policy, now),
    )


def _changes_at(
    state: AccountState, store_error: Problem | None, policy: FetchPolicy, now: datetime
) -> datetime | None:
    """Return when time alone may change the status, or None if it does not."""
    later = replace(policy, since=now + timedelta.resolution)
    times = [now] if store_error or not _no_request_needed(state, later) else []
    if state.attempt and state.attempt.retry_at:
        times.append(state.attempt.retry_at)
    if state.reading and state.reading.fetched_at > now:
        times.append(state.reading.fetched_at)
    elif state.reading:
        times.append(state.reading.fetched_at + timedelta(seconds=policy.max_age))
    return min((time for time in times if time >= now), default=None)
