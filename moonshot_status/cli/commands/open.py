"""``moonshot-status open``"""

from __future__ import annotations

import click


@click.command()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Open the console of the account's region in a browser."""
    from moonshot_status.cli import errors, options
    from moonshot_status.polling import balance

    found = options.load_settings(ctx.obj)
    for settings in found:
        if settings.account.region is None:
            raise errors.from_problem(settings.problem or balance.internal_error())
    for console in dict.fromkeys(s.account.region.console for s in found if s.account.region):
        click.launch(console)
