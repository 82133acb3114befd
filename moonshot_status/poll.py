"""One look at the account: from the settings to a View."""

from __future__ import annotations

import os
from datetime import datetime

from moonshot_status import folders, settings
from moonshot_status.account import Account
from moonshot_status.settings import Options, UnknownAccount
from moonshot_status.status import Status, Terms, current, unforeseen, utc_now
from moonshot_status.store import Store
from moonshot_status.view import View, view_of


def view(options: Options, refresh_command: tuple[str, ...]) -> View:
    """What there is to show. Raises UnknownAccount; every other trouble is in the View.

    ``refresh_command`` is what a menu runs to ask the API now.
    """
    since = utc_now()
    try:
        account, status = _look(options, since)
    except UnknownAccount:
        raise
    except Exception:  # noqa: BLE001 - a bar has to show something, whatever happened
        account = Account(options.account or settings.DEFAULT_ACCOUNT, options.region)
        status = Status(problem=unforeseen())
    return view_of(account, status, utc_now(), refresh_command)


def _look(options: Options, since: datetime) -> tuple[Account, Status]:
    found = settings.resolve(options, os.environ)
    if found.problem:
        return found.account, Status(problem=found.problem)
    terms = Terms(found.max_age, found.timeout, since, options.refresh)
    return found.account, current(found.account, Store(folders.state_folder()), terms)
