"""The command line, the environment and the settings under examination, gathered once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from moonshot_status.config import api_key, codexbar, key_sources, resolver, settings_file
from moonshot_status.config.key_sources import Source
from moonshot_status.config.settings import (
    DEFAULT_ACCOUNT,
    SETTINGS,
    Options,
    Settings,
    UnknownAccountError,
)
from moonshot_status.config.settings_file import SettingsFile
from moonshot_status.core import bar_path, log
from moonshot_status.core.account import Account, Secret
from moonshot_status.core.errors import Kind, Problem, ProblemError
from moonshot_status.polling import balance

_KEY_KINDS = (Kind.NO_KEY, Kind.BAD_KEY, Kind.WRONG_PRODUCT)


def _variables() -> tuple[str, ...]:
    # Those of the key first: without it the others do not matter.
    by_importance = sorted(SETTINGS, key=lambda setting: setting.name != "api_key")
    return (*(name for setting in by_importance for name in setting.variables), codexbar.VARIABLE)


SETTING_NAMES = tuple(dict.fromkeys(setting.name.partition(".")[0] for setting in SETTINGS))
"""The names that an account may have in the settings file."""
VARIABLES = _variables()
"""The environment variables that take part in choosing an account."""


@dataclass(frozen=True)
class KeyResult:
    """The API key, or the problem with it; ``seconds`` is how long the key command took.

    ``only_in_shell``: the key command works with this shell's PATH, but not with that of bars.
    """

    key: str = ""
    problem: Problem | None = None
    seconds: float = 0
    only_in_shell: bool = False


@dataclass(frozen=True)
class Context:
    """What all checks examine.

    ``file`` is None if the settings file is invalid, and ``file_problem`` says why. ``sources`` are
    the places that may hold a region or a key, up to the first unreadable one; ``chosen`` is the
    one whose key is used.
    """

    options: Options
    environ: Mapping[str, str]
    path: Path
    settings: Settings
    file: SettingsFile | None = None
    file_problem: Problem | None = None
    sources: tuple[Source, ...] = ()
    chosen: Source | None = None

    @property
    def problem(self) -> Problem | None:
        """The problem that keeps the account from being used."""
        return self.settings.problem

    @cached_property
    def key_result(self) -> KeyResult:
        """The result of resolving the key.

        A key command that fails with the PATH of bars is run once more with that of this shell.
        """
        secret = self.settings.account.secret
        if not secret.command:
            return KeyResult(secret.key, self.problem)
        with bar_path.in_effect():
            as_in_bar = _resolve_key(secret)
        if not as_in_bar.problem or as_in_bar.seconds >= api_key.COMMAND_SECONDS:
            return as_in_bar
        as_in_shell = _resolve_key(secret)
        if as_in_shell.problem:
            return as_in_bar
        return KeyResult(as_in_shell.key, None, as_in_shell.seconds, only_in_shell=True)


def make_context(options: Options, environ: Mapping[str, str]) -> Context:
    """Resolve the settings. Raises UnknownAccountError; all other problems are in the result."""
    try:
        return _resolve(options, environ)
    except UnknownAccountError:
        raise
    except Exception:  # noqa: BLE001 - checks that need no settings can still be made
        problem = balance.internal_error()
        settings = Settings(Account(options.account or DEFAULT_ACCOUNT), problem=problem)
        path = options.config or settings_file.default_path()
        return Context(options, environ, path, settings, file_problem=problem)


def _resolve(options: Options, environ: Mapping[str, str]) -> Context:
    settings = resolver.resolve(options, environ)
    path = options.config or settings_file.default_path()
    try:
        file = settings_file.read(path, required=options.config is not None)
    except ProblemError as error:
        return Context(options, environ, path, settings, file_problem=error.problem)
    found = tuple(_readable(key_sources.sources_of(settings.account.name, file, environ)))
    return Context(options, environ, path, settings, file, None, found, _chosen(options, found))


def _readable(sources: Iterator[Source]) -> Iterator[Source]:
    """Yield the sources up to the first unreadable one, and mask their keys from now on."""
    try:
        for source in sources:
            if source.secret:
                log.register_secret(source.secret.key)
            yield source
    except ProblemError:
        return


def _chosen(options: Options, sources: tuple[Source, ...]) -> Source | None:
    try:
        return key_sources.choose(options.region, iter(sources)).source
    except ProblemError:
        return None


def _resolve_key(secret: Secret) -> KeyResult:
    start = time.monotonic()
    try:
        return KeyResult(api_key.resolve(secret), None, time.monotonic() - start)
    except ProblemError as error:
        return KeyResult("", error.problem, time.monotonic() - start)


def is_key_problem(problem: Problem | None) -> bool:
    """Return whether the key is missing or unusable, but the settings around it are valid."""
    return problem is not None and problem.kind in _KEY_KINDS
