"""``moonshot-status config``"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from moonshot_status.cli import errors

if TYPE_CHECKING:
    from moonshot_status.config.edit import Target
    from moonshot_status.config.settings import Setting, Settings
    from moonshot_status.config.settings_file import SettingsFile

# A key of which so many characters are unknown is not given away by its last four.
_LONG_KEY = 32
_LONGEST_LINE = 1 << 12


@click.group()
def command() -> None:
    """Show, check and change the settings."""


@command.command()
@click.pass_obj
def show(params: dict[str, Any]) -> None:
    """Show each setting of the account and where it came from.

    Of the key no more than the end is shown.
    """
    from moonshot_status.cli import options
    from moonshot_status.core.text import one_line

    found = options.load_settings_of_one(params)
    lines = [[one_line(word, 400) for word in row] for row in _rows(found)]
    widths = [max(len(line[column]) for line in lines) for column in range(2)]
    for name, value, place in lines:
        click.echo(f"{name:{widths[0]}}  {value:{widths[1]}}  {place}".rstrip())
    if found.accounts:
        click.echo(f"\nAccounts: {', '.join(one_line(name, 40) for name in found.accounts)}")
    if found.problem:
        raise errors.from_problem(found.problem)
    if found.advice:
        click.echo(found.advice, err=True)


def _rows(found: Settings) -> list[tuple[str, str, str]]:
    """Return the name, the value and the origin of each setting."""
    from moonshot_status.config.settings import independent
    from moonshot_status.core.thresholds import LIMITS

    account = found.account
    values = {
        "account": account.name,
        "region": account.region.value if account.region else "",
        "api_key_command" if account.secret.command else "api_key": _secret(found),
        "base_url": account.base_url,
        **{setting.name: _value(setting, found.values[setting.name]) for setting in independent()},
    }
    for limit in LIMITS:
        amount = getattr(account.thresholds, limit, None)
        values[f"thresholds.{limit}"] = "" if amount is None else f"{amount:f}"
    origins = {**found.origins, "api_key": found.origins.get("key", "")}
    origins["api_key_command"] = origins["api_key"]
    return [(name, value or "–", origins.get(name, "")) for name, value in values.items()]


def _value(setting: Setting, value: Any) -> str:
    """Return a setting's value as people write it; empty if it has none."""
    expected = setting.schema["type"]
    if expected == "number":
        return f"{value:.10g}"
    if expected == "string":
        return str(value)
    if expected == "array":
        return ", ".join(value) if "enum" in setting.schema["items"] else _words(tuple(value))
    return _json(value)


def _words(command: tuple[str, ...]) -> str:
    return _json(command) if command else ""


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


def _secret(found: Settings) -> str:
    secret = found.account.secret
    if not secret.key:
        return _words(secret.command)
    beginning = "sk-" if secret.key.startswith("sk-") else ""
    return f"{beginning}…{secret.key[-4:] if len(secret.key) >= _LONG_KEY else ''}"


@command.command()
@click.pass_obj
def path(params: dict[str, Any]) -> None:
    """Print where the settings file is, or would be."""
    click.echo(_path(params))


def _path(params: dict[str, Any]) -> Path:
    from moonshot_status.config import settings_file

    given: Path | None = params["config"]
    return given.absolute() if given else settings_file.default_path()


@command.command()
@click.pass_obj
def validate(params: dict[str, Any]) -> None:
    """Check the settings file, for every account.

    The exit status is 0 when there is a file without a mistake, else 1. What else would stop the
    account, in CodexBar's file or in the environment, is a mistake too.
    """
    from moonshot_status.config import settings_file
    from moonshot_status.config.validation import problems_in

    file = _path(params)
    try:
        raw = settings_file.read_bytes(file)
    except OSError as error:
        raise errors.Failure(
            f"{file} cannot be read: {error.strerror}.", "Next: moonshot-status setup"
        ) from error
    found = problems_in(file, raw) or _elsewhere(params)
    for problem in found:
        click.echo(f"{problem.message}. {problem.hint}")
    if found:
        count = "1 mistake" if len(found) == 1 else f"{len(found)} mistakes"
        raise errors.Failure(f"{count}.", "Next: moonshot-status config set KEY VALUE")
    click.echo(f"{file} is valid.")


def _elsewhere(params: dict[str, Any]) -> list[Any]:
    """What stops the account although its file is right; that there is no key is no mistake."""
    from moonshot_status.cli import options
    from moonshot_status.core.errors import Kind

    problem = options.load_settings_of_one(params).problem
    return [problem] if problem and problem.kind is not Kind.NO_KEY else []


def _complete_key(_: click.Context, __: click.Parameter, begun: str) -> list[Any]:
    from moonshot_status.cli import completion
    from moonshot_status.config import edit

    return completion.items(edit.names(), begun)


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
    _change(ctx, key, edit.setting_to(target, edit.parse_value(target.setting, value)))


@command.command()
@click.argument("key", shell_complete=_complete_key)
@click.pass_context
def unset(ctx: click.Context, key: str) -> None:
    """Take KEY out of the settings file."""
    from moonshot_status.config import edit

    _change(ctx, key, edit.without(_target(ctx, key)))


def _change(ctx: click.Context, key: str, *edits: Any) -> None:
    from moonshot_status.config import edit
    from moonshot_status.core.errors import ProblemError
    from moonshot_status.core.text import one_line

    file = _path(ctx.obj)
    try:
        changed = edit.change(file, *edits)
    except edit.RefusedError as error:
        help_ = f"Next: {ctx.command_path} --help"
        raise errors.Failure(f"{error}.", help_) from error
    except ProblemError as error:
        raise errors.from_problem(error.problem) from error
    click.echo(f"{one_line(key, 80)}: {'changed in' if changed else 'nothing to change in'} {file}")


def _target(ctx: click.Context, key: str) -> Target:
    from moonshot_status.config import edit
    from moonshot_status.core.text import one_line

    target = edit.find(key)
    if target is None:
        raise click.BadParameter(
            f"there is no setting {one_line(key, 40)!r}; there is: {', '.join(edit.names())}.",
            ctx,
            param_hint="KEY",
        )
    return target if target.account else replace(target, account=_account(ctx.obj))


def _account(params: dict[str, Any]) -> str | None:
    """The account that the command line names; None for the one that stands flat."""
    from moonshot_status.cli import options
    from moonshot_status.config import resolver

    if params["account"] is None:
        return None
    file = _file(params)
    with options.usage_errors():
        name = resolver.account_name(params["account"], file)
    return name if name in file.accounts else None


def _file(params: dict[str, Any]) -> SettingsFile:
    from moonshot_status.config import settings_file

    with errors.problems_as_click_errors():
        return settings_file.read(_path(params))


@command.command("set-key", context_settings={"allow_extra_args": True})
@click.option("--replace", "replaces", is_flag=True, help="Take out an api_key_command.")
@click.pass_context
def set_key(ctx: click.Context, replaces: bool) -> None:
    """Write the key into the settings file, for your eyes only.

    It is the first line of standard input, or is asked for in a terminal; it is never shown. With
    --account it is that account's, and with --region that region is written beside it.
    """
    from moonshot_status.config import api_key, edit
    from moonshot_status.config.settings import BY_NAME

    if ctx.args:
        raise _key_in_arguments(ctx)
    account = _account_for_key(ctx)
    target = {name: edit.Target(setting, account) for name, setting in BY_NAME.items()}
    if not replaces and _file(ctx.obj).find(account or "", "api_key_command"):
        raise errors.Failure(
            "There is an api_key_command, and only one of the two can stand there.",
            "Next: moonshot-status config set-key --replace",
        )
    with errors.problems_as_click_errors():
        new = api_key.validated(_typed_or_piped())
    edits = [edit.without(target["api_key_command"]), edit.setting_to(target["api_key"], new)]
    if ctx.obj["region"]:
        edits.append(edit.setting_to(target["region"], ctx.obj["region"]))
    _change(ctx, ".".join(target["api_key"].path), *edits)


def _account_for_key(ctx: click.Context) -> str | None:
    """The account that is named, or the only one; which of several has to be said."""
    from moonshot_status.core.text import one_line

    names = list(_file(ctx.obj).accounts)
    if ctx.obj["account"] is None and len(names) > 1:
        known = ", ".join(one_line(name, 40) for name in names)
        raise click.UsageError(f"Name the account with --account; there is: {known}.", ctx)
    return _account(ctx.obj) or next(iter(names), None)


def _typed_or_piped() -> str:
    from moonshot_status.core.text import unquoted

    if sys.stdin is not None and sys.stdin.isatty():
        return unquoted(_typed())
    line = sys.stdin.buffer.readline(_LONGEST_LINE) if sys.stdin is not None else b""
    key = unquoted(line.decode("utf-8", "replace"))
    if not key:
        raise errors.Failure(
            "There is nothing on the first line of standard input.",
            "Next: moonshot-status config set-key, in a terminal, asks for the key",
        )
    return key


def _typed() -> str:
    from moonshot_status.core import signals

    with signals.keyboard_interrupt():
        typed: str = click.prompt("API key (it is not shown)", hide_input=True, err=True)
        return typed


def _key_in_arguments(ctx: click.Context) -> click.UsageError:
    return click.UsageError(
        "A key has no place on the command line, where every process and the shell's history see"
        " it. moonshot-status config set-key asks for it, or reads it from standard input.",
        ctx,
    )
