"""One look at the account: from the settings to a View."""

from __future__ import annotations

import os

from moonshot_status import debug, folders, settings, status
from moonshot_status.account import Account
from moonshot_status.settings import Options
from moonshot_status.status import Status, Terms
from moonshot_status.store import Store
from moonshot_status.view import View, view_of


def view(options: Options, refresh_command: tuple[str, ...]) -> View:
    """What there is to show. Raises UnknownAccountError; every other trouble is in the View.

    ``refresh_command`` is what a menu runs to ask the API now. Who wants to be told of a change of
    level is told.
    """
    since = status.utc_now()
    found = settings.resolve(options, os.environ)
    if found.problem:
        debug.say(f"{found.problem.kind.value}: {found.problem.message}")
        shown = Status(problem=found.problem)
        return view_of(found.account, shown, status.utc_now(), refresh_command, found.advice)
    terms = Terms(found.max_age, found.timeout, since, options.refresh)
    store = Store(folders.state_folder())
    shown = status.current(found.account, store, terms)
    view = view_of(found.account, shown, status.utc_now(), refresh_command, found.advice)
    if found.notify_command:
        from moonshot_status import announcement

        announcement.announce(found, shown, view, store, days_left=None)
    return view


def unforeseen(options: Options) -> View:
    """For the error that is being handled and that nobody thought of."""
    account = Account(options.account or settings.DEFAULT_ACCOUNT, options.region)
    return view_of(account, Status(problem=status.unforeseen()), status.utc_now())
