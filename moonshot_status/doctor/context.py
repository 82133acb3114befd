"""The command line, the environment and the settings under examination, gathered once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from moonshot_status.config import api_key, codexbar, key_sources, resolver, settings_file
from moonshot_status.config.key_sources import Choice, Source
from moonshot_status.config.settings import (
    BY_NAME,
    DEFAULT_ACCOUNT,
    SETTINGS,
    Options,
    Settings,
)
from moonshot_status.config.settings_file import SettingsFile
from moonshot_status.core import bar_path, log, paths
from moonshot_status.core.account import Account, Secret
from moonshot_status.core.errors import Kind, Problem, ProblemError
from moonshot_status.core.regions import DEFAULT_REGION, Region
from moonshot_status.polling import balance

_KEY_KINDS = (Kind.NO_KEY, Kind.BAD_KEY, Kind.WRONG_PRODUCT)
_NO_CHOICE = Choice(DEFAULT_REGION, None, None)
_UNKNOWN_SOURCE = Source("another place", "", "", None)
# Those of the key first: without it the others do not matter.
_WITH_VARIABLES = (BY_NAME["api_key"], *SETTINGS)
SETTING_NAMES = tuple(dict.fromkeys(setting.name.partition(".")[0] for setting in SETTINGS))
"""The names that an account may have in the settings file."""
VARIABLES = (
    *dict.fromkeys(name for setting in _WITH_VARIABLES for name in setting.variables),
    codexbar.VARIABLE,
)
"""The environment variables that take part in choosing an account."""


@dataclass(frozen=True)
class KeyResult:
    """The API key, or the problem with it; ``seconds`` is how long the key command took.

    ``ignored`` names what was ignored around the key that the command printed.
    ``only_in_shell``: the key command works with this shell's PATH, but not with that of bars.
    """

    key: str = ""
    problem: Problem | None = None
    seconds: float = 0
    ignored: str = ""
    only_in_shell: bool = False


@dataclass(frozen=True)
class Context:
    """What all checks examine.

    ``file`` is None if the settings file is invalid, and ``file_problem`` says why. ``sources`` are
    the places that may hold a region or a key; ``choice`` is what was chosen among them.
    """

    options: Options
    environ: Mapping[str, str]
    path: Path
    settings: Settings
    file: SettingsFile | None = None
    file_problem: Problem | None = None
    sources: tuple[Source, ...] = ()
    choice: Choice = _NO_CHOICE

    @property
    def problem(self) -> Problem | None:
        """The problem that keeps the account from being used."""
        return self.settings.problem

    @property
    def settings_problem(self) -> Problem | None:
        """The same problem, unless only the key is missing or unusable."""
        return None if self.problem and self.problem.kind in _KEY_KINDS else self.problem

    @property
    def region(self) -> Region:
        """The region of the account, or the default one if it could not be resolved."""
        return self.settings.account.region or DEFAULT_REGION

    @property
    def other_region(self) -> Region:
        """The region to suggest to a user whose key is not of the account's region."""
        return next(other for other in Region if other is not self.region)

    @property
    def chosen(self) -> Source:
        """The source whose key is used."""
        return self.choice.source or _UNKNOWN_SOURCE

    @property
    def codexbar_file(self) -> Path | None:
        """The file that CodexBar would read, or None if there is none."""
        return next(filter(_may_exist, codexbar.candidates(self.environ)), None)

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
        return as_in_bar if as_in_shell.problem else replace(as_in_shell, only_in_shell=True)


def _may_exist(path: Path) -> bool:
    try:
        return paths.exists(path)
    except OSError:
        return True


def make_context(options: Options, environ: Mapping[str, str]) -> Context:
    """Resolve the settings; problems are in the result."""
    path = options.config or settings_file.default_path()
    try:
        return _resolve(options, environ, path)
    except Exception:  # noqa: BLE001 - checks that need no settings can still be made
        problem = balance.internal_error()
        settings = Settings(Account(options.account or DEFAULT_ACCOUNT), problem=problem)
        return Context(options, environ, path, settings, file_problem=problem)


def _resolve(options: Options, environ: Mapping[str, str], path: Path) -> Context:
    context = Context(options, environ, path, resolver.resolve(options, environ))
    try:
        file = settings_file.read(path, required=options.config is not None)
    except ProblemError as error:
        return replace(context, file_problem=error.problem)
    name = context.settings.account.name
    sources = tuple(key_sources.sources_of(name, file, environ))
    for source in sources:
        log.register_secret(source.secret.key if source.secret else "")
    context = replace(context, file=file, sources=sources)
    try:
        return replace(context, choice=key_sources.choose(options.region, iter(sources)))
    except ProblemError:
        return context


def _resolve_key(secret: Secret) -> KeyResult:
    start = time.monotonic()
    try:
        key, ignored = api_key.read_command(secret.command)
        return KeyResult(key, None, time.monotonic() - start, ignored)
    except ProblemError as error:
        return KeyResult("", error.problem, time.monotonic() - start)
