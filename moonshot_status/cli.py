"""The command line: options in, one reply out; nothing else prints."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from moonshot_status import __version__, formats
from moonshot_status.commands import Commands, heed
from moonshot_status.parameters import PARTS, AccountName, Parts, RegionName, Seconds, Template

if TYPE_CHECKING:
    from moonshot_status.formats import Reply

DEMO_STATES = (
    "ok", "warning", "critical", "empty", "deficit",
    "stale", "offline", "rate-limited", "unauthorized",
)  # fmt: skip


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
    "--account", metavar="NAME", type=AccountName(),
    help="The account of that name in the settings file, several with commas, or all.",
)  # fmt: skip
@click.option("--region", type=RegionName(), help="The platform whose key is used.")
@click.option(
    "--max-age", metavar="SECONDS", type=Seconds(0, 1e9),
    help="How old a stored balance may be to be good enough.  [default: 300]",
)  # fmt: skip
@click.option("--refresh", is_flag=True, help="Ask the API now.")
@click.option(
    "--timeout", metavar="SECONDS", type=Seconds(0.001, 3600),
    help="The limit for one whole request.  [default: 10]",
)  # fmt: skip
@click.option(
    "--config", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The settings file to read in place of the usual one.",
)  # fmt: skip
@click.option(
    "--show", metavar="PARTS", type=Parts(),
    help=f"What stands in the bar, of {', '.join(PARTS)}.  [default: balance]",
)  # fmt: skip
@click.option(
    "--template",
    metavar="TEXT",
    type=Template(),
    help="The line of --format template, such as '{balance}, {runway}'.",
)
@click.option("--hide-amount", is_flag=True, help="Show the level without any amount.")
@click.option(
    "--demo", metavar="STATE", type=click.Choice(DEMO_STATES),
    help=f"Show a made-up account: {', '.join(DEMO_STATES)}.",
)  # fmt: skip
@click.option("--debug", is_flag=True, help="Tell every step on standard error, secrets masked.")
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context, /, **chosen: Any) -> None:
    """Show the balance of a Moonshot / Kimi Open Platform account in a status bar."""
    ctx.obj = chosen
    heed(chosen)
    if ctx.invoked_subcommand is None:
        _show_balance(ctx)


def _show_balance(ctx: click.Context) -> None:
    from moonshot_status import answering, choices, output

    remember = _memory(ctx.obj)
    with choices.usage_errors():
        reply = answering.reply(ctx.obj)
    code = output.write(reply)
    remember(reply)
    ctx.exit(code)


def _memory(chosen: dict[str, Any]) -> Callable[[Reply], None]:
    """What keeps the reply for the next process that asks the same."""
    with suppress(ImportError):
        from moonshot_status import early

        if not (chosen["refresh"] or chosen["demo"] or chosen["debug"]):
            return early.memory(chosen["config"])
    return lambda _: None
