"""Make one request as a bar makes it, and compare the clock with the server's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from moonshot_status.api import response
from moonshot_status.api.backoff import must_wait
from moonshot_status.config.settings import BY_NAME
from moonshot_status.core import money, paths
from moonshot_status.core.account import Reading
from moonshot_status.core.errors import Kind
from moonshot_status.core.status import Status
from moonshot_status.doctor.context import Context
from moonshot_status.doctor.finding import Finding, fail, ok, untried
from moonshot_status.polling import balance
from moonshot_status.polling.balance import FetchPolicy
from moonshot_status.store.database import Store

_CLOCK_TOLERANCE = timedelta(minutes=5)
_Times = list[tuple[datetime | None, datetime]]
"""For each response the time on the server's clock, and that on this machine's."""


def findings(context: Context, is_reachable: bool) -> Iterator[Finding]:
    """Yield the request and the clock.

    The request is made as with ``--refresh``: not while the server's Retry-After lasts.
    """
    obstacle = _obstacle(context, is_reachable)
    if obstacle:
        yield untried("request", obstacle)
        yield untried("clock", "no server told the time")
        return
    account, now = context.settings.account, balance.utc_now()
    store = Store(paths.state_folder())
    before = store.load(account)
    attempt = before.attempt
    times: _Times = []
    if attempt and attempt.problem and must_wait(attempt, now, force=True):
        told = timedelta(seconds=attempt.problem.retry_after or 0)
        until = (attempt.ended_at + told).strftime("%Y-%m-%d %H:%M:%S UTC")
        fact = f"not made, because the server said to wait until {until}"
        yield fail("request", f"{fact}: {attempt.problem.message}", attempt.problem.hint)
    else:
        policy = FetchPolicy(
            context.settings["max_age"],
            context.settings["timeout"],
            now,
            refresh=True,
            resolve_key=lambda _: context.key_result.key,
            on_response=lambda got: times.append((response.server_time(got), balance.utc_now())),
        )
        yield from _result(context, balance.get_balance(account, store, policy))
    yield _clock(times, before.reading, now)


def _obstacle(context: Context, is_reachable: bool) -> str:
    """Return why no request can be made; empty if one can."""
    if context.file is None:
        return "the settings file is broken"
    if context.problem or context.key_result.problem:
        return "there is no usable key" if context.settings.account.base_url else "see settings"
    return "" if is_reachable else "the API cannot be reached"


def _result(context: Context, status: Status) -> Iterator[Finding]:
    problem, reading = status.problem, status.reading
    if problem and problem.kind is not Kind.STORE:
        fix = _region_fix(context) if problem.kind is Kind.UNAUTHORIZED else ""
        fact = f"{problem.kind.label}: {problem.message}"
        yield fail("request", fact, f"{problem.hint} {fix}".strip())
        return
    amount = money.format_balance(reading.balance.available if reading else None, context.region)
    yield ok("request", "the API answers with a balance", f": {amount}")
    if problem:
        yield fail("store", problem.message, problem.hint)


def _region_fix(context: Context) -> str:
    """Return how to change the region of a rejected key; empty if the region is written."""
    if any(source.region for source in context.sources) or context.options.region:
        return ""
    other = context.other_region
    setting = f'"region": "{other.value}" beside it'
    if context.chosen.is_environment:
        setting = f"{BY_NAME['region'].variables[0]}={other.value}"
    return f"A key from {other.platform} needs {setting}."


def _clock(times: _Times, newest: Reading | None, now: datetime) -> Finding:
    fix = "Set it: timedatectl set-ntp true, or in the settings of the system."
    server_time, own_time = times[0] if times else (None, now)
    if server_time:
        ahead = own_time - server_time
        fact = f"this machine's clock is {_difference(ahead)} the server's"
        return fail("clock", fact, fix) if abs(ahead) > _CLOCK_TOLERANCE else ok("clock", fact)
    if newest and newest.fetched_at - now > _CLOCK_TOLERANCE:
        return fail("clock", "the newest reading is from the future: the clock was set back", fix)
    return untried("clock", "no server told the time")


def _difference(ahead: timedelta) -> str:
    seconds = round(abs(ahead).total_seconds())
    if seconds < 2:
        return "with"
    size = f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
    return f"{size} {'ahead of' if ahead > timedelta() else 'behind'}"
