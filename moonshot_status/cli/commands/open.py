"""``moonshot-status open``"""

from __future__ import annotations

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
    for console in consoles:
        click.launch(console)
