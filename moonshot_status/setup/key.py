"""The region and the key in the program's own settings file, and their proof."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moonshot_status.config import api_key, hide_amounts, jsonc, resolver, settings, settings_file
from moonshot_status.config.settings import Options, Settings, UnknownAccountError
from moonshot_status.config.settings_file import SettingsFile
from moonshot_status.core import causes
from moonshot_status.core.account import Secret
from moonshot_status.core.errors import Kind, Problem, ProblemError
from moonshot_status.core.paths import private_folder, state_folder
from moonshot_status.core.regions import Region
from moonshot_status.core.text import unquoted
from moonshot_status.display.view import view_of
from moonshot_status.polling import poll
from moonshot_status.polling.balance import FetchPolicy, get_balance, utc_now
from moonshot_status.setup import SetupError, paths
from moonshot_status.setup.apply import write_all
from moonshot_status.setup.changes import PendingChanges
from moonshot_status.store.database import Store

_SECRETS = ("api_key", "api_key_command")
# The key is known to the server, or cannot be the reason.
_PROVED = (Kind.SUSPENDED, Kind.STORE)
_UNPROVED = (
    Kind.OFFLINE, Kind.TIMEOUT, Kind.TLS, Kind.PROXY, Kind.REDIRECTED, Kind.BAD_RESPONSE,
    Kind.NOT_FOUND, Kind.RATE_LIMITED, Kind.SERVER_ERROR,
)  # fmt: skip


@dataclass(frozen=True)
class Verification:
    """What came of the one request: what a terminal shows, and what is wrong, if anything is."""

    line: str
    problem: Problem | None

    @property
    def holds(self) -> bool:
        return self.problem is None or self.problem.kind in _PROVED

    @property
    def is_open(self) -> bool:
        """Whether the key may be right all the same."""
        return self.problem is not None and self.problem.kind in _UNPROVED


def path_of(options: Options) -> Path:
    return options.config or settings_file.default_path()


def present(options: Options) -> Settings | None:
    """The settings that a bar would find, if they hold a key. Raises SetupError.

    Variables of this terminal do not count: a bar has none of them.
    """
    environ = {name: value for name, value in os.environ.items() if "MOONSHOT" not in name}
    try:
        found = resolver.resolve(options, environ)
    except UnknownAccountError:
        return None
    if found.problem and found.problem.kind is Kind.CONFIG:
        raise SetupError(f"{found.problem.message}. {found.problem.hint}")
    return found if found.account.secret != Secret() else None


def holder(options: Options) -> str:
    """The file that the key of ``present`` is in, for people."""
    own = _own(options)
    own_settings = {**own.settings, **own.accounts.get(_account(own, options) or "", {})}
    is_own = any(name in own_settings for name in _SECRETS)
    return paths.short(own.path) if is_own else "CodexBar's file"


def region_there(options: Options) -> Region | None:
    """The region that the settings file names for the account, if it names one."""
    own = _own(options)
    for place in (own.accounts.get(_account(own, options) or "", {}), own.settings):
        if place.get("region"):
            return Region(place["region"].lower())
    return None


def checked(text: str) -> str:
    """The key that was typed or piped. Raises ProblemError, which never holds the key."""
    if text and unquoted(text) != text:
        raise ProblemError(causes.QUOTED_KEY)
    return api_key.validated(text)


def written(options: Options, region: Region, secret: Secret) -> bytes:
    """The settings file with that region and secret, all else in it as it is.

    Raises SetupError.
    """
    own, text = _own(options), PendingChanges().text(path_of(options))
    account = _account(own, options)
    values: dict[str, Any] = {"region": region.value, "api_key": secret.key}
    if secret.command:
        values = {"region": region.value, "api_key_command": list(secret.command)}
    if text is None or not text.strip("\ufeff \t\r\n"):
        document = {"accounts": {account: values}} if account else values
        return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
    if account and not own.accounts:
        text = _with_accounts(text)
    where = ("accounts", account) if account else ()
    return _with_values(text, where, values).encode("utf-8", "surrogateescape")


def verify(options: Options, content: bytes, environ: Mapping[str, str]) -> Verification:
    """Ask for the balance with settings that are not written yet."""
    since = utc_now()
    file = settings_file.parse(path_of(options), content)
    found = resolver.resolve(options, environ, file)
    if found.problem:
        return Verification(found.problem.message, found.problem)
    terms = FetchPolicy(found.max_age, found.timeout, since, refresh=True)
    got = get_balance(found.account, Store(state_folder()), terms)
    hidden = options.hide_amount or hide_amounts.is_hidden(found.hide_amount)
    view = view_of(found.account, got, utc_now(), hide_amount=hidden)
    return Verification(view.line, got.problem)


def current_balance(options: Options) -> Verification:
    """The balance with the settings that are there, as a bar would show it."""
    view = poll.poll(options, ())
    return Verification(view.line, view.problem)


def write(options: Options, content: bytes) -> bool:
    """Write the settings file, for its owner alone, and say if it is new. Raises SetupError."""
    path, draft = path_of(options), PendingChanges()
    try:
        if options.config is None:
            private_folder(path.parent)
        draft.put(path, content.decode("utf-8", "surrogateescape"), 0o600)
        write_all(draft.changes())
        path.chmod(0o600)
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}") from error
    return bool(draft.changes())


def _own(options: Options) -> SettingsFile:
    try:
        return settings_file.read(path_of(options))
    except ProblemError as error:
        raise SetupError(f"{error.problem.message}. {error.problem.hint}") from error


def _account(own: SettingsFile, options: Options) -> str | None:
    """The account whose key it is; None for a flat file's only one."""
    if options.account or not own.accounts:
        return options.account
    default = settings.DEFAULT_ACCOUNT
    return default if default in own.accounts else next(iter(own.accounts))


def _with_accounts(text: str) -> str:
    """A flat file with a list of accounts, in which its own key is the default one's."""
    moved = {}
    for name in _SECRETS:
        root = jsonc.parse(text)
        member = root.member(name)
        if member:
            moved[name] = member.node.value
            text = jsonc.remove(text, root, root.children.index(member))
    accounts = {settings.DEFAULT_ACCOUNT: moved} if any(moved.values()) else {}
    return jsonc.set_member(text, jsonc.parse(text), "accounts", _json(accounts))


def _with_values(text: str, where: tuple[str, ...], values: dict[str, Any]) -> str:
    """The text with these settings, at the root or in an account, and no other secret there."""
    for depth in range(len(where)):
        node = _at(text, where[:depth])
        if node.member(where[depth]) is None:
            text = jsonc.set_member(text, node, where[depth], "{}")
    for name in _SECRETS:
        node = _at(text, where)
        member = node.member(name)
        if member and name not in values:
            text = jsonc.remove(text, node, node.children.index(member))
    for name, value in values.items():
        node = _at(text, where)
        member = node.member(name)
        if member is None or member.node.value != value:
            text = jsonc.set_member(text, node, name, _json(value))
    return text


def _at(text: str, where: tuple[str, ...]) -> jsonc.Node:
    node = jsonc.parse(text)
    for name in where:
        member = node.member(name)
        assert member  # noqa: S101 - it was put there just before
        node = member.node
    return node


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
