"""``moonshot-status hide``"""

from __future__ import annotations

import click


@click.command()
@click.argument("state", type=click.Choice(["on", "off", "toggle"]), default="toggle")
@click.pass_context
def command(ctx: click.Context, state: str) -> None:
    """Hide the amounts in every bar, or show them again.

    Levels, the runway and everything that is wrong are shown all the same.
    """
    from moonshot_status.cli import options
    from moonshot_status.config import hide_amounts

    hidden = state == "on"
    if state == "toggle":
        hidden = not hide_amounts.is_hidden(options.load_settings_of_one(ctx.obj)["hide_amount"])
    try:
        hide_amounts.set_hidden(hidden)
    except OSError as error:
        raise click.ClickException(
            f"{hide_amounts.path()} cannot be written: {error.strerror}"
        ) from error
