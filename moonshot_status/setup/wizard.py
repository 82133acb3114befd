"""Run the command ``setup``: all of its prompts and messages are here."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass

import click

from moonshot_status.config import settings
from moonshot_status.config.settings import Options
from moonshot_status.core import signals
from moonshot_status.core.account import Secret
from moonshot_status.core.errors import Problem, ProblemError
from moonshot_status.core.regions import Region
from moonshot_status.setup import SetupError, bars, key, path_link, paths, plan
from moonshot_status.setup.bars import Bar
from moonshot_status.setup.key import Verification
from moonshot_status.setup.plan import Plan

_KEY_LIMIT = 1 << 16


@dataclass(frozen=True)
class SetupOptions:
    """The options and arguments of the command."""

    bars: tuple[str, ...] = ()
    key_stdin: bool = False
    key_command: str | None = None
    remove: bool = False
    dry_run: bool = False
    yes: bool = False


def run(global_options: Options, options: SetupOptions) -> int:
    """Run the command and return the exit status. Raises click.UsageError."""
    _check_usage(global_options, options)
    with signals.keyboard_interrupt():
        try:
            if options.remove:
                return _remove_from_bars(options)
            return _set_up_key(global_options, options) or _add_to_bars(options)
        except SetupError as error:
            click.echo(f"Error: {error}", err=True)
            return 1


def _check_usage(global_options: Options, options: SetupOptions) -> None:
    account = global_options.account
    if account and (account == settings.ALL_ACCOUNTS or "," in account):
        raise click.UsageError("setup is for one account.")
    for name in options.bars:
        if name not in bars.names():
            raise click.BadArgumentUsage(f"{name!r} is not one of {', '.join(bars.names())}.")
    if options.key_stdin and options.key_command is not None:
        raise click.UsageError("--key-stdin and --key-command exclude each other.")
    if options.remove and (options.key_stdin or options.key_command is not None):
        raise click.UsageError("--remove needs no key.")
    if not (_is_terminal() or options.yes or options.dry_run):
        raise click.UsageError("Without a terminal, --yes or --dry-run is needed; nothing is done.")


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


# The region and the key


def _set_up_key(global_options: Options, options: SetupOptions) -> int:
    """Save the region and the key unless there is a key; return 0 if the bars can be set up."""
    is_key_given = options.key_stdin or options.key_command is not None
    if not is_key_given and key.existing_settings(global_options):
        verification = key.verify_existing(global_options)
        click.echo(f"Settings: the key in {key.key_location(global_options)} stays.")
        click.echo(verification.line)
        _print_problem(verification.problem)
        return 0
    path = paths.display(key.path_of(global_options))
    if options.dry_run:
        click.echo(f"Settings: would ask for region and key, and write {path}.")
        return 0
    region = _ask_region(global_options, options)
    content = key.edited(global_options, region, _read_secret(options))
    verification = key.verify(global_options, content, os.environ)
    click.echo(verification.line)
    if not _should_save(verification, options):
        return 1
    changed = key.save(global_options, content)
    click.echo(f"Settings: {path} {'is written' if changed else 'stays'}, for your eyes only.")
    return 0


def _ask_region(global_options: Options, options: SetupOptions) -> Region:
    """Return the region from the command line or the prompt."""
    given = global_options.region
    default = given or key.existing_region(global_options) or Region.INTERNATIONAL
    if given or options.yes or not _is_terminal():
        return default
    click.echo("A key of platform.moonshot.ai is international, one of platform.kimi.com is china.")
    names = click.Choice([region.value for region in Region])
    return Region(click.prompt("Region", type=names, default=default.value))


def _read_secret(options: SetupOptions) -> Secret:
    """Return the key or key command. Raises click.UsageError if there is none, and SetupError."""
    if options.key_command is not None:
        return Secret(command=_split_command(options.key_command))
    if options.key_stdin and not _is_terminal():
        return Secret(_read_piped_key())
    if not _is_terminal():
        raise click.UsageError("There is no key: give --key-stdin or --key-command.")
    return Secret(_prompt_key())


def _split_command(text: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise click.UsageError("--key-command has quotes that do not match.") from error
    if not words or not words[0]:
        raise click.UsageError("--key-command is empty.")
    return words


def _read_piped_key() -> str:
    line = sys.stdin.readline(_KEY_LIMIT).rstrip("\r\n")
    try:
        return key.validated(line)
    except ProblemError as error:
        raise SetupError(f"{error.problem.message}. {error.problem.hint}") from error


def _prompt_key() -> str:
    while True:
        try:
            return key.validated(click.prompt("Key (it is not shown)", hide_input=True))
        except ProblemError as error:
            _print_problem(error.problem)


def _should_save(verification: Verification, options: SetupOptions) -> bool:
    """Return whether the key is valid, or unverified and the user wants to save it anyway."""
    if verification.is_verified:
        return True
    _print_problem(verification.problem)
    if verification.is_inconclusive and _is_terminal() and not options.yes:
        return click.confirm("The key could not be proved. Write it all the same?")
    click.echo("Nothing is written.", err=True)
    return False


def _print_problem(problem: Problem | None) -> None:
    if problem:
        click.echo(f"{problem.message}. {problem.hint}".strip(), err=True)


# The bars


def _add_to_bars(options: SetupOptions) -> int:
    named = [bars.load(name) for name in options.bars]
    chosen = named or [bar for bar in map(bars.load, bars.names()) if bar.is_installed()]
    if not chosen:
        click.echo(f"No bar was found. Name one: moonshot-status setup {bars.names()[-1]}")
        return 0
    status = max(_process(bar, plan.to_add, options, "is there already") for bar in chosen)
    if not path_link.bars_find_program() and not options.dry_run:
        click.echo("No bar finds moonshot-status: it has to be in ~/.local/bin.", err=True)
    return status


def _remove_from_bars(options: SetupOptions) -> int:
    chosen = [bars.load(name) for name in options.bars or bars.names()]
    status = max(_process(bar, plan.to_remove, options, "is not there") for bar in chosen)
    click.echo("The settings and the key stay.")
    return status


def _process(
    bar: Bar, make_plan: Callable[[Bar], Plan], options: SetupOptions, no_changes: str
) -> int:
    """Plan and carry out the changes to one bar; an error does not affect the other bars."""
    try:
        return _carry_out(make_plan(bar), options, no_changes)
    except SetupError as error:
        click.echo(f"{bar.title}: {error}.", err=True)
        return 1


def _carry_out(bar_plan: Plan, options: SetupOptions, no_changes: str) -> int:
    """Show the plan and carry it out if the user agrees; ``no_changes`` is for an empty plan."""
    title = bar_plan.bar.title
    for note in bar_plan.notes:
        click.echo(f"{title}: {note}.")
    if bar_plan.is_empty:
        click.echo(f"{title}: the module {no_changes}.")
        return 0
    bar_plan.check()
    for paragraph in bar_plan.preview():
        click.echo(paragraph)
    if options.dry_run:
        click.echo(f"{title}: this would be changed.")
        return 0
    if not options.yes and not click.confirm(f"{title}: change this?"):
        click.echo(f"{title}: nothing is changed.")
        return 0
    bar_plan.carry_out()
    click.echo(f"{title}: done. Now {bar_plan.bar.next_step}")
    return 0
