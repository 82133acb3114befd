"""What is wrong in a settings file, for every account and whatever the environment says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from moonshot_status import key, ownfile, schemas, settings, sources
from moonshot_status.account import Region
from moonshot_status.errors import Problem, ProblemError
from moonshot_status.ownfile import OwnFile
from moonshot_status.sources import Source
from moonshot_status.text import one_line


def mistakes(path: Path, raw: bytes) -> list[Problem]:
    """The mistakes in the file with this content, each with its place and no value."""
    try:
        document = ownfile.unchecked(path, raw)
    except ProblemError as error:
        return [error.problem]
    mismatches = schemas.mismatches(document, "config")
    if mismatches:
        return [ownfile.mistake(path, mismatch).problem for mismatch in mismatches]
    file = OwnFile(path, document)
    names = file.accounts or [settings.DEFAULT_ACCOUNT]
    # What stands beside the accounts is wrong for each of them, and told once.
    return list(dict.fromkeys(found for name in names for found in _of_account(name, file)))


def _of_account(name: str, file: OwnFile) -> list[Problem]:
    source = sources.own_source(name, file)
    region = Region(source.region.lower() or Region.INTERNATIONAL.value)
    # Another source may name the region of a file that says nothing of it.
    is_open = name not in file.accounts and not source.region and not source.secret
    found = [_in_region(name, each, file) for each in (list(Region) if is_open else [region])]
    return [*min(found, key=len), *_of_key(source)]


def _in_region(name: str, region: Region, file: OwnFile) -> list[Problem]:
    return [
        *_raised(lambda: settings.thresholds(name, region, file)),
        *_raised(lambda: settings.base_url(name, region, file, {})),
    ]


def _of_key(source: Source) -> Iterator[Problem]:
    written = source.secret.key if source.secret else ""
    for problem in _raised(lambda: written and key.checked(written)):
        yield replace(problem, message=one_line(f"{source.key_place}: {problem.message}"))


def _raised(check: Callable[[], object]) -> list[Problem]:
    try:
        check()
    except ProblemError as error:
        return [error.problem]
    return []
