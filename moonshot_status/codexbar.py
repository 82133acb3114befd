"""The Moonshot entry of a CodexBar file, which is only ever read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moonshot_status.errors import Kind, ProblemError
from moonshot_status.ownfile import read_bytes
from moonshot_status.text import one_line, unquoted


@dataclass(frozen=True)
class Entry:
    """What CodexBar knows of Moonshot; blank where it says nothing."""

    path: Path
    api_key: str = ""
    api_key_region: str = ""
    region: str = ""


def read(environ: Mapping[str, str]) -> Entry | None:
    """The entry of the file that CodexBar would read, if there is one.

    Raises ProblemError of kind ``config`` when that file cannot be understood.
    """
    for path in candidates(environ):
        try:
            raw = read_bytes(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise _broken(path, f"cannot be read: {error.strerror}") from error
        return _entry(path, raw)
    return None


def candidates(environ: Mapping[str, str]) -> list[Path]:
    """The files that CodexBar would look for, in its order."""
    named = unquoted(environ.get("CODEXBAR_CONFIG", ""))
    if named:
        return [Path(os.path.expanduser(named))]
    home = Path(os.path.expanduser("~"))
    xdg = environ.get("XDG_CONFIG_HOME", "")
    folders = [Path(xdg) / "codexbar"] if os.path.isabs(xdg) else []
    folders += [home / ".config" / "codexbar", home / ".codexbar"]
    return [folder / "config.json" for folder in folders]


def _entry(path: Path, raw: bytes) -> Entry | None:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _broken(path, "is not valid JSON") from error
    providers = document.get("providers", []) if isinstance(document, dict) else None
    if not isinstance(providers, list):
        raise _broken(path, "has no list of providers")
    for provider in providers:
        if isinstance(provider, dict) and provider.get("id") == "moonshot":
            words = (_word(path, provider, name) for name in ("apiKey", "apiKeyRegion", "region"))
            return Entry(path, *words)
    return None


def _word(path: Path, provider: dict[str, Any], name: str) -> str:
    value = provider.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _broken(path, f"has a mistake at providers.moonshot.{name}: allowed is a string")
    return unquoted(value)


def _broken(path: Path, what: str) -> ProblemError:
    return ProblemError(
        Kind.CONFIG,
        one_line(f"CodexBar's {path} {what}"),
        "Mend it in CodexBar, or put the key into a settings file of our own.",
    )
