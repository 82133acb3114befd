"""Read the Moonshot entry of a CodexBar file, which is never written."""

from __future__ import annotations

import codecs
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moonshot_status.config.settings_file import read_bytes
from moonshot_status.core import causes
from moonshot_status.core.errors import ProblemError
from moonshot_status.core.regions import DEFAULT_REGION, REGION_NAMES
from moonshot_status.core.text import unquoted

VARIABLE = "CODEXBAR_CONFIG"
"""The environment variable that names the file."""
PROVIDER = "moonshot"
KEY, KEY_REGION, REGION = "apiKey", "apiKeyRegion", "region"
"""The names in the entry."""


@dataclass(frozen=True)
class Entry:
    """The Moonshot entry of a CodexBar file; missing values are blank.

    ``api_key`` is as it is written there, with the quotes and blanks around it. ``unknown`` names
    the values that are no region of this program; they count as international, as in CodexBar.
    """

    path: Path
    api_key: str = ""
    api_key_region: str = ""
    region: str = ""
    unknown: tuple[str, ...] = ()


def read(environ: Mapping[str, str]) -> Entry | None:
    """Return the entry of the file that CodexBar would read, or None if it has none.

    A blank file counts as absent. Raises ProblemError of kind ``config`` if that file is invalid.
    """
    for path in candidates(environ):
        try:
            raw = read_bytes(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            why = str(error.strerror)
            raise ProblemError(causes.CODEXBAR_UNREADABLE, path=str(path), error=why) from error
        if not is_blank(raw):
            return _entry(path, raw)
    return None


def is_blank(raw: bytes) -> bool:
    """Return whether the file holds nothing, or what is left of it after a power failure."""
    return not raw.removeprefix(codecs.BOM_UTF8).strip(b" \t\r\n\f\v\0")


def candidates(environ: Mapping[str, str]) -> list[Path]:
    """Return the files that CodexBar looks for, in its order."""
    named = unquoted(environ.get(VARIABLE, ""))
    if named:
        return [Path(os.path.expanduser(named))]
    home = Path(os.path.expanduser("~"))
    xdg = os.path.expanduser(environ.get("XDG_CONFIG_HOME", ""))
    folders = [Path(xdg) / "codexbar"] if os.path.isabs(xdg) else []
    folders += [home / ".config" / "codexbar", home / ".codexbar"]
    return [folder / "config.json" for folder in folders]


def place(environ: Mapping[str, str]) -> str:
    """Return the file, or where it is looked for, in words for a message."""
    named = bool(unquoted(environ.get(VARIABLE, "")))
    return f"{candidates(environ)[0]} of {VARIABLE}" if named else "CodexBar's file"


def _entry(path: Path, raw: bytes) -> Entry | None:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ProblemError(causes.CODEXBAR_NOT_JSON, path=str(path)) from error
    providers = document.get("providers", []) if isinstance(document, dict) else None
    if not isinstance(providers, list):
        raise ProblemError(causes.CODEXBAR_NO_PROVIDERS, path=str(path))
    for provider in providers:
        if isinstance(provider, dict) and provider.get("id") == PROVIDER:
            return _moonshot(path, provider)
    return None


def _moonshot(path: Path, provider: dict[str, Any]) -> Entry:
    """Return the values of the entry that are needed. Raises ProblemError."""
    key, region = _string(path, provider, KEY), unquoted(_string(path, provider, REGION))
    # The region of a key that is not there matters only in place of the account's.
    is_needed = unquoted(key) or not region
    key_region = unquoted(_string(path, provider, KEY_REGION)) if is_needed else ""
    written = {KEY_REGION: key_region, REGION: region}
    unknown = [name for name, value in written.items() if not _is_known(value)]
    for name in unknown:
        written[name] = DEFAULT_REGION.value
    return Entry(path, key, written[KEY_REGION], written[REGION], tuple(unknown))


def _is_known(region: str) -> bool:
    return region.lower() in ("", *REGION_NAMES)


def _string(path: Path, provider: dict[str, Any], name: str) -> str:
    """Return a value of the entry, blank if it is missing. Raises ProblemError."""
    value = provider.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ProblemError(causes.CODEXBAR_NOT_A_STRING, path=str(path), setting=name)
    return value
