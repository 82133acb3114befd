"""``moonshot-status open``"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from moonshot_status.core.account import Account


@click.command()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Open the console of the account's region in a browser."""
    from moonshot_status.cli import errors, options
    from moonshot_status.polling import balance

    consoles = {}
    found = options.load_settings(ctx.obj)
    for settings in found:
        if settings.account.region is None:
            raise errors.from_problem(settings.problem or balance.internal_error())
        consoles[settings.account.region.console] = True
    _drop_keys([settings.account for settings in found])
    for console in consoles:
        click.launch(console)


def _drop_keys(accounts: list[Account]) -> None:
    """Delete every variable that may contain a key: the browser inherits the others."""
    from moonshot_status.config import child_environment
    from moonshot_status.core import paths
    from moonshot_status.store.database import Store

    store = Store(paths.state_folder())
    for account in accounts:
        last_key = store.load(account).key
        kept = child_environment.without_keys(os.environb, account.secret.key, last_key)
        for name in set(os.environb) - set(kept):
            del os.environb[name]
