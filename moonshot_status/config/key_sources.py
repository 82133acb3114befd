"""The sources of a region and a key, and the choice of a region and a key that match."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from moonshot_status.config import api_key, codexbar
from moonshot_status.config.settings import BY_NAME
from moonshot_status.config.settings_file import SettingsFile, SettingValue, default_path
from moonshot_status.core import causes
from moonshot_status.core.account import Secret
from moonshot_status.core.errors import KeyPlace, ProblemError
from moonshot_status.core.regions import DEFAULT_REGION, REGION_NAMES, Region
from moonshot_status.core.text import quoted, unquoted

_KEY_VARIABLES = BY_NAME["api_key"].variables
_REGION_VARIABLE = BY_NAME["region"].variables[0]


@dataclass(frozen=True)
class Source:
    """A source that may have a region and a key; regions are not validated yet.

    ``key_region`` is the region that the key belongs to. ``region_origin`` and ``key_origin`` name
    the setting or the variable that each of them comes from. ``ignored`` names what was ignored
    around the key. ``error`` says why the source cannot be used: it could not be read, and has
    nothing, or its key is unusable.
    """

    name: str
    region: str
    key_region: str
    secret: Secret | None
    file: Path | None = None
    region_origin: str = ""
    key_origin: str = ""
    ignored: str = ""
    error: ProblemError | None = None

    @property
    def region_source(self) -> str:
        """The name of the source for messages about its region: a file, or a variable."""
        return self.name if self.file else _REGION_VARIABLE

    @property
    def is_environment(self) -> bool:
        """Whether the key is in the environment."""
        return self.file is None and self.secret is not None

    @property
    def is_world_readable(self) -> bool:
        """Whether the key is in a file that other users of the machine can read."""
        if self.file is None or self.secret is None or not self.secret.key:
            return False
        try:
            mode = self.file.stat().st_mode
        except OSError:
            return False
        return stat.S_ISREG(mode) and bool(mode & stat.S_IROTH)


NO_SOURCE = Source("", "", "", None)


def sources_of(name: str, file: SettingsFile, environ: Mapping[str, str]) -> Iterator[Source]:
    """Yield the sources of the account in order of priority, each read only when it is reached."""
    yield own_source(name, file)
    if name not in file.accounts:
        yield from _codexbar_source(environ)
        yield _environment_source(environ)


def own_source(name: str, file: SettingsFile) -> Source:
    """Return the settings file as a source for the account, whether or not it is in the file."""
    region, secret, ignored = file.find(name, "region"), None, ""
    key, command = file.find(name, "api_key"), file.find(name, "api_key_command")
    if key:
        secret, ignored = _secret(key.value, _to_set(key.origin, name, file))
    elif command:
        step = command_line("doctor", name, file)
        place = KeyPlace(f"the key printed by {command.origin}", step)
        secret = Secret(command=tuple(command.value), place=place)
    return Source(
        f"accounts.{name} in {file.path}" if name in file.accounts else str(file.path),
        region=region.value if region else "",
        key_region=region.value if region else "",
        secret=secret,
        file=file.path,
        region_origin=region.origin if region else "",
        key_origin=(key or command or SettingValue(None)).origin,
        ignored=ignored,
    )


def _codexbar_source(environ: Mapping[str, str]) -> Iterator[Source]:
    """Yield CodexBar's file if it has an entry, or if it cannot be read.

    It is another program's, so a mistake in it matters only if there is no other key.
    """
    try:
        entry = codexbar.read(environ)
    except ProblemError as error:
        yield replace(NO_SOURCE, error=error)
        return
    if entry:
        origin = f"CodexBar's {entry.path}"
        secret, ignored = _secret(entry.api_key, _to_correct(origin))
        source = Source(
            str(entry.path),
            region=entry.region or entry.api_key_region,
            key_region=entry.api_key_region or entry.region,
            secret=secret,
            file=entry.path,
            region_origin=origin,
            key_origin=origin,
            ignored=ignored,
        )
        try:
            check_key(source)
        except ProblemError as error:
            source = replace(source, error=error)
        yield source


def _environment_source(environ: Mapping[str, str]) -> Source:
    region = unquoted(environ.get(_REGION_VARIABLE, ""))
    found = next((n for n in _KEY_VARIABLES if unquoted(environ.get(n, ""))), "")
    secret, ignored = _secret(environ.get(found, ""), _to_correct(found))
    return Source(
        found or _REGION_VARIABLE, region, region, secret,
        region_origin=_REGION_VARIABLE, key_origin=found, ignored=ignored,
    )  # fmt: skip


def check_key(source: Source) -> None:
    """Raise ProblemError, which names the setting, if no request can be made with the key."""
    if source.secret is None or not source.secret.key:
        return
    try:
        api_key.validated(source.secret.key)
    except ProblemError as error:
        place = source.secret.place
        error.problem = replace(error.problem, origin=source.key_origin, key_place=place)
        raise


def _secret(written: str, place: KeyPlace) -> tuple[Secret | None, str]:
    """Return the key that is written in a source, or None, and what was ignored around it."""
    key, ignored = api_key.read(written)
    return Secret(key, place=place) if key else None, ignored


def _to_correct(origin: str) -> KeyPlace:
    """Return the place of a key that no command of this program replaces."""
    return KeyPlace(origin, f"correct {origin}")


def _to_set(origin: str, account: str, file: SettingsFile) -> KeyPlace:
    """Return the place of a key that ``config set-key`` puts into the settings file."""
    return KeyPlace(origin, command_line("config set-key", account, file))


def command_line(subcommand: str, account: str, file: SettingsFile) -> str:
    """Return the command line of a subcommand for the account in the file."""
    words = ["moonshot-status"]
    if file.path != default_path():
        words += ["--config", quoted(str(file.path))]
    if account in file.accounts:
        words += ["--account", quoted(account)]
    return " ".join([*words, subcommand])


@dataclass(frozen=True)
class Choice:
    """The region, the source that decided it, and the first source with a key of that region.

    ``decided_by`` is None if a flag decided, or if no source has a region or a key.
    ``passed_over`` is the error of a source that could not be used and was not needed.
    """

    region: Region
    decided_by: Source | None
    source: Source | None
    passed_over: ProblemError | None = None


def choose(region: Region | None, sources: Iterator[Source]) -> Choice:
    """Choose among the sources, given in order of priority; ``region`` is that of a flag.

    A source that cannot be used counts as absent if another one has a key. Raises ProblemError for
    an unknown region, and if the only key may be in a source that cannot be read.
    """
    reached: list[Source] = []

    def usable() -> Iterator[Source]:
        for source in sources:
            reached.append(source)
            if not source.error:
                yield source

    choice = _first_with_key(region, usable())
    for source in reached:
        if source.error and choice.source:
            return replace(choice, passed_over=source.error)
        if source.error and not source.secret:
            raise source.error
    return choice if choice.source else _first_with_key(region, iter(reached))


def _first_with_key(region: Region | None, sources: Iterator[Source]) -> Choice:
    """Return the first source with a key of the region, which the first source may decide."""
    decided_by = None
    for source in sources:
        if region is None and (source.region or source.secret):
            region, decided_by = _region(source.region, source.region_source), source
        if source.secret and _region(source.key_region, source.region_source) is region:
            return Choice(region, decided_by, source)
    return Choice(region or DEFAULT_REGION, decided_by, None)


def _region(written: str, origin: str) -> Region:
    """Return the region of that name, or the default if it is empty. Raises ProblemError."""
    try:
        return Region(written.lower() or DEFAULT_REGION.value)
    except ValueError as error:
        raise ProblemError(
            causes.UNKNOWN_REGION, origin=origin, regions=" or ".join(REGION_NAMES)
        ) from error


def no_key(
    name: str, region: Region, file: SettingsFile, environ: Mapping[str, str]
) -> ProblemError:
    """Return the error for a missing key, which names the sources that were searched."""
    others = [source.name for source in sources_of(name, file, environ) if source.secret]
    searched = (
        f"accounts.{name} in {file.path}"
        if name in file.accounts
        else f"{file.path}, {codexbar.place(environ)}, {' and '.join(_KEY_VARIABLES)}"
    )
    if others:
        return ProblemError(
            causes.OTHER_REGION_ONLY, region=region.value, other=others[0], searched=searched
        )
    missing = ProblemError(causes.NO_KEY, region=region.value, searched=searched)
    missing.problem = replace(missing.problem, key_place=_to_set(searched, name, file))
    return missing
