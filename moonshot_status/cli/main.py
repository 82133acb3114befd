"""The command without a subcommand: parse the options and print the balance."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from moonshot_status import __version__, formats
from moonshot_status.cli.commands import Commands, apply_global_options
from moonshot_status.cli.params import ACCOUNT, seconds, setting_options

if TYPE_CHECKING:
    from moonshot_status.formats import Reply

DEMO_STATES = (
    "ok", "warning", "critical", "empty", "deficit",
    "stale", "offline", "rate-limited", "unauthorized",
)  # fmt: skip
# The others would use or change the real settings. None is the command without a subcommand.
_DEMO_COMMANDS = (None, "guard", "history", "watch")


@click.group(
    cls=Commands,
    invoke_without_command=True,
    subcommand_metavar="[COMMAND] [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
)
@click.option(
    "--format", metavar="NAME", type=click.Choice(formats.names()), default="plain",
    help=f"One of {', '.join(formats.names())}.  [default: plain]",
)  # fmt: skip
@click.option(
    "--account", metavar="NAME", type=ACCOUNT,
    help="The account of that name in the settings file, several with commas, or all.",
)  # fmt: skip
@click.option("--refresh", is_flag=True, help="Ask the API now.")
@click.option(
    "--wait", metavar="SECONDS", type=seconds(0, 3600),
    help="How long to wait for the request before the stored balance is printed; the request goes"
    " on in the background.  [default: 1 in bars]",
)  # fmt: skip
@click.option(
    "--config", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The settings file to read in place of the usual one.",
)  # fmt: skip
@setting_options
@click.option(
    "--demo", metavar="STATE", type=click.Choice(DEMO_STATES),
    help=f"Show a made-up account: {', '.join(DEMO_STATES)}.",
)  # fmt: skip
@click.option("--debug", is_flag=True, help="Tell every step on standard error, secrets masked.")
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context, /, **params: Any) -> None:
    """Show the balance of a Moonshot / Kimi Open Platform account in a status bar."""
    ctx.obj = params
    apply_global_options(params)
    if params["demo"] and ctx.invoked_subcommand not in _DEMO_COMMANDS:
        raise click.UsageError(f"--demo is not for {ctx.invoked_subcommand}.", ctx)
    if ctx.invoked_subcommand is None:
        _show_balance(ctx)


def _show_balance(ctx: click.Context) -> None:
    record = _recorder(ctx.obj)
    from moonshot_status.cli import errors, options, output
    from moonshot_status.polling.reply import make_reply

    reply = make_reply(options.make_request(ctx.obj))
    if reply.unknown_account:
        raise errors.unknown_account(reply.unknown_account)
    code = output.write(reply)
    record(reply)
    ctx.exit(code)


def _recorder(params: dict[str, Any]) -> Callable[[Reply], None]:
    """Return the function that caches the reply for the next process with this command line."""
    with suppress(ImportError):
        from moonshot_status import reply_cache

        if not (params["refresh"] or params["demo"] or params["debug"]):
            return reply_cache.recorder(params["config"])
    return lambda _: None
