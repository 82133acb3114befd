"""Find, verify and save the region and the API key in the program's settings file."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from moonshot_status.config import edit, hide_amounts, resolver, settings, settings_file
from moonshot_status.config.edit import Edit, Target
from moonshot_status.config.settings import Options
from moonshot_status.config.settings_file import SettingsFile
from moonshot_status.core import causes
from moonshot_status.core.account import Secret
from moonshot_status.core.atomic_write import PRIVATE, mode_of
from moonshot_status.core.errors import KeyPlace, Kind, Problem
from moonshot_status.core.paths import state_folder
from moonshot_status.core.regions import Region
from moonshot_status.display.view import build_view
from moonshot_status.polling.balance import FetchPolicy, get_balance, utc_now
from moonshot_status.setup import SetupError, paths
from moonshot_status.setup.changes import PendingChanges, encode, read_file
from moonshot_status.store.database import Store

_SECRETS = ("api_key", "api_key_command")
_NO_KEY_YET = (
    causes.UNKNOWN_ACCOUNT,
    causes.CODEXBAR_UNREADABLE,
    causes.CODEXBAR_NOT_JSON,
    causes.CODEXBAR_NO_PROVIDERS,
    causes.CODEXBAR_NOT_A_STRING,
)
"""Causes of settings that are complete with a key in the settings file."""
# Kinds of problem that the server reports only for a valid key, or that have nothing to do with it.
_KEY_IS_VALID = (Kind.SUSPENDED, Kind.STORE)
# Kinds of problem, apart from those of the network, that say nothing about the key. An API error
# says nothing either if it may be from something in between.
_KEY_IS_UNTESTED = (Kind.NOT_FOUND, Kind.RATE_LIMITED, Kind.SERVER_ERROR)


@dataclass(frozen=True)
class Verification:
    """The result of a request with the key: the line that a terminal shows, and the problem."""

    line: str
    problem: Problem | None

    @property
    def is_verified(self) -> bool:
        """Whether the key is valid."""
        return self.problem is None or self.problem.kind in _KEY_IS_VALID

    @property
    def is_inconclusive(self) -> bool:
        """Whether the key may be valid although the request failed."""
        if self.problem is None:
            return False
        kind, cause = self.problem.kind, self.problem.cause
        return kind.is_network or kind in _KEY_IS_UNTESTED or cause is causes.REQUEST_REFUSED


def path_of(options: Options) -> Path:
    """Return the path of the settings file."""
    return options.config or settings_file.default_path()


def existing_key(options: Options) -> str | None:
    """Return the name of the file with the key that a bar would use, or None if there is no key.

    Raises SetupError and ProblemError.
    """
    found = resolver.resolve(options, _as_in_bars(os.environ))
    if found.problem and found.problem.cause in _NO_KEY_YET:
        return None
    if found.problem and found.problem.kind is Kind.CONFIG:
        raise SetupError(f"{found.problem.message}. {found.problem.hint}")
    if found.account.secret == Secret():
        return None
    file, account = _read(options)
    is_own = any(file.find(account or "", name) for name in _SECRETS)
    return paths.display(file.path) if is_own else "CodexBar's file"


def require_trust(options: Options) -> None:
    """Raise ProblemError if settings in the file are ignored because of who can write it.

    To write the file would make it safe, with whatever somebody else has written into it.
    """
    file = settings_file.read(path_of(options))
    if file.needs_trust:
        file.require_trust()


def existing_region(options: Options) -> Region | None:
    """Return the account's region in the settings file, or None. Raises ProblemError."""
    file, account = _read(options)
    region = file.find(account or "", "region")
    return Region(region.value.lower()) if region else None


def edited(options: Options, region: Region, secret: Secret) -> bytes:
    """Return the content of the settings file with this region and key; nothing is written.

    Everything else in the file stays as it is. Raises ProblemError and SetupError.
    """
    (file, account), text = _read(options), PendingChanges().text(path_of(options))
    own = {"api_key_command": list(secret.command)} if secret.command else {"api_key": secret.key}
    values = {"region": region.value, **own}
    if text is None:
        document = {"accounts": {account: values}} if account else values
        return encode(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    for target, value in _edits(file, account, values):
        text = edit.apply(text, target, value)
    return encode(text)


def verify(options: Options, content: bytes, environ: Mapping[str, str]) -> Verification:
    """Fetch the balance as bars will, with settings that are not written yet.

    Raises ProblemError.
    """
    since, path = utc_now(), path_of(options)
    access = settings_file.read(path).access
    private = access and replace(access, mode=stat.S_IFMT(access.mode) | PRIVATE)
    file = replace(settings_file.parse(path, content), access=private)
    found = resolver.resolve(options, _as_in_bars(environ), file)
    if found.problem:
        return Verification(found.problem.message, found.with_remarks(found.problem))
    policy = FetchPolicy(found["max_age"], found["timeout"], since, refresh=True)
    # The key is not in the file yet.
    secret = replace(found.account.secret, place=KeyPlace())
    status = get_balance(replace(found.account, secret=secret), Store(state_folder()), policy)
    hidden = options.hide_amount or hide_amounts.is_hidden(found["hide_amount"])
    view = build_view(found.account, status, utc_now(), hide_amount=hidden)
    return Verification(view.line, status.problem and found.with_remarks(status.problem))


def save(options: Options, content: bytes) -> bool:
    """Write the settings file for its owner alone, and return whether its content changed.

    Its group may still read it if others could not. Raises ProblemError and SetupError.
    """
    path = path_of(options)
    before = read_file(path)
    if before != content or edit.is_open_to_others(path):
        edit.save(path, content, only_owner=True)
    return before != content


def mode(options: Options) -> int:
    """Return the mode of the settings file, which says who can read it. Raises OSError."""
    return mode_of(path_of(options), PRIVATE)


def _as_in_bars(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without a key and a region, which a bar does not have.

    So a base URL in it is ignored, and pointed out. The variables that say where the files are
    count, because the settings are written there.
    """
    names = {name for row in settings.SETTINGS for name in row.variables if row.name != "base_url"}
    return {name: value for name, value in environ.items() if name not in names}


def _read(options: Options) -> tuple[SettingsFile, str | None]:
    """Return the settings file, empty if there is none, and the account that the key belongs to.

    The account is None for a file without accounts. Raises ProblemError.
    """
    file = settings_file.read(path_of(options))
    if options.account or not file.accounts:
        return file, options.account
    return file, resolver.account_name(None, file)


def _edits(file: SettingsFile, account: str | None, values: dict[str, Any]) -> Iterator[Edit]:
    """Yield the edits that set the values, one of which is the only secret of its account.

    When the first account is added to a file without accounts, the file's own key becomes that of
    the default account.
    """
    if account and not file.accounts:
        for name in _SECRETS:
            yield _target(name), edit.UNSET
            if name in file.settings:
                yield _target(name, settings.DEFAULT_ACCOUNT), file.settings[name]
    existing = file.accounts.get(account, {}) if account else file.settings
    others = {name: edit.UNSET for name in _SECRETS if name not in values}
    for name, value in {**others, **values}.items():
        if value is edit.UNSET or existing.get(name) != value:
            yield _target(name, account), value


def _target(name: str, account: str | None = None) -> Target:
    return Target(settings.BY_NAME[name], account)
