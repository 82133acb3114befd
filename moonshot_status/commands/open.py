"""``moonshot-status open``"""

from __future__ import annotations

import click


@click.command()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Open the console of the account's region in a browser."""
    from moonshot_status import choices, failures, status

    found = choices.settings_of(ctx.obj)
    if found.account.region is None:
        raise failures.of(found.problem or status.unforeseen())
    click.launch(found.account.region.console)
