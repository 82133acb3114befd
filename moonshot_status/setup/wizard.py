"""What setup asks and tells; the only module here that prints."""

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


@dataclass(frozen=True)
class SetupOptions:
    """What the command line wants of setup."""

    bars: tuple[str, ...] = ()
    key_stdin: bool = False
    key_command: str | None = None
    remove: bool = False
    dry_run: bool = False
    yes: bool = False


def run(options: Options, wish: SetupOptions) -> int:
    """Do what is wished and return the exit status. Raises click's usage errors."""
    _check(options, wish)
    with signals.keyboard_interrupt():
        try:
            if wish.remove:
                return _remove(wish)
            return _settings(options, wish) or _add(wish)
        except SetupError as error:
            click.echo(f"Error: {error}", err=True)
            return 1


def _check(options: Options, wish: SetupOptions) -> None:
    if options.account and (options.account == settings.ALL_ACCOUNTS or "," in options.account):
        raise click.UsageError("setup is for one account.")
    for name in wish.bars:
        if name not in bars.names():
            raise click.BadArgumentUsage(f"{name!r} is not one of {', '.join(bars.names())}.")
    if wish.key_stdin and wish.key_command is not None:
        raise click.UsageError("--key-stdin and --key-command exclude each other.")
    if wish.remove and (wish.key_stdin or wish.key_command is not None):
        raise click.UsageError("--remove needs no key.")
    if not (_is_terminal() or wish.yes or wish.dry_run):
        raise click.UsageError("Without a terminal, --yes or --dry-run is needed; nothing is done.")


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


# The settings


def _settings(options: Options, wish: SetupOptions) -> int:
    """See to the region and the key; the exit status is 0 where a bar can follow."""
    given = wish.key_stdin or wish.key_command is not None
    there = None if given else key.present(options)
    if there:
        proof = key.current_balance(options)
        click.echo(f"Settings: the key in {key.holder(options)} stays.")
        click.echo(proof.line)
        _tell(proof.problem)
        return 0
    path = paths.short(key.path_of(options))
    if wish.dry_run:
        click.echo(f"Settings: would ask for region and key, and write {path}.")
        return 0
    region = _region(options, wish)
    content = key.written(options, region, _secret(wish))
    proof = key.verify(options, content, os.environ)
    click.echo(proof.line)
    if not _may_write(proof, wish):
        return 1
    is_new = key.write(options, content)
    click.echo(f"Settings: {path} {'is written' if is_new else 'stays'}, for your eyes only.")
    return 0


def _region(options: Options, wish: SetupOptions) -> Region:
    default = options.region or key.region_there(options) or Region.INTERNATIONAL
    if options.region or wish.yes or not _is_terminal():
        return default
    click.echo("A key of platform.moonshot.ai is international, one of platform.kimi.com is china.")
    names = click.Choice([region.value for region in Region])
    return Region(click.prompt("Region", type=names, default=default.value))


def _secret(wish: SetupOptions) -> Secret:
    if wish.key_command is not None:
        return Secret(command=_words(wish.key_command))
    if wish.key_stdin and not _is_terminal():
        return Secret(_piped_key())
    if not _is_terminal():
        raise click.UsageError("There is no key: give --key-stdin or --key-command.")
    return Secret(_typed_key())


def _words(text: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise click.UsageError("--key-command has quotes that do not match.") from error
    if not words or not words[0]:
        raise click.UsageError("--key-command is empty.")
    return words


def _piped_key() -> str:
    line = sys.stdin.readline(1 << 16).rstrip("\r\n")
    try:
        return key.checked(line)
    except ProblemError as error:
        raise SetupError(f"{error.problem.message}. {error.problem.hint}") from error


def _typed_key() -> str:
    while True:
        try:
            return key.checked(click.prompt("Key (it is not shown)", hide_input=True))
        except ProblemError as error:
            _tell(error.problem)


def _may_write(proof: Verification, wish: SetupOptions) -> bool:
    """Whether the key is proved, or the user wants it all the same."""
    if proof.holds:
        return True
    _tell(proof.problem)
    if proof.is_open and _is_terminal() and not wish.yes:
        return click.confirm("The key could not be proved. Write it all the same?")
    click.echo("Nothing is written.", err=True)
    return False


def _tell(problem: Problem | None) -> None:
    if problem:
        click.echo(f"{problem.message}. {problem.hint}".strip(), err=True)


# The bars


def _add(wish: SetupOptions) -> int:
    chosen = [bars.load(name) for name in wish.bars or bars.names()]
    found = [bar for bar in chosen if wish.bars or bar.is_here()]
    if not found:
        click.echo(f"No bar was found. Name one: moonshot-status setup {bars.names()[-1]}")
    code = max([_each(bar, plan.to_add, wish, "is there already") for bar in found], default=0)
    if found and not path_link.is_found() and not wish.dry_run:
        click.echo("No bar finds moonshot-status: it has to be in ~/.local/bin.", err=True)
    return code


def _remove(wish: SetupOptions) -> int:
    chosen = [bars.load(name) for name in wish.bars or bars.names()]
    code = max(_each(bar, plan.to_remove, wish, "is not there") for bar in chosen)
    click.echo("The settings and the key stay.")
    return code


def _each(bar: Bar, planned: Callable[[Bar], Plan], wish: SetupOptions, nothing: str) -> int:
    """One bar from plan to end; trouble with it is no trouble for the next."""
    try:
        found = planned(bar)
        return _carry_out(found, wish, nothing)
    except SetupError as error:
        click.echo(f"{bar.title}: {error}.", err=True)
        return 1


def _carry_out(found: Plan, wish: SetupOptions, nothing: str) -> int:
    title = found.bar.title
    for note in found.notes:
        click.echo(f"{title}: {note}.")
    if found.is_empty:
        click.echo(f"{title}: the module {nothing}.")
        return 0
    found.check()
    for paragraph in found.shown():
        click.echo(paragraph)
    if wish.dry_run:
        click.echo(f"{title}: this would be changed.")
        return 0
    if not wish.yes and not click.confirm(f"{title}: change this?"):
        click.echo(f"{title}: nothing is changed.")
        return 0
    found.carry_out()
    click.echo(f"{title}: done. Now {found.bar.afterwards}")
    return 0
