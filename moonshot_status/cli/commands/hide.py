"""``moonshot-status hide``"""

from __future__ import annotations

import os

import click


@click.command()
@click.argument("state", type=click.Choice(["on", "off", "toggle"]), default="toggle")
@click.pass_context
def command(ctx: click.Context, state: str) -> None:
    """Hide the amounts in every bar, or show them again.

    Levels, the runway and everything that is wrong are shown all the same.
    """
    from moonshot_status.cli import options
    from moonshot_status.config import hide_amounts, resolver

    hidden = state == "on"
    if state == "toggle":
        # The menu of several accounts calls it with all their names, also of one that is gone.
        accounts, file = resolver.each_account(options.make_options(ctx.obj))
        settings = [resolver.resolve(account, os.environ, file) for account in accounts]
        hidden = not all(hide_amounts.is_hidden(found["hide_amount"]) for found in settings)
    try:
        hide_amounts.set_hidden(hidden)
    except OSError as error:
        raise click.ClickException(
            f"{hide_amounts.path()} cannot be written: {error.strerror}"
        ) from error
