"""The command line: options in, one reply out; nothing else prints."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from moonshot_status import __version__, formats
from moonshot_status.commands import Commands
from moonshot_status.parameters import PARTS, Parts, RegionName, Seconds, Template

if TYPE_CHECKING:
    from moonshot_status.formats import Reply

DEMO_STATES = (
    "ok", "warning", "critical", "empty", "deficit",
    "stale", "offline", "rate-limited", "unauthorized",
)  # fmt: skip


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
)
@click.option(
    "--format", metavar="NAME", type=click.Choice(formats.names()), default="plain",
    help=f"One of {', '.join(formats.names())}.  [default: plain]",
)  # fmt: skip
@click.option(
    "--account", metavar="NAME",
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
    if chosen["hide_amount"] and chosen["format"] == "json":
        raise click.UsageError("--hide-amount is for bars: json holds the amounts.")
    if chosen["debug"]:
        from moonshot_status import debug

        debug.turn_on()
    if ctx.invoked_subcommand is None:
        _show_balance(ctx)


def _show_balance(ctx: click.Context) -> None:
    from moonshot_status import choices, output

    remember = _memory(ctx.obj)
    with choices.usage_errors():
        reply = _reply(ctx.obj)
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


def _reply(chosen: dict[str, Any]) -> Reply:
    from moonshot_status import choices, poll
    from moonshot_status.settings import UnknownAccountError

    render, options = formats.renderer(chosen["format"]), choices.options(chosen)
    try:
        if chosen["demo"]:
            from moonshot_status import demo

            return render(demo.view(chosen["demo"], options))
        view = poll.view(options, _this_program(chosen))
        return replace(render(view), until=view.until.timestamp())
    except UnknownAccountError:
        raise
    except Exception:  # noqa: BLE001 - a bar has to show something, whatever happened
        return render(poll.unforeseen(options))


def _this_program(chosen: dict[str, Any]) -> tuple[str, ...]:
    """The command line that runs it again for the same account."""
    program = shutil.which(sys.argv[0]) or ""
    words = (
        [str(Path(program).absolute())] if program else [sys.executable, "-m", "moonshot_status"]
    )
    for name in ("account", "region", "config"):
        if chosen[name] is not None:
            value = chosen[name].absolute() if name == "config" else chosen[name]
            words += [f"--{name}", str(value)]
    return tuple(words)
