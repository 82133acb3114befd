"""The request itself, made once and as a bar makes it, and what its answer tells of the clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from moonshot_status.api import response
from moonshot_status.api.backoff import must_wait
from moonshot_status.api.response import HttpResponse
from moonshot_status.core import money, paths
from moonshot_status.core.account import Reading
from moonshot_status.core.errors import Kind, Problem
from moonshot_status.core.regions import Region
from moonshot_status.core.status import Status
from moonshot_status.doctor.context import Context
from moonshot_status.doctor.finding import Finding, fail, ok, untried
from moonshot_status.polling import balance
from moonshot_status.polling.balance import FetchPolicy
from moonshot_status.store.database import Store

_TOLERANCE = timedelta(minutes=5)


def findings(case: Context, way_is_open: bool) -> Iterator[Finding]:
    """It counts as ``--refresh``, and so respects a wait that the server asked for."""
    why = _obstacle(case, way_is_open)
    if why:
        yield untried("request", why)
        yield untried("clock", "no server told the time")
        return
    store, now = Store(paths.state_folder()), balance.utc_now()
    before = store.load(case.settings.account)
    heard: list[tuple[HttpResponse, datetime]] = []
    if before.attempt and before.attempt.problem and must_wait(before.attempt, now, force=True):
        yield _waiting(before.attempt.problem, before.attempt.retry_at or now)
    else:
        terms = FetchPolicy(
            case.settings.max_age,
            case.settings.timeout,
            now,
            refresh=True,
            resolve_key=lambda _: case.answered.key,
            on_response=lambda answer: heard.append((answer, balance.utc_now())),
        )
        yield from _asked(case, balance.get_balance(case.settings.account, store, terms))
    yield _clock(heard, before.reading, now)


def _obstacle(case: Context, way_is_open: bool) -> str:
    if case.file is None:
        return "the settings file is broken"
    if case.problem or case.answered.problem:
        return "there is no usable key" if case.settings.account.base_url else "see settings"
    return "" if way_is_open else "the API cannot be reached"


def _waiting(problem: Problem, until: datetime) -> Finding:
    moment = until.strftime("%Y-%m-%d %H:%M:%S UTC")
    return fail(
        "request",
        f"not made, because the server said to wait until {moment}: {problem.message}",
        problem.hint,
    )


def _asked(case: Context, got: Status) -> Iterator[Finding]:
    problem = got.problem
    if problem and problem.kind is not Kind.STORE:
        mend = _region_hint(case) if problem.kind is Kind.UNAUTHORIZED else ""
        yield fail("request", f"{problem.kind.label}: {problem.message}", mend or problem.hint)
        return
    region = case.settings.account.region or Region.INTERNATIONAL
    amount = money.balance_words(got.reading.balance.available if got.reading else None, region)
    yield ok("request", "the API answers with a balance", f": {amount}")
    if problem:
        yield fail("store", problem.message, problem.hint)


def _region_hint(case: Context) -> str:
    """For a rejected key whose region is nowhere written."""
    if any(source.region for source in case.sources) or case.options.region:
        return ""
    return 'The key is wrong, or from platform.kimi.com: then it needs "region": "china" beside it.'


def _clock(
    heard: list[tuple[HttpResponse, datetime]], newest: Reading | None, now: datetime
) -> Finding:
    mend = "Set it: timedatectl set-ntp true, or in the settings of the system."
    told = response.server_time(heard[0][0]) if heard else None
    if told:
        ahead = heard[0][1] - told
        words = f"this machine's clock is {_span(ahead)} the server's"
        return fail("clock", words, mend) if abs(ahead) > _TOLERANCE else ok("clock", words)
    if newest and newest.fetched_at - now > _TOLERANCE:
        return fail("clock", "the newest reading is from the future: the clock was set back", mend)
    return untried("clock", "no server told the time")


def _span(ahead: timedelta) -> str:
    seconds = round(abs(ahead).total_seconds())
    if seconds < 2:
        return "with"
    size = f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
    return f"{size} {'ahead of' if ahead > timedelta() else 'behind'}"
