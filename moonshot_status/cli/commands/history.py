"""``moonshot-status history``"""

from __future__ import annotations

import importlib
import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click
from click.core import ParameterSource

from moonshot_status.cli.params import FirstDay, PictureFile

if TYPE_CHECKING:
    from moonshot_status.core.account import Account
    from moonshot_status.core.regions import Region
    from moonshot_status.history import DailyHistory
    from moonshot_status.spending.ledger import History

_FORMATS = ("table", "csv", "json", "chart")
# A program that reads these gets a valid document even when there is no day to tell of.
_FOR_PROGRAMS = ("csv", "json")
_NO_DAY = """There is no history yet: it begins with the second reading of the balance.
Next: moonshot-status --refresh"""
_ALL_DAYS = "Next: moonshot-status history --since all"
_NO_LIBRARY = "A picture needs matplotlib: pip install 'moonshot-status[chart]'"


@click.command()
@click.option(
    "--since", "first_day", metavar="DATE", type=FirstDay(), default="30d",
    help="From this day on: a date such as 2026-11-01, the last days such as 30d, or all."
    "  [default: 30d]",
)  # fmt: skip
@click.option(
    "--format", "name", type=click.Choice(_FORMATS), help="What is printed.  [default: table]"
)
@click.option(
    "--output", metavar="FILE", type=PictureFile(),
    help="Draw the chart into this file, .svg or .png, and print nothing.",
)  # fmt: skip
@click.pass_context
def command(ctx: click.Context, first_day: date, name: str | None, output: Path | None) -> None:
    """Show what was spent and topped up day by day."""
    _refuse_what_is_not_meant(ctx, name, output)
    history, why_empty = _history(ctx.obj, first_day)
    if why_empty:
        click.echo(f"Error: {why_empty}", err=True)
    if output is None:
        ctx.exit(_print(history, name or "table"))
    if history.days:
        _draw(history, output)
    ctx.exit(0 if history.days else 1)


def _refuse_what_is_not_meant(ctx: click.Context, name: str | None, output: Path | None) -> None:
    """Options that something else would be expected of than what they do."""
    if ctx.parent and ctx.parent.get_parameter_source("format") is ParameterSource.COMMANDLINE:
        raise click.UsageError("The format of the history stands behind the word history.", ctx)
    if name and output:
        raise click.UsageError("--output prints nothing, so --format has no meaning with it.", ctx)


def _history(params: dict[str, Any], first_day: date) -> tuple[DailyHistory, str]:
    """The days from the first on, and why there is none if there is none."""
    from moonshot_status.history import DailyHistory
    from moonshot_status.spending import daily

    account, books, trouble = _past(params)
    every = daily.by_day(books.entries, books.opening)
    days = tuple(day for day in every if day.date >= first_day)
    # Where nothing is wrong with the settings, the region is known.
    history = DailyHistory(account.name, cast("Region", account.region), days)
    if days:
        return history, ""
    if every:
        return history, f"There is no reading of {first_day} or later.\n{_ALL_DAYS}"
    return history, trouble or _NO_DAY


def _past(params: dict[str, Any]) -> tuple[Account, History, str]:
    """The account, its past, and what is wrong with the store."""
    from moonshot_status.cli import errors, options
    from moonshot_status.core import paths
    from moonshot_status.store.database import Store

    if params["demo"]:
        from moonshot_status.polling import demo

        with options.usage_errors():
            return (*demo.make_history(params["demo"], options.make_options(params)), "")
    found = options.load_settings_of_one(params)
    if found.problem:
        raise errors.from_problem(found.problem)
    store = Store(paths.state_folder())
    books = store.history(found.account)
    return found.account, books, store.error.message if store.error else ""


def _print(history: DailyHistory, name: str) -> int:
    """Print it, and return the exit status: 1 without a day, and when it cannot be written."""
    from moonshot_status.cli import output
    from moonshot_status.formats import Reply

    if not history.days and name not in _FOR_PROGRAMS:
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

    # What matplotlib tells about its fonts and caches is no news here.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        from moonshot_status.history import picture
    except ImportError as error:
        raise click.UsageError(_NO_LIBRARY) from error
    from moonshot_status.cli import output

    drawn = picture.draw(history, file.suffix.lower().removeprefix("."))
    try:
        output.write_file(file, drawn)
    except OSError as error:
        raise click.FileError(str(file), error.strerror) from error
