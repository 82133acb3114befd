"""``moonshot-status watch``"""

from __future__ import annotations

import signal
import sys
from typing import Any

import click
from click.core import ParameterSource

from moonshot_status import formats
from moonshot_status.cli.commands import apply_global_options


class _WithGlobalOptions(click.Command):
    """A command that accepts the global options after its name, too."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        options = ctx.parent.command.params if ctx.parent else []
        return [option for option in options if option.expose_value] + super().get_params(ctx)


@click.command(cls=_WithGlobalOptions)
@click.pass_context
def command(ctx: click.Context, /, **own_params: Any) -> None:
    """Print the balance, and again whenever it changes.

    Bars read it line by line. SIGUSR1 asks the API now. It ends when its reader or its parent does.
    """
    # Before there is a handler SIGUSR1 would end the process; the first poll is coming anyway.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    from moonshot_status.cli import errors, options
    from moonshot_status.core import safe_read
    from moonshot_status.watch import loop
    from moonshot_status.watch.scheduler import UnknownAccountError

    params = {**ctx.obj, **_given(ctx, own_params)}
    apply_global_options(params)
    update = formats.update_renderer(params["format"])
    if update is None:
        raise click.UsageError(f"{params['format']} reads no stream: run the program again.")
    if params["config"] and safe_read.is_pipe(params["config"]):
        reason = "a pipe can be read only once, but watch needs the settings again: name a file."
        raise click.BadParameter(reason, ctx, param_hint="'--config'")
    if sys.stdout is None:
        ctx.exit(1)
    try:
        ctx.exit(loop.watch(options.make_request(params), update))
    except UnknownAccountError as error:
        raise errors.unknown_account(str(error)) from error


def _given(ctx: click.Context, params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that were given after the subcommand's name."""
    source = ParameterSource.COMMANDLINE
    return {name: v for name, v in params.items() if ctx.get_parameter_source(name) is source}
