"""Where a region and a key may come from, and which of them belong together."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from moonshot_status.config import codexbar
from moonshot_status.config.settings import BY_NAME
from moonshot_status.config.settings_file import SettingsFile, SettingValue
from moonshot_status.core import causes
from moonshot_status.core.account import Secret
from moonshot_status.core.errors import ProblemError
from moonshot_status.core.regions import DEFAULT_REGION, REGION_NAMES, Region
from moonshot_status.core.text import unquoted

_KEY_VARIABLES = BY_NAME["api_key"].variables
_REGION_VARIABLE = BY_NAME["region"].variables[0]


@dataclass(frozen=True)
class Source:
    """One place that may hold a region and a key; regions are still as somebody wrote them.

    ``region_origin`` and ``key_origin`` say where in it they stand.
    """

    name: str
    region: str
    key_region: str
    secret: Secret | None
    file: Path | None = None
    region_origin: str = ""
    key_origin: str = ""

    @property
    def region_source(self) -> str:
        """The place of the region; in the environment it is not the key's."""
        return self.name if self.file else _REGION_VARIABLE

    @property
    def is_world_readable(self) -> bool:
        """Whether the key stands in a file that other users of the machine can read."""
        if self.file is None or self.secret is None or not self.secret.key:
            return False
        try:
            mode = self.file.stat().st_mode
        except OSError:
            return False
        return stat.S_ISREG(mode) and bool(mode & (stat.S_IRGRP | stat.S_IROTH))


NO_SOURCE = Source("", "", "", None)


def sources_of(name: str, file: SettingsFile, environ: Mapping[str, str]) -> Iterator[Source]:
    """The places to look at, in their order; a later one is read only when it is reached."""
    yield own_source(name, file)
    if name in file.accounts:
        return
    entry = codexbar.read(environ)
    if entry:
        yield Source(
            str(entry.path),
            region=entry.region or entry.api_key_region,
            key_region=entry.api_key_region or entry.region,
            secret=Secret(entry.api_key) if entry.api_key else None,
            file=entry.path,
            region_origin=f"CodexBar's {entry.path}",
            key_origin=f"CodexBar's {entry.path}",
        )
    region = unquoted(environ.get(_REGION_VARIABLE, ""))
    found = next((n for n in _KEY_VARIABLES if unquoted(environ.get(n, ""))), None)
    secret = Secret(unquoted(environ[found])) if found else None
    yield Source(
        found or _REGION_VARIABLE, region, region, secret,
        region_origin=_REGION_VARIABLE, key_origin=found or "",
    )  # fmt: skip


def own_source(name: str, file: SettingsFile) -> Source:
    """What the program's own file says of the account, be it named there or not."""
    region, secret = file.find(name, "region"), None
    key, command = file.find(name, "api_key"), file.find(name, "api_key_command")
    if key:
        secret = Secret(key.value)
    elif command:
        secret = Secret(command=tuple(command.value))
    return Source(
        f"accounts.{name} in {file.path}" if name in file.accounts else str(file.path),
        region=region.value if region else "",
        key_region=region.value if region else "",
        secret=secret,
        file=file.path,
        region_origin=region.origin if region else "",
        key_origin=(key or command or SettingValue(None)).origin,
    )


@dataclass(frozen=True)
class Choice:
    """The region, what decided it, and the first source with a key of that region.

    ``decided_by`` is None where nobody named a region or held a key, or a flag did.
    """

    region: Region
    decided_by: Source | None
    source: Source | None


def choose(region: Region | None, sources: Iterator[Source]) -> Choice:
    """Choose among the sources, which stand in their order; a flag's ``region`` beats them."""
    decided_by = None
    for source in sources:
        if region is None and (source.region or source.secret):
            region, decided_by = _region(source.region, source.region_source), source
        if source.secret and _region(source.key_region, source.region_source) is region:
            return Choice(region, decided_by, source)
    return Choice(region or DEFAULT_REGION, decided_by, None)


def _region(written: str, where: str) -> Region:
    """Return the region of that name, or the default one. Raises ProblemError."""
    try:
        return Region(written.lower() or DEFAULT_REGION.value)
    except ValueError as error:
        raise ProblemError(
            causes.UNKNOWN_REGION, where=where, regions=" or ".join(REGION_NAMES)
        ) from error


def no_key(
    name: str, region: Region, file: SettingsFile, environ: Mapping[str, str]
) -> ProblemError:
    """Return the error that names the places searched, and the one with another region's key."""
    others = [source.name for source in sources_of(name, file, environ) if source.secret]
    looked = (
        f"accounts.{name} in {file.path}"
        if name in file.accounts
        else f"{file.path}, CodexBar's file, {' and '.join(_KEY_VARIABLES)}"
    )
    if others:
        return ProblemError(
            causes.OTHER_REGION_ONLY, region=region.value, other=others[0], looked=looked
        )
    return ProblemError(causes.NO_KEY, region=region.value, looked=looked)
