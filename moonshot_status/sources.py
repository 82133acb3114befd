"""Where a region and a key may come from, and which of them belong together."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from moonshot_status import codexbar
from moonshot_status.account import Region, Secret
from moonshot_status.errors import Kind, ProblemError
from moonshot_status.ownfile import Found, OwnFile
from moonshot_status.text import one_line, unquoted

_KEY_VARIABLES = ("MOONSHOT_API_KEY", "MOONSHOT_KEY")


@dataclass(frozen=True)
class Source:
    """One place that may hold a region and a key; regions are still as somebody wrote them.

    ``region_place`` and ``key_place`` say where in it they stand.
    """

    name: str
    region: str
    key_region: str
    secret: Secret | None
    file: Path | None = None
    region_place: str = ""
    key_place: str = ""

    @property
    def region_name(self) -> str:
        """The place of the region; in the environment it is not the key's."""
        return self.name if self.file else "MOONSHOT_REGION"

    @property
    def is_open_to_others(self) -> bool:
        """Whether the key stands in a file that other users of the machine can read."""
        if self.file is None or self.secret is None or not self.secret.key:
            return False
        try:
            mode = self.file.stat().st_mode
        except OSError:
            return False
        return stat.S_ISREG(mode) and bool(mode & (stat.S_IRGRP | stat.S_IROTH))


NOWHERE = Source("", "", "", None)


def sources_of(name: str, file: OwnFile, environ: Mapping[str, str]) -> Iterator[Source]:
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
            region_place=f"CodexBar's {entry.path}",
            key_place=f"CodexBar's {entry.path}",
        )
    region = unquoted(environ.get("MOONSHOT_REGION", ""))
    found = next((n for n in _KEY_VARIABLES if unquoted(environ.get(n, ""))), None)
    secret = Secret(unquoted(environ[found])) if found else None
    yield Source(
        found or "MOONSHOT_REGION", region, region, secret,
        region_place="MOONSHOT_REGION", key_place=found or "",
    )  # fmt: skip


def own_source(name: str, file: OwnFile) -> Source:
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
        region_place=region.place if region else "",
        key_place=(key or command or Found(None)).place,
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
            region, decided_by = _region(source.region, source.region_name), source
        if source.secret and _region(source.key_region, source.region_name) is region:
            return Choice(region, decided_by, source)
    return Choice(region or Region.INTERNATIONAL, decided_by, None)


def _region(written: str, where: str) -> Region:
    try:
        return Region(written.lower() or "international")
    except ValueError as error:
        raise ProblemError(
            Kind.CONFIG,
            one_line(f"{where} names a region that does not exist"),
            "Allowed is international or china.",
        ) from error


def no_key(name: str, region: Region, file: OwnFile, environ: Mapping[str, str]) -> ProblemError:
    """Say where was looked, and which places hold a key of the other region."""
    others = [source.name for source in sources_of(name, file, environ) if source.secret]
    looked = (
        f"accounts.{name} in {file.path}"
        if name in file.accounts
        else f"{file.path}, CodexBar's file, {' and '.join(_KEY_VARIABLES)}"
    )
    hint = f"Looked at {looked}."
    if others:
        hint = f"The key in {others[0]} belongs to the other region, so it is not used. {hint}"
    return ProblemError(
        Kind.NO_KEY, f"There is no API key for the {region.value} region", one_line(hint, 400)
    )
