"""``moonshot-status config``"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from moonshot_status.cli import errors
from moonshot_status.cli.params import ACCOUNT
from moonshot_status.core.text import escaped

if TYPE_CHECKING:
    from moonshot_status.config.edit import Edit, Target
    from moonshot_status.config.settings import Settings
    from moonshot_status.config.settings_file import SettingsFile
    from moonshot_status.core.errors import Problem


@click.group()
def command() -> None:
    """Show, check and change the settings."""


@command.command()
@click.pass_obj
def show(params: dict[str, Any]) -> None:
    """Show each setting of the account and where it came from.

    Of the key no more than the end is shown.
    """
    from moonshot_status.cli import options, settings_table
    from moonshot_status.core.text import one_line

    settings = options.load_settings_of_one(params)
    rows = [[one_line(cell, 400) for cell in row] for row in settings_table.rows(settings)]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for name, value, origin in rows:
        click.echo(f"{name:{widths[0]}}  {value:{widths[1]}}  {origin}".rstrip())
    if settings.accounts:
        click.echo(f"\nAccounts: {', '.join(one_line(name, 40) for name in settings.accounts)}")
    if settings.problem:
        raise errors.from_problem(settings.with_remarks(settings.problem))
    for line in (settings.advice, *(remark.sentences for remark in settings.remarks)):
        if line:
            click.echo(line, err=True)


@command.command()
@click.pass_obj
def path(params: dict[str, Any]) -> None:
    """Print where the settings file is, or would be."""
    from moonshot_status.cli import output

    output.write_path(_path(params))


def _path(params: dict[str, Any]) -> Path:
    from moonshot_status.config import settings_file

    given: Path | None = params["config"]
    return given.absolute() if given else settings_file.default_path()


@command.command()
@click.pass_obj
def validate(params: dict[str, Any]) -> None:
    """Check the settings file, for every account, or the settings elsewhere if there is none.

    The exit status is 0 when there are settings without a mistake, else 1. What else would stop the
    account, in CodexBar's file or in the environment, is a mistake too.
    """
    from moonshot_status.cli import options

    file = _path(params)
    has_file = _validate_file(file)
    settings = options.load_settings_of_one(params)
    if settings.problem:
        _raise_unless_harmless(settings.problem, file, has_file=has_file)
    if settings.advice:
        click.echo(escaped(f"{settings.advice}."), err=True)
    for remark in settings.remarks:
        click.echo(escaped(remark.sentences), err=True)
    if has_file:
        click.echo(escaped(f"{file} is valid."))
    else:
        places = _places(settings)
        click.echo(escaped(f"{file} is not there. What is used instead is valid: {places}."))


def _validate_file(file: Path) -> bool:
    """Return whether there is a file; raise click's exception if there is a mistake in it."""
    from moonshot_status.config import settings_file
    from moonshot_status.config.validation import dangers_of, problems_in

    try:
        raw = settings_file.read_bytes(file, pipe=True)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}."
        raise errors.Failure(message, "Next: moonshot-status doctor") from error
    problems = problems_in(file, raw) or dangers_of(file, required=True)
    if problems:
        raise _mistakes(problems)
    return True


def _raise_unless_harmless(problem: Problem, file: Path, *, has_file: bool) -> None:
    """Raise click's exception for a problem outside the file; a file needs no key."""
    from moonshot_status.core.errors import Kind

    if problem.kind is not Kind.NO_KEY:
        raise _mistakes([problem])
    if not has_file:
        message = f"{file} is not there. {problem.message}."
        raise errors.Failure(message, problem.hint, "Next: moonshot-status setup")


def _mistakes(problems: list[Problem]) -> errors.Failure:
    """Print the problems, and return the exception to raise."""
    from moonshot_status.core.errors import Kind

    for problem in problems:
        click.echo(escaped(f"{problem.message}. {problem.hint}"))
    count = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
    next_step = problems[0].next_step
    if next_step == Kind.CONFIG.next_step:  # That is this command.
        next_step = f"Next: correct {problems[0].place}"
    return errors.Failure(f"{count}.", next_step)


def _places(settings: Settings) -> str:
    """Return where the region, the key and the base URL come from."""
    origins = [settings.origins[name] for name in ("key", "region", "base_url")]
    return ", ".join(dict.fromkeys(origin for origin in origins if origin != "default"))


def _complete_key(_: click.Context, __: click.Parameter, incomplete: str) -> list[Any]:
    from moonshot_status.cli import completion
    from moonshot_status.config.settings import BY_NAME

    return completion.items(BY_NAME, incomplete)


@command.command("set")
@click.argument("key", shell_complete=_complete_key)
@click.argument("value")
@click.pass_context
def set_(ctx: click.Context, key: str, value: str) -> None:
    """Set KEY, such as max_age or thresholds.warning, to VALUE.

    It is set for the account that --account names, else for all; accounts.NAME.KEY is the KEY of
    an account, which is made if need be. A list is written as JSON, or as its words: balance,runway
    for show, 'pass show moonshot' for api_key_command. Nothing is written that would be a mistake.
    """
    from moonshot_status.config import edit

    if key.rpartition(".")[2] == "api_key":
        raise _key_in_arguments(ctx)
    target = _target(ctx, key)
    _change(ctx, key, (target, edit.parse_value(target.setting, value)))


@command.command()
@click.argument("key", shell_complete=_complete_key)
@click.pass_context
def unset(ctx: click.Context, key: str) -> None:
    """Take KEY out of the settings file."""
    from moonshot_status.config import edit

    _change(ctx, key, (_target(ctx, key), edit.UNSET))


def _change(ctx: click.Context, key: str, *edits: Edit) -> None:
    from moonshot_status.config import edit
    from moonshot_status.core.text import one_line

    file = _path(ctx.obj)
    with errors.problems_as_click_errors():
        try:
            changed = edit.change(file, *edits)
        except edit.RefusedError as error:
            next_step = f"Next: {ctx.command_path} --help"
            raise errors.Failure(f"{error}.", next_step) from error
    result = "changed in" if changed else "nothing to change in"
    click.echo(f"{one_line(key, 80)}: {result} {escaped(str(file))}")


def _target(ctx: click.Context, key: str) -> Target:
    from moonshot_status.config import edit
    from moonshot_status.config.settings import BY_NAME
    from moonshot_status.core.text import one_line

    target = edit.find(key)
    if target is None:
        raise click.BadParameter(
            f"there is no setting {one_line(key, 40)!r}; there is: {', '.join(BY_NAME)}.",
            ctx,
            param_hint="KEY",
        )
    return target if target.account else replace(target, account=_account(ctx.obj))


def _account(params: dict[str, Any]) -> str | None:
    """Return the account that --account names; None for the settings of all accounts."""
    from moonshot_status.cli import options

    if params["account"] is None:
        return None
    file = _file(params)
    name = options.load_settings_of_one(params).account.name
    return name if name in file.accounts else None


def _file(params: dict[str, Any]) -> SettingsFile:
    from moonshot_status.config import settings_file

    with errors.problems_as_click_errors():
        return settings_file.read(_path(params))


@command.command("set-key", context_settings={"allow_extra_args": True})
@click.option("--replace", "replace_command", is_flag=True, help="Take out an api_key_command.")
@click.pass_context
def set_key(ctx: click.Context, replace_command: bool) -> None:
    """Write the key into the settings file, and keep other users from reading it.

    The mode is 0600, or 0640 if the file's group could read it before. The key is the first line of
    standard input, or is asked for in a terminal; it is never shown. With --account it is that
    account's, and with --region that region is written beside it.
    """
    from moonshot_status.cli import key_input
    from moonshot_status.config import api_key, edit, key_sources
    from moonshot_status.config.settings import BY_NAME

    if ctx.args:
        raise _key_in_arguments(ctx)
    account = _account_for_key(ctx)
    targets = {name: edit.Target(setting, account) for name, setting in BY_NAME.items()}
    file = _file(ctx.obj)
    if not replace_command and file.find(account or "", "api_key_command"):
        raise errors.Failure(
            "There is an api_key_command, and only one of the two can stand there.",
            f"Next: {key_sources.command_line('config set-key --replace', account or '', file)}",
        )
    with errors.problems_as_click_errors():
        key, ignored = key_input.read_key()
    edits = [(targets["api_key_command"], edit.UNSET), (targets["api_key"], key)]
    if ctx.obj["region"]:
        edits.append((targets["region"], ctx.obj["region"]))
    _change(ctx, ".".join(targets["api_key"].path), *edits)
    if ignored:
        click.echo(f"{api_key.note('The key', ignored)}.", err=True)


def _account_for_key(ctx: click.Context) -> str | None:
    """Return the account that --account names, or the only one; None if there are none.

    Raises click's usage error if there are several and none is named.
    """
    from moonshot_status.core.text import one_line

    names = list(_file(ctx.obj).accounts)
    if ctx.obj["account"] is None and len(names) > 1:
        known = ", ".join(one_line(name, 40) for name in names)
        raise click.UsageError(f"Name the account with --account; there is: {known}.", ctx)
    return _account(ctx.obj) or next(iter(names), None)


@command.command()
@click.argument("account", required=False, type=ACCOUNT)
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.pass_context
def forget(ctx: click.Context, account: str | None, yes: bool) -> None:
    """Delete what is stored of ACCOUNT, or of all accounts.

    That is balances, history, failures, notified levels and cached output. Settings and keys are
    kept. What is stored under earlier keys of an account is deleted only without ACCOUNT.
    """
    from moonshot_status.cli import forget

    if None not in (account, ctx.obj["account"]):
        raise click.UsageError("Name the account once: as ACCOUNT, or with --account.", ctx)
    params = ctx.obj if account is None else {**ctx.obj, "account": account}
    if params["account"] is None:
        forget.forget_all(params, yes=yes)
    else:
        forget.forget_accounts(params, yes=yes)


def _key_in_arguments(ctx: click.Context) -> click.UsageError:
    return click.UsageError(
        "A key has no place on the command line, where every process and the shell's history see"
        " it. moonshot-status config set-key asks for it, or reads it from standard input.",
        ctx,
    )
