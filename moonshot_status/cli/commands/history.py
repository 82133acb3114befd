"""``moonshot-status history``"""

from __future__ import annotations

import importlib
import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click
from click.core import ParameterSource

from moonshot_status.cli.params import FIRST_DAY, PICTURE
from moonshot_status.core.text import escaped

if TYPE_CHECKING:
    from moonshot_status.core.account import Account
    from moonshot_status.core.regions import Region
    from moonshot_status.history import DailyHistory
    from moonshot_status.spending.ledger import History

_FORMATS = ("table", "csv", "json", "chart")
# These are printed even without a day, because a program reads them and needs a valid document.
_MACHINE_READABLE = ("csv", "json")
_NO_DAY = """There is no history yet: it begins with the second reading of the balance.
Next: moonshot-status --refresh"""
_ALL_DAYS = "Next: moonshot-status history --since all"
_NO_LIBRARY = "A picture needs matplotlib: pip install 'moonshot-status[chart]'"


@click.command()
@click.option(
    "--since", "first_day", metavar="DATE", type=FIRST_DAY, default="30d",
    help="From this day on: a date such as 2026-11-01, the last days such as 30d, or all."
    "  [default: 30d]",
)  # fmt: skip
@click.option(
    "--format", "name", type=click.Choice(_FORMATS), help="What is printed.  [default: table]"
)
@click.option(
    "--output", metavar="FILE", type=PICTURE,
    help="Draw the chart into this file, .svg or .png, and print nothing.",
)  # fmt: skip
@click.pass_context
def command(ctx: click.Context, first_day: date, name: str | None, output: Path | None) -> None:
    """Show what was spent and topped up day by day."""
    _reject_conflicting_options(ctx, name, output)
    history, why_empty = _history(ctx.obj, first_day)
    if why_empty:
        click.echo(escaped(f"Error: {why_empty}"), err=True)
    if output is None:
        ctx.exit(_print(history, name or "table"))
    if history.days:
        _draw(history, output)
    ctx.exit(0 if history.days else 1)


def _reject_conflicting_options(ctx: click.Context, name: str | None, output: Path | None) -> None:
    """Raise click's usage error for an option that would have no effect."""
    if ctx.parent and ctx.parent.get_parameter_source("format") is ParameterSource.COMMANDLINE:
        raise click.UsageError("The format of the history stands behind the word history.", ctx)
    if name and output:
        raise click.UsageError("--output prints nothing, so --format has no meaning with it.", ctx)


def _history(params: dict[str, Any], first_day: date) -> tuple[DailyHistory, str]:
    """Return the days from ``first_day`` on, and the error to show if there are none."""
    from moonshot_status.history import DailyHistory
    from moonshot_status.spending import daily

    account, past, error = _load(params)
    every = daily.by_day(past.entries, past.opening)
    days = tuple(day for day in every if day.date >= first_day)
    # The region is known because there is no problem with the settings.
    history = DailyHistory(account.name, cast("Region", account.region), days)
    if days:
        return history, ""
    if every:
        return history, f"There is no reading of {first_day} or later.\n{_ALL_DAYS}"
    return history, error or _NO_DAY


def _load(params: dict[str, Any]) -> tuple[Account, History, str]:
    """Return the account, its history, and the error of the store, which is empty without one."""
    from moonshot_status.cli import errors, options
    from moonshot_status.core import paths
    from moonshot_status.store.database import Store

    if params["demo"]:
        from moonshot_status.polling import demo

        return (*demo.make_history(params["demo"], options.make_options(params)), "")
    settings = options.load_settings_of_one(params)
    if settings.problem:
        raise errors.from_problem(settings.problem)
    store = Store(paths.state_folder())
    history = store.history(settings.account)
    return settings.account, history, store.error.message if store.error else ""


def _print(history: DailyHistory, name: str) -> int:
    """Print the history and return the exit status: 1 without a day or if printing fails."""
    from moonshot_status.cli import output
    from moonshot_status.formats import Reply

    if not history.days and name not in _MACHINE_READABLE:
        return 1
    return output.write(Reply(_text(history, name), 0 if history.days else 1))


def _text(history: DailyHistory, name: str) -> str:
    if name == "chart":
        from moonshot_status.history import chart

        return chart.render(history, shutil.get_terminal_size().columns)
    text: str = importlib.import_module(f"moonshot_status.history.{name}").render(history)
    return text


def _draw(history: DailyHistory, file: Path) -> None:
    import logging

    # matplotlib warns about its fonts and caches.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        from moonshot_status.history import picture
    except ImportError as error:
        raise click.UsageError(_NO_LIBRARY) from error
    from moonshot_status.cli import output

    content = picture.draw(history, file.suffix.lower().removeprefix("."))
    try:
        output.write_file(file, content)
    except OSError as error:
        raise click.FileError(str(file), error.strerror) from error
