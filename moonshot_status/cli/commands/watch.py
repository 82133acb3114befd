"""``moonshot-status watch``"""

from __future__ import annotations

import signal
import sys
from typing import Any

import click
from click.core import ParameterSource

from moonshot_status import formats
from moonshot_status.cli.commands import apply_global_options


class _General(click.Command):
    """A command that takes the options of the whole program behind its name as well."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        general = ctx.parent.command.params if ctx.parent else []
        return [option for option in general if option.expose_value] + super().get_params(ctx)


@click.command(cls=_General)
@click.pass_context
def command(ctx: click.Context, /, **later: Any) -> None:
    """Print the balance, and again whenever it changes.

    Bars read it line by line. SIGUSR1 asks the API now. It ends when its reader or its parent does.
    """
    # Until somebody hears it, it must not be the end; a first look is coming anyway.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    from moonshot_status.cli import options
    from moonshot_status.watch import loop

    params = {**ctx.obj, **_given(ctx, later)}
    apply_global_options(params)
    update = formats.updater(params["format"])
    if update is None:
        raise click.UsageError(f"{params['format']} reads no stream: run the program again.")
    if sys.stdout is None:
        ctx.exit(1)
    with options.usage_errors():
        ctx.exit(loop.watch(options.make_request(params), update))


def _given(ctx: click.Context, later: dict[str, Any]) -> dict[str, Any]:
    """What was said behind the word; it counts before what was said earlier."""
    said = ParameterSource.COMMANDLINE
    return {name: v for name, v in later.items() if ctx.get_parameter_source(name) is said}
