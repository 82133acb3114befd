"""``moonshot-status open``"""

from __future__ import annotations

import click


@click.command()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Open the console of the account's region in a browser."""
    from moonshot_status import choices, failures, status

    found = choices.settings_of_each(ctx.obj)
    for settings in found:
        if settings.account.region is None:
            raise failures.of(settings.problem or status.unforeseen())
    for console in dict.fromkeys(s.account.region.console for s in found if s.account.region):
        click.launch(console)
