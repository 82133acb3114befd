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
    from moonshot_status import choices, privacy

    hidden = state == "on"
    if state == "toggle":
        hidden = not privacy.is_hidden(choices.settings_of(ctx.obj).hide_amount)
    try:
        privacy.remember(hidden)
    except OSError as error:
        raise click.ClickException(
            f"{privacy.path()} cannot be written: {error.strerror}"
        ) from error
