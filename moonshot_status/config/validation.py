"""Validate a settings file for every account in it, whatever the environment says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from moonshot_status import schemas
from moonshot_status.config import key_sources, resolver, settings_file
from moonshot_status.config.settings import DEFAULT_ACCOUNT
from moonshot_status.config.settings_file import SettingsFile
from moonshot_status.core.errors import Problem, ProblemError
from moonshot_status.core.regions import DEFAULT_REGION, Region


def problems_in(path: Path, raw: bytes) -> list[Problem]:
    """Return every problem in a settings file of this content; none of them repeats a value."""
    try:
        document = settings_file.unchecked(path, raw)
    except ProblemError as error:
        return [error.problem]
    mismatches = schemas.mismatches(document, "config")
    if mismatches:
        return [settings_file.invalid_setting(path, mismatch).problem for mismatch in mismatches]
    file = SettingsFile(path, document)
    names = file.accounts or [DEFAULT_ACCOUNT]
    # A problem in the general settings is one of every account, and is reported once.
    return list(dict.fromkeys(found for name in names for found in _of_account(name, file)))


def dangers_of(path: Path, *, required: bool = False) -> list[Problem]:
    """Return why commands and base URLs in a valid file are not used; none if it has none.

    A ``required`` file has to be there, and may be a pipe.
    """
    file = settings_file.read(path, required=required)
    return list(file.dangers) if file.needs_trust else []


def _of_account(name: str, file: SettingsFile) -> list[Problem]:
    source = key_sources.own_source(name, file)
    region = Region(source.region.lower() or DEFAULT_REGION.value)
    # Without a region and a key in the file, another source may choose the region.
    is_open = name not in file.accounts and not source.region and not source.secret
    found = [_in_region(name, each, file) for each in (list(Region) if is_open else [region])]
    return [*min(found, key=len), *_raised(lambda: key_sources.check_key(source))]


def _in_region(name: str, region: Region, file: SettingsFile) -> list[Problem]:
    return [
        *_raised(lambda: resolver.resolve_thresholds(name, region, file)),
        *_raised(lambda: resolver.resolve_base_url(name, region, file, {})),
    ]


def _raised(check: Callable[[], object]) -> list[Problem]:
    try:
        check()
    except ProblemError as error:
        return [error.problem]
    return []
