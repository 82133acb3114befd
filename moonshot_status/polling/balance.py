"""Return the stored balance if fresh, else fetch it; on failure, the old one and the reason."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import TYPE_CHECKING

from moonshot_status.api.backoff import Attempt, after_failure, after_same_key, must_wait
from moonshot_status.config import api_key
from moonshot_status.core import causes, log, paths
from moonshot_status.core.account import Account, Balance, Reading, Secret, fingerprint
from moonshot_status.core.errors import Problem, ProblemError
from moonshot_status.core.status import Status
from moonshot_status.store import leases, schema
from moonshot_status.store.accounts import AccountState
from moonshot_status.store.database import Store
from moonshot_status.store.leases import Lease

if TYPE_CHECKING:
    from moonshot_status.api.response import HttpResponse

_WAIT_STEP_SECONDS = 0.05


def utc_now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(timezone.utc)


class Requests(Enum):
    """What to do if a request is due: make it, return what is stored, or raise RequestDueError."""

    MAKE = "make"
    SKIP = "skip"
    REPORT = "report"


class RequestDueError(Exception):
    """A request is due.

    ``has_balance``: there is an old balance to show. ``timeout`` is that of the request, and
    ``lasts`` how long it may take with the key command, both in seconds.
    """

    def __init__(self, timeout: float, lasts: float, *, has_balance: bool) -> None:
        super().__init__()
        self.timeout, self.lasts, self.has_balance = timeout, lasts, has_balance


@dataclass(frozen=True)
class FetchPolicy:
    """How fresh a reading has to be, and how long fetching it may take; both in seconds.

    A reading fetched after ``since`` (UTC) is always fresh. ``refresh`` fetches even if the reading
    is fresh. ``resolve_key`` returns the key of a secret, and ``on_response`` is called with the
    API's response. ``requests`` says what happens if a request is due.
    """

    max_age: float
    timeout: float
    since: datetime
    refresh: bool = False
    now: Callable[[], datetime] = utc_now
    resolve_key: Callable[[Secret], str] = api_key.resolve
    on_response: Callable[[HttpResponse], None] | None = None
    requests: Requests = Requests.MAKE


def get_balance(account: Account, store: Store, policy: FetchPolicy) -> Status:
    """Return the status of the account, with one request to the API if it is necessary.

    Where a newer version of this program wrote the store, that is the problem in the status, and
    balances and waits are kept in a store of this version in the cache folder. So the balance is
    shown, with as few requests as otherwise.

    Raises RequestDueError if the policy says so, and nothing else.
    """
    state = _cached_or_fetched(account, store, policy)
    failed = state.attempt.problem if state.attempt else None
    if failed:  # The store does not keep the place: the same key may be somewhere else now.
        failed = replace(failed, key_place=account.secret.place)
    return _status(state, failed, store.error, policy)


def _cached_or_fetched(account: Account, store: Store, policy: FetchPolicy) -> AccountState:
    state = store.load(account, policy.now())
    if store.is_newer:
        store = Store(paths.cache_folder() / f"store-{schema.VERSION}")
        state = store.load(account, policy.now())
    until = time.monotonic() + policy.timeout
    while not _no_request_needed(state, policy):
        if policy.requests is Requests.REPORT:
            seconds = _lasts(account, policy).total_seconds()
            raise RequestDueError(policy.timeout, seconds, has_balance=bool(state.reading))
        if policy.requests is Requests.SKIP:
            return _not_requested(state, store)
        begun, lease = _begin(account, store, policy)
        if store.error:
            begun = state
        if lease:
            return _fetch_and_save(account, store, begun, lease, policy)
        if store.error or _shows_old(begun, policy):
            return begun
        if not _wait_for_request(account, store, policy, until):
            return _locked_elsewhere(begun, policy)
        state = store.load(account, policy.now())
    return state


def _begin(
    account: Account, store: Store, policy: FetchPolicy
) -> tuple[AccountState, Lease | None]:
    return store.begin_request(
        account, _lasts(account, policy), policy.now,
        lambda state: not _no_request_needed(state, policy),
    )  # fmt: skip


def _lasts(account: Account, policy: FetchPolicy) -> timedelta:
    return leases.duration(policy.timeout, runs_command=bool(account.secret.command))


def _shows_old(state: AccountState, policy: FetchPolicy) -> bool:
    """Return whether to show an old reading while another process is asking."""
    return bool(state.in_flight and state.reading and not policy.refresh)


def _not_requested(state: AccountState, store: Store) -> AccountState:
    """Return the state without a request, and note why no process makes one."""
    if not state.in_flight:
        store.check_lock()
    return state


def _wait_for_request(account: Account, store: Store, policy: FetchPolicy, until: float) -> bool:
    """Wait while another process is asking; return False if that takes too long."""
    while store.is_in_flight(account, policy.now()):
        if time.monotonic() >= until:
            return False
        time.sleep(_WAIT_STEP_SECONDS)
    return True


def _fetch_and_save(
    account: Account, store: Store, before: AccountState, lease: Lease, policy: FetchPolicy
) -> AccountState:
    # The signal module takes a while to import, and most polls make no request.
    from moonshot_status.core import signals

    with signals.cleanup_on_exit_signal(leases.release_all):
        return store.save(account, _fetch(account, before, lease, policy), before, lease)


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


def _fetch(
    account: Account, before: AccountState, lease: Lease, policy: FetchPolicy
) -> AccountState:
    """Make one attempt and return it with its reading or its problem. Never raises."""
    started_at, used = lease.started_at or policy.now(), ""
    try:
        key = policy.resolve_key(account.secret)
        used = fingerprint(key)
        if account.secret.command and used == before.key and not policy.refresh:
            attempt = after_same_key(started_at, policy.now(), before.attempt)
            if attempt:
                return AccountState(None, attempt, used)
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
    attempt = after_failure(
        started_at, policy.now(), problem, previous, runs_command=bool(account.secret.command)
    )
    return AccountState(None, attempt, used)


def _request(account: Account, key: str, policy: FetchPolicy) -> Balance:
    # urllib3 and jsonschema are slow to import, and most polls need neither.
    from moonshot_status.api import client

    return client.fetch_balance(account.base_url, key, policy.timeout, policy.on_response)


def internal_error() -> Problem:
    """Return the problem for the unexpected exception that is being handled."""
    log.log_traceback()
    return Problem(causes.INTERNAL)


def _locked_elsewhere(state: AccountState, policy: FetchPolicy) -> AccountState:
    """Return the stored state with its last failure, or with a timeout."""
    if state.attempt and state.attempt.problem:
        return state
    problem = ProblemError(causes.LOCKED_ELSEWHERE, seconds=policy.timeout).problem
    return replace(state, attempt=Attempt(policy.since, policy.now(), problem))


def _status(
    state: AccountState, failed: Problem | None, store_error: Problem | None, policy: FetchPolicy
) -> Status:
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
    times = []
    if state.in_flight:
        times.append(state.in_flight.ends_at)
    elif store_error or not _no_request_needed(state, later):
        times.append(now)
    if state.attempt and state.attempt.retry_at:
        times.append(state.attempt.retry_at)
    if state.reading and state.reading.fetched_at > now:
        times.append(state.reading.fetched_at)
    elif state.reading:
        times.append(state.reading.fetched_at + timedelta(seconds=policy.max_age))
    return min((time for time in times if time >= now), default=None)
