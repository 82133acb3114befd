"""The set-up that is examined: what the settings say, gathered once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from moonshot_status.config import api_key, key_sources, resolver, settings, settings_file
from moonshot_status.config.key_sources import Source
from moonshot_status.config.settings import Options, Settings, UnknownAccountError
from moonshot_status.config.settings_file import SettingsFile
from moonshot_status.core import log
from moonshot_status.core.account import Account, Secret
from moonshot_status.core.errors import Kind, Problem, ProblemError
from moonshot_status.doctor import bar_path
from moonshot_status.polling import balance


@dataclass(frozen=True)
class KeyResult:
    """What the key, or its command, came to; ``seconds`` is how long that took.

    ``only_here``: the command works in this shell, and not with the PATH that bars have.
    """

    key: str = ""
    problem: Problem | None = None
    seconds: float = 0
    only_in_shell: bool = False


@dataclass(frozen=True)
class Context:
    """``file`` is None where the settings file is broken, which ``file_problem`` tells.

    ``sources`` are the places that may hold a region or a key, as far as they can be read;
    ``chosen`` is the one whose key is used.
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
        return self.settings.problem

    @cached_property
    def answered(self) -> KeyResult:
        """The key. Its command is run once, or twice where it fails as bars would run it."""
        secret = self.settings.account.secret
        if not secret.command:
            return KeyResult(secret.key, self.problem)
        with bar_path.as_a_bar():
            first = _answer(secret)
        if not first.problem or first.seconds >= api_key.COMMAND_SECONDS:
            return first
        again = _answer(secret)
        return (
            first
            if again.problem
            else KeyResult(again.key, None, again.seconds, only_in_shell=True)
        )


def make_context(options: Options, environ: Mapping[str, str]) -> Context:
    """Raises UnknownAccountError; every other trouble is in the case."""
    try:
        return _gathered(options, environ)
    except UnknownAccountError:
        raise
    except Exception:  # noqa: BLE001 - what does not depend on the settings is examined all the same
        problem = balance.internal_error()
        nobody = Settings(Account(options.account or settings.DEFAULT_ACCOUNT), problem=problem)
        path = options.config or settings_file.default_path()
        return Context(options, environ, path, nobody, file_problem=problem)


def _gathered(options: Options, environ: Mapping[str, str]) -> Context:
    found = resolver.resolve(options, environ)
    path = options.config or settings_file.default_path()
    try:
        file = settings_file.read(path, required=options.config is not None)
    except ProblemError as error:
        return Context(options, environ, path, found, file_problem=error.problem)
    listed = tuple(_readable(key_sources.sources_of(found.account.name, file, environ)))
    return Context(options, environ, path, found, file, None, listed, _chosen(options, listed))


def _readable(listed: Iterator[Source]) -> Iterator[Source]:
    """The sources up to the first that cannot be read; their keys are masked from now on."""
    try:
        for source in listed:
            if source.secret:
                log.register_secret(source.secret.key)
            yield source
    except ProblemError:
        return


def _chosen(options: Options, listed: tuple[Source, ...]) -> Source | None:
    try:
        return key_sources.choose(options.region, iter(listed)).source
    except ProblemError:
        return None


def _answer(secret: Secret) -> KeyResult:
    start = time.monotonic()
    try:
        return KeyResult(api_key.resolve(secret), None, time.monotonic() - start)
    except ProblemError as error:
        return KeyResult("", error.problem, time.monotonic() - start)


def is_about_the_key(problem: Problem | None) -> bool:
    return problem is not None and problem.kind in (
        Kind.NO_KEY, Kind.BAD_KEY, Kind.WRONG_PRODUCT,
    )  # fmt: skip
