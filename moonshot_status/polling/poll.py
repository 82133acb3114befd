"""One poll: from the settings to a View."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from moonshot_status.config import hide_amounts, resolver
from moonshot_status.config.settings import DEFAULT_ACCOUNT, Options, Settings
from moonshot_status.config.settings_file import SettingsFile
from moonshot_status.core import causes, log, paths
from moonshot_status.core.account import Account
from moonshot_status.core.status import Status
from moonshot_status.display.view import View, build_view
from moonshot_status.polling.balance import (
    FetchPolicy,
    RequestDueError,
    Requests,
    get_balance,
    internal_error,
    utc_now,
)
from moonshot_status.spending import forecast
from moonshot_status.spending.forecast import Forecast
from moonshot_status.store import leases
from moonshot_status.store.database import Store

MAX_PARALLEL = 32
"""How many accounts are fetched at the same time."""


def poll(options: Options, program: tuple[str, ...], requests: Requests = Requests.MAKE) -> View:
    """Return the View of the requested accounts, and send notifications if one is due.

    ``program`` is the command line with which a menu runs this program for the same accounts. Every
    problem is in the View, also that an account does not exist. Raises RequestDueError as
    ``requests`` says, and nothing else.
    """
    accounts, file = resolver.each_account(options)
    if len(accounts) == 1:
        return _poll(accounts[0], program, file, requests)
    if requests is Requests.MAKE:
        return _poll_in_threads(accounts, program, file)
    from moonshot_status.display import combine

    return combine.combine(_stored(accounts, program, file, requests))


def _poll_in_threads(
    accounts: Sequence[Options], program: tuple[str, ...], file: SettingsFile | None
) -> View:
    # Most polls are for one account and need none of these.
    from concurrent.futures import ThreadPoolExecutor

    from moonshot_status.core import signals
    from moonshot_status.display import combine

    with (
        # A thread cannot handle signals.
        signals.cleanup_on_exit_signal(leases.release_all),
        ThreadPoolExecutor(MAX_PARALLEL) as pool,
    ):
        views = pool.map(lambda account: _view_or_error(account, program, file), accounts)
        return combine.combine(list(views))


def _stored(
    accounts: Sequence[Options],
    program: tuple[str, ...],
    file: SettingsFile | None,
    requests: Requests,
) -> list[View]:
    """Return the View of each account without a request, or raise one RequestDueError for all."""
    views: list[View] = []
    due: list[RequestDueError] = []
    for account in accounts:
        try:
            views.append(_view_or_error(account, program, file, requests))
        except RequestDueError as error:
            due.append(error)
    if due:
        raise RequestDueError(
            max(each.timeout for each in due),
            max(each.lasts for each in due),
            has_balance=any(e.has_balance for e in due) or any(v.has_balance for v in views),
        )
    return views


def _view_or_error(
    options: Options,
    program: tuple[str, ...],
    file: SettingsFile | None,
    requests: Requests = Requests.MAKE,
) -> View:
    """Poll one of several accounts: its errors do not affect the others."""
    try:
        return _poll(options, program, file, requests)
    except RequestDueError:
        raise
    except Exception:  # noqa: BLE001 - any error
        return error_view(options)


def _poll(
    options: Options, program: tuple[str, ...], file: SettingsFile | None, requests: Requests
) -> View:
    since = options.wanted_at or utc_now()
    found = resolver.resolve(options, os.environ, file)
    if found.problem:
        log.log(f"{found.problem.kind.value}: {found.problem.message}")
        # Whether a file can be trusted depends on folders and groups, whose changes nobody notices.
        changes_at = since if found.problem.cause in causes.UNSAFE else None
        status = Status(problem=found.problem, changes_at=changes_at)
        return _make_view(found, options, status, None, program)
    policy = FetchPolicy(
        found["max_age"], found["timeout"], since, options.refresh, requests=requests
    )
    store = Store(paths.state_folder())
    status = get_balance(found.account, store, policy)
    expected = make_forecast(found.account, store)
    view = _make_view(found, options, status, expected, program)
    if found["notify_command"] and requests is not Requests.SKIP:
        from moonshot_status.notify import dispatch

        days_left = expected.days_left(utc_now()) if expected else None
        dispatch.notify(found, status, view, store, days_left)
    return view


def _make_view(
    found: Settings, options: Options, status: Status, expected: Forecast | None,
    program: tuple[str, ...],
) -> View:  # fmt: skip
    advice = found.advice, *(remark.sentences for remark in found.remarks)
    if status.problem:  # Its hint is shown where notes are not.
        status = replace(status, problem=found.with_remarks(status.problem))
        advice = (found.advice,)
    return build_view(
        found.account,
        status,
        utc_now(),
        (*program, "--refresh"),
        advice,
        forecast=expected,
        show=found["show"],
        template=found["template"],
        hide_amount=options.hide_amount or hide_amounts.is_hidden(found["hide_amount"]),
        toggle=(*program, "hide"),
    )


def make_forecast(account: Account, store: Store) -> Forecast | None:
    """Return the forecast, or None if there is none; an error in it must not cost the balance."""
    now = utc_now()
    try:
        history = store.history(account, now - forecast.HISTORY_WINDOW)
        return forecast.compute_forecast(history, now)
    except Exception:  # noqa: BLE001 - any error
        log.log_traceback()
        return None


def error_view(options: Options) -> View:
    """Return the View for the unexpected exception that is being handled."""
    account, now = Account(options.account or DEFAULT_ACCOUNT, options.region), utc_now()
    # It is not valid for any time: the next poll may succeed.
    return build_view(account, Status(problem=internal_error(), changes_at=now), now)
