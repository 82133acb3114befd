"""``moonshot-status open``"""

from __future__ import annotations

import os

import click


@click.command()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Open the console of the account's region in a browser."""
    from moonshot_status.cli import errors, options
    from moonshot_status.polling import balance

    consoles = {}
    for settings in options.load_settings(ctx.obj):
        if settings.account.region is None:
            raise errors.from_problem(settings.problem or balance.internal_error())
        consoles[settings.account.region.console] = True
    _drop_keys()
    for console in consoles:
        click.launch(console)


def _drop_keys() -> None:
    """Delete every variable that may contain a key: the browser inherits the others."""
    from moonshot_status.config.settings import BY_NAME
    from moonshot_status.core.text import mask_keys

    for name, value in list(os.environ.items()):
        if name in BY_NAME["api_key"].variables or mask_keys(value) != value:
            del os.environ[name]
