"""One look at the account: from the settings to a View."""

from __future__ import annotations

import os

from moonshot_status import debug, folders, forecast, privacy, settings, status
from moonshot_status.account import Account
from moonshot_status.forecast import Forecast
from moonshot_status.settings import Options, Settings
from moonshot_status.status import Status, Terms
from moonshot_status.store import Store
from moonshot_status.view import View, view_of

# So many accounts are asked for at the same time; what is stored comes in groups.
_AT_ONCE = 32


def view(options: Options, program: tuple[str, ...]) -> View:
    """What there is to show. Raises UnknownAccountError; every other trouble is in the View.

    ``program`` is the command line with which a menu runs this program for the same accounts. Who
    wants to be told of a change of level is told.
    """
    accounts = settings.each_account(options)
    if len(accounts) == 1:
        return _view(accounts[0], program)
    # Imported here because most polls are for one account.
    from concurrent.futures import ThreadPoolExecutor

    from moonshot_status import together

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        views = pool.map(lambda account: _view_whatever_comes(account, program), accounts)
        return together.side_by_side(list(views))


def _view_whatever_comes(options: Options, program: tuple[str, ...]) -> View:
    """Trouble with one account must not cost the others."""
    try:
        return _view(options, program)
    except settings.UnknownAccountError:
        raise
    except Exception:  # noqa: BLE001 - whatever it is
        return unforeseen(options)


def _view(options: Options, program: tuple[str, ...]) -> View:
    since, patient = options.wanted_at or status.utc_now(), options.wanted_at is not None
    found = settings.resolve(options, os.environ)
    if found.problem:
        debug.say(f"{found.problem.kind.value}: {found.problem.message}")
        return _worded(found, options, Status(problem=found.problem), None, program)
    terms = Terms(found.max_age, found.timeout, since, options.refresh, patient=patient)
    store = Store(folders.state_folder())
    shown = status.current(found.account, store, terms)
    foreseen = foresee(found.account, store)
    view = _worded(found, options, shown, foreseen, program)
    if found.notify_command:
        from moonshot_status import announcement

        days_left = foreseen.days_left(status.utc_now()) if foreseen else None
        announcement.announce(found, shown, view, store, days_left)
    return view


def _worded(
    found: Settings,
    options: Options,
    shown: Status,
    foreseen: Forecast | None,
    program: tuple[str, ...],
) -> View:
    return view_of(
        found.account,
        shown,
        status.utc_now(),
        (*program, "--refresh"),
        found.advice,
        forecast=foreseen,
        show=found.show,
        own=found.template,
        hide_amount=options.hide_amount or privacy.is_hidden(found.hide_amount),
        toggle=(*program, "hide"),
    )


def foresee(account: Account, store: Store) -> Forecast | None:
    """The forecast for the account; trouble with it must not cost the balance."""
    now = status.utc_now()
    try:
        return forecast.forecast(store.books(account, now - forecast.WINDOW), now)
    except Exception:  # noqa: BLE001 - whatever it is
        debug.show_traceback()
        return None


def unforeseen(options: Options) -> View:
    """For the error that is being handled and that nobody thought of."""
    account = Account(options.account or settings.DEFAULT_ACCOUNT, options.region)
    return view_of(account, Status(problem=status.unforeseen()), status.utc_now())
