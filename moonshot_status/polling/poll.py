"""One poll: from the settings to a View."""

from __future__ import annotations

import os

from moonshot_status.config import hide_amounts, resolver
from moonshot_status.config.settings import DEFAULT_ACCOUNT, Options, Settings, UnknownAccountError
from moonshot_status.core import log, paths
from moonshot_status.core.account import Account
from moonshot_status.core.status import Status
from moonshot_status.display.view import View, build_view
from moonshot_status.polling.balance import FetchPolicy, get_balance, internal_error, utc_now
from moonshot_status.spending import forecast
from moonshot_status.spending.forecast import Forecast
from moonshot_status.store.database import Store

MAX_PARALLEL = 32
"""How many accounts are fetched at the same time."""


def poll(options: Options, program: tuple[str, ...]) -> View:
    """Return the View of the requested accounts, and send notifications if one is due.

    ``program`` is the command line with which a menu runs this program for the same accounts.
    Raises UnknownAccountError; every other problem is in the View.
    """
    accounts = resolver.each_account(options)
    if len(accounts) == 1:
        return _poll(accounts[0], program)
    # Most polls are for one account and need neither.
    from concurrent.futures import ThreadPoolExecutor

    from moonshot_status.display import combine

    with ThreadPoolExecutor(MAX_PARALLEL) as pool:
        views = pool.map(lambda account: _view_or_error(account, program), accounts)
        return combine.combine(list(views))


def _view_or_error(options: Options, program: tuple[str, ...]) -> View:
    """Poll one of several accounts: its errors do not affect the others."""
    try:
        return _poll(options, program)
    except UnknownAccountError:
        raise
    except Exception:  # noqa: BLE001 - any error
        return error_view(options)


def _poll(options: Options, program: tuple[str, ...]) -> View:
    since, wait_for_lock = options.wanted_at or utc_now(), options.wanted_at is not None
    found = resolver.resolve(options, os.environ)
    if found.problem:
        log.log(f"{found.problem.kind.value}: {found.problem.message}")
        return _make_view(found, options, Status(problem=found.problem), None, program)
    policy = FetchPolicy(
        found["max_age"], found["timeout"], since, options.refresh, wait_for_lock=wait_for_lock
    )
    store = Store(paths.state_folder())
    status = get_balance(found.account, store, policy)
    expected = make_forecast(found.account, store)
    view = _make_view(found, options, status, expected, program)
    if found["notify_command"]:
        from moonshot_status.notify import dispatch

        days_left = expected.days_left(utc_now()) if expected else None
        dispatch.notify(found, status, view, store, days_left)
    return view


def _make_view(
    found: Settings, options: Options, status: Status, expected: Forecast | None,
    program: tuple[str, ...],
) -> View:  # fmt: skip
    return build_view(
        found.account,
        status,
        utc_now(),
        (*program, "--refresh"),
        found.advice,
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
    account = Account(options.account or DEFAULT_ACCOUNT, options.region)
    return build_view(account, Status(problem=internal_error()), utc_now())
