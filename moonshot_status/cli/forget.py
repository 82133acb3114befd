"""Delete what is kept of one account or of all, after a question."""

from __future__ import annotations

import shlex
import sys
from typing import Any

import click

from moonshot_status import reply_cache
from moonshot_status.cli import errors, options
from moonshot_status.config.settings import ALL_ACCOUNTS, Settings
from moonshot_status.core import paths, signals
from moonshot_status.core.text import escaped, one_line
from moonshot_status.store.database import FILE_NAME, Store

_KEPT = "Settings and keys are kept, and the next request of a bar is recorded again."
_NO_KEY = "Its records are found by its key; without ACCOUNT, those of all accounts are deleted."
_NEXT = "Next: moonshot-status doctor"
_NAME_LIMIT = 40


def forget_accounts(params: dict[str, Any], *, yes: bool) -> None:
    """Delete what is stored of the accounts that ``params`` names. Raises click's exceptions."""
    accounts = options.load_settings(params)
    for problem in filter(None, (settings.problem for settings in accounts)):
        raise errors.Failure(f"{problem.message}.", problem.hint, _NO_KEY, problem.next_step)
    # Accounts with the same key have the same records.
    by_identity = {settings.account.identity: settings.account for settings in accounts}
    names = _names(params, accounts)
    listed = ", ".join(names[identity] for identity in by_identity)
    _confirm(f"Delete all balances, history and levels of {listed}?", params, yes=yes)
    for identity, account in by_identity.items():
        rows = sum(_counted(store, store.forget(account)) for store in _stores())
        found = f"records deleted: {rows}" if rows else "nothing is stored under its present key"
        click.echo(f"{names[identity]}: {found}.")
    reply_cache.delete_all()
    corrupt = list(paths.state_folder().glob(f"{FILE_NAME}.damaged-*"))
    rest = " Damaged files that were put aside are kept, too: config forget deletes them."
    click.echo(_KEPT + (rest if corrupt else ""))


def forget_all(params: dict[str, Any], *, yes: bool) -> None:
    """Delete the whole store, damaged copies and cached output. Raises click's exceptions."""
    _confirm("Delete all balances, history and levels of all accounts?", params, yes=yes)
    files = sum(_counted(store, store.forget_all()) for store in _stores())
    reply_cache.delete_all()
    click.echo(escaped(f"Files deleted in {paths.state_folder()}: {files}."))
    click.echo(_KEPT)


def _confirm(question: str, params: dict[str, Any], *, yes: bool) -> None:
    """Ask the question in a terminal. Raises click's exception unless it is answered with yes."""
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise errors.Failure(
            "Nothing is deleted: there is no terminal to confirm it in.",
            f"Next: {_confirmed(params)}",
        )
    with signals.keyboard_interrupt():
        if not click.confirm(question):
            click.echo("Nothing is deleted.", err=True)
            raise click.exceptions.Exit(1)


def _confirmed(params: dict[str, Any]) -> str:
    """Return the command line that deletes the same without a question."""
    words = ["moonshot-status"]
    for name in ("config", "region"):
        words += [f"--{name}", str(params[name])] if params[name] else []
    account = [] if params["account"] is None else [params["account"]]
    # An account may be named like an option.
    end = ["--yes", "--", *account] if account and account[0][:1] == "-" else [*account, "--yes"]
    return shlex.join([*words, "config", "forget", *end])


def _names(params: dict[str, Any], accounts: list[Settings]) -> dict[str, str]:
    """Return for each identity the names of the accounts that have it, the requested ones first."""
    names: dict[str, list[str]] = {}
    others = options.load_settings({**params, "account": ALL_ACCOUNTS})
    for account in (settings.account for settings in (*accounts, *others)):
        name = one_line(account.name, _NAME_LIMIT)
        if name not in (sharing := names.setdefault(account.identity, [])):
            sharing.append(name)
    return {
        identity: " and ".join([first, *(f"{name} (same key)" for name in rest)])
        for identity, (first, *rest) in names.items()
    }


def _stores() -> list[Store]:
    """Return the store, and those that earlier versions keep beside the store of a later one."""
    beside = sorted(paths.cache_folder().glob("store-[0-9]*"))
    own = [folder for folder in beside if not folder.is_symlink()]
    return [Store(folder) for folder in (paths.state_folder(), *own)]


def _counted(store: Store, count: int) -> int:
    """Return the count. Raises click's exception if the store could not be changed."""
    if store.error:
        raise errors.Failure(f"{store.error.message}.", "Nothing is deleted there.", _NEXT)
    return count
