"""Where a region and a key may come from, and which of them belong together."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moonshot_status import codexbar
from moonshot_status.account import Region, Secret
from moonshot_status.errors import Kind, ProblemError
from moonshot_status.ownfile import OwnFile
from moonshot_status.text import one_line, unquoted

_KEY_VARIABLES = ("MOONSHOT_API_KEY", "MOONSHOT_KEY")


@dataclass(frozen=True)
class Source:
    """One place that may hold a region and a key; regions are still as somebody wrote them."""

    name: str
    region: str
    key_region: str
    secret: Secret | None
    file: Path | None = None

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


def sources_of(name: str, file: OwnFile, environ: Mapping[str, str]) -> Iterator[Source]:
    """The places to look at, in their order; a later one is read only when it is reached."""
    if name in file.accounts:
        own = {**file.settings, **file.accounts[name]}
        yield _own_source(own, f"accounts.{name} in {file.path}", file.path)
        return
    yield _own_source(file.settings, str(file.path), file.path)
    entry = codexbar.read(environ)
    if entry:
        yield Source(
            str(entry.path),
            region=entry.region or entry.api_key_region,
            key_region=entry.api_key_region or entry.region,
            secret=Secret(entry.api_key) if entry.api_key else None,
            file=entry.path,
        )
    region = unquoted(environ.get("MOONSHOT_REGION", ""))
    found = next((n for n in _KEY_VARIABLES if unquoted(environ.get(n, ""))), None)
    secret = Secret(unquoted(environ[found])) if found else None
    yield Source(found or "MOONSHOT_REGION", region, region, secret)


def _own_source(own: dict[str, Any], name: str, file: Path) -> Source:
    region, secret = own.get("region", ""), None
    if "api_key" in own:
        secret = Secret(own["api_key"])
    elif "api_key_command" in own:
        secret = Secret(command=tuple(own["api_key_command"]))
    return Source(name, region, region, secret, file)


def choose(region: Region | None, sources: Iterator[Source]) -> tuple[Region, Source | None]:
    """The region, and the first source with a key of that region."""
    for source in sources:
        if region is None and (source.region or source.secret):
            region = _region(source.region, source.region_name)
        if source.secret and _region(source.key_region, source.region_name) is region:
            return region, source
    return region or Region.INTERNATIONAL, None


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
