"""Quotes, blanks and blank values, which the program puts up with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from moonshot_status.config import codexbar
from moonshot_status.config.settings_file import read_bytes
from moonshot_status.core import strict_json
from moonshot_status.core.text import unquoted
from moonshot_status.doctor.context import Context
from moonshot_status.doctor.finding import Finding, hint

_OWN = ("region", "api_key", "base_url")
_CODEXBAR = ("region", "apiKey", "apiKeyRegion")
_VARIABLES = (
    "MOONSHOT_API_KEY",
    "MOONSHOT_KEY",
    "MOONSHOT_REGION",
    "MOONSHOT_BASE_URL",
    "CODEXBAR_CONFIG",
)


def findings(case: Context) -> Iterator[Finding]:
    for name, value in _written(case):
        bare = unquoted(value)
        if not bare:
            yield hint("blanks", f"{name} is blank, which counts as unset", "Remove it.")
        elif bare != value:
            yield hint(
                "blanks",
                f"quotes or blanks stand around {name}; they are left out",
                "Take them away: other programs take them as they are.",
            )


def _written(case: Context) -> Iterator[tuple[str, str]]:
    """Each value that counts, by its place and as somebody wrote it."""
    yield from _strings(case.environ, _VARIABLES, "{}")
    own, account = _document(case.path), case.settings.account.name
    yield from _strings(own, _OWN, f"{{}} in {case.path}")
    accounts = own.get("accounts")
    mine = accounts.get(account) if isinstance(accounts, dict) else None
    yield from _strings(mine, _OWN, f"accounts.{account}.{{}} in {case.path}")
    for path in [path for path in codexbar.candidates(case.environ) if path.exists()][:1]:
        providers = _document(path).get("providers")
        for provider in providers if isinstance(providers, list) else ():
            if isinstance(provider, dict) and provider.get("id") == "moonshot":
                yield from _strings(provider, _CODEXBAR, f"{{}} in {path}")


def _strings(values: Any, names: tuple[str, ...], place: str) -> Iterator[tuple[str, str]]:
    for name in names if isinstance(values, Mapping) else ():
        if isinstance(values.get(name), str):
            yield place.replace("{}", name), values[name]


def _document(path: Path) -> dict[str, Any]:
    try:
        document = strict_json.loads(read_bytes(path))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
