"""Run the command ``setup``: all of its prompts and messages are here."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass

import click

from moonshot_status.config import api_key, settings
from moonshot_status.config.api_key import WrittenKey
from moonshot_status.config.settings import Options
from moonshot_status.core import signals
from moonshot_status.core.account import Secret
from moonshot_status.core.errors import Problem, ProblemError
from moonshot_status.core.regions import DEFAULT_REGION, Region
from moonshot_status.core.text import escaped
from moonshot_status.polling import poll
from moonshot_status.setup import SetupError, bars, key, path_link, paths, plan
from moonshot_status.setup.bars import Bar
from moonshot_status.setup.key import Verification
from moonshot_status.setup.plan import Plan


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
            if options.remove or _set_up_key(global_options, options):
                return _set_up_bars(options)
        except SetupError as error:
            _echo(f"Error: {error}", err=True)
        except ProblemError as error:
            _print_problem(error.problem, "Error: ")
    return 1


def _check_usage(global_options: Options, options: SetupOptions) -> None:
    account = global_options.account
    if account is not None and (account in ("", settings.ALL_ACCOUNTS) or "," in account):
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


def _echo(text: str, *, err: bool = False) -> None:
    """Print the text, with what is not printable in it escaped."""
    click.echo(escaped(text), err=err)


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


# The region and the key


def _set_up_key(global_options: Options, options: SetupOptions) -> bool:
    """Save the region and the key unless there is a key; return whether the bars can be set up."""
    is_key_given = options.key_stdin or options.key_command is not None
    if not is_key_given and (file := key.existing_key(global_options)):
        view = poll.poll(global_options, ())
        _echo(f"Settings: the key in {file} stays.")
        _echo(view.line)
        _print_problem(view.problem)
        return True
    key.require_trust(global_options)
    path = paths.display(key.path_of(global_options))
    if options.dry_run:
        _echo(f"Settings: would ask for region and key, and write {path}.")
        return True
    region = _ask_region(global_options, options)
    content = key.edited(global_options, region, _read_secret(options))
    verification = key.verify(global_options, content, os.environ)
    _echo(verification.line)
    if not _should_save(verification, options):
        return False
    changed = key.save(global_options, content)
    mode = key.mode(global_options)
    _echo(f"Settings: {path} {'is written' if changed else 'stays'} (mode {mode:04o}).")
    return True


def _ask_region(global_options: Options, options: SetupOptions) -> Region:
    """Return the region from the command line or the prompt."""
    given = global_options.region
    default = given or key.existing_region(global_options) or DEFAULT_REGION
    if given or options.yes or not _is_terminal():
        return default
    _echo(f"A key of {', one of '.join(f'{r.platform} is {r.value}' for r in Region)}.")
    names = click.Choice([region.value for region in Region], case_sensitive=False)
    return Region(click.prompt("Region", type=names, default=default.value))


def _read_secret(options: SetupOptions) -> Secret:
    """Return the key or key command. Raises click.UsageError if there is none, and ProblemError."""
    if options.key_command is not None:
        return Secret(command=_split_command(options.key_command))
    if _is_terminal():
        return _prompt_key()
    if options.key_stdin:
        return _secret(api_key.read_stdin(sys.stdin.buffer if sys.stdin else None))
    raise click.UsageError("There is no key: give --key-stdin or --key-command.")


def _split_command(text: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise click.UsageError("--key-command has quotes that do not match.") from error
    if not words or not words[0]:
        raise click.UsageError("--key-command is empty.")
    return words


def _prompt_key() -> Secret:
    while True:
        written = api_key.read(click.prompt("Key (it is not shown)", hide_input=True))
        try:
            api_key.validated(written.key)
        except ProblemError as error:
            _print_problem(error.problem)
        else:
            return _secret(written)


def _secret(written: WrittenKey) -> Secret:
    """Return the key, and tell the user what was ignored around it."""
    if written.ignored:
        click.echo(f"{api_key.note('The key', written.ignored)}.", err=True)
    return Secret(written.key)


def _should_save(verification: Verification, options: SetupOptions) -> bool:
    """Return whether the key is valid, or unverified and the user wants to save it anyway."""
    if verification.is_verified:
        return True
    _print_problem(verification.problem)
    if verification.is_inconclusive and _is_terminal() and not options.yes:
        return click.confirm("The key could not be proved. Write it all the same?")
    _echo("Nothing is written.", err=True)
    return False


def _print_problem(problem: Problem | None, prefix: str = "") -> None:
    if problem:
        _echo(f"{prefix}{problem.message}. {problem.hint}".strip(), err=True)


# The bars


def _set_up_bars(options: SetupOptions) -> int:
    """Add the module to the named or installed bars, or remove it from the named or all bars."""
    chosen = [bars.load(name) for name in options.bars or bars.names()]
    if not options.bars and not options.remove:
        chosen = [bar for bar in chosen if bar.is_installed()]
    if not chosen:
        _echo(f"No bar was found. Name one: moonshot-status setup {bars.names()[-1]}")
        return 0
    status = max(_set_up_bar(bar, options) for bar in chosen)
    if options.remove:
        _echo("The settings and the key stay.")
    elif not path_link.bars_find_program() and not options.dry_run:
        _echo("No bar finds moonshot-status: it has to be in ~/.local/bin.", err=True)
    return status


def _set_up_bar(bar: Bar, options: SetupOptions) -> int:
    """Change one bar and return the exit status; an error does not affect the other bars."""
    try:
        _change(_plan(bar, options), options)
    except SetupError as error:
        _echo(f"{bar.title}: {error}.", err=True)
        return 1
    return 0


def _plan(bar: Bar, options: SetupOptions) -> Plan:
    """Plan the change. Raises SetupError."""
    try:
        return plan.to_remove(bar) if options.remove else plan.to_add(bar)
    except OSError as error:
        raise SetupError(f"{error.filename} cannot be read: {error.strerror}") from error


def _change(bar_plan: Plan, options: SetupOptions) -> None:
    """Show the plan and carry it out if the user agrees. Raises SetupError."""
    title = bar_plan.bar.title
    for note in bar_plan.notes:
        _echo(f"{title}: {note}.")
    if bar_plan.is_empty:
        state = "is not there" if options.remove else "is there already"
        _echo(f"{title}: the module {state}.")
        return
    bar_plan.check()
    for paragraph in bar_plan.preview():
        _echo(paragraph)
    if options.dry_run:
        _echo(f"{title}: this would be changed.")
    elif options.yes or click.confirm(f"{title}: change this?"):
        bar_plan.carry_out()
        _echo(f"{title}: done. Now {bar_plan.bar.next_step}")
    else:
        _echo(f"{title}: nothing is changed.")
