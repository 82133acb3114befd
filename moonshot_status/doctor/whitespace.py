"""Warn about blank values, and about quotes, blanks and the like around others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from moonshot_status.config import api_key, codexbar
from moonshot_status.config.settings import SETTINGS
from moonshot_status.config.settings_file import FREE_TEXT, read_bytes
from moonshot_status.core import strict_json
from moonshot_status.core.text import around, unquoted
from moonshot_status.doctor.context import VARIABLES, Context
from moonshot_status.doctor.finding import Finding, hint

_SETTINGS = [s.name for s in SETTINGS if s.schema.get("type") == "string" and s.name != FREE_TEXT]
_CODEXBAR = (codexbar.REGION, codexbar.KEY, codexbar.KEY_REGION)


def findings(context: Context) -> Iterator[Finding]:
    """Yield a warning for each value that is not taken as it is written."""
    for place, value in _values(context):
        ignored = around(value)
        if not unquoted(value):
            yield hint("blanks", f"{place} is blank, which counts as unset", "Remove it.")
        elif ignored:
            fix = "Take them away: other programs take them as they are."
            yield hint("blanks", api_key.note(place, ignored), fix)


def _values(context: Context) -> Iterator[tuple[str, str]]:
    """Yield the place of each value that is in use, and the value as it is written."""
    yield from _strings(context.environ, VARIABLES, "{}")
    document, account = _document(context.path), context.settings.account.name
    yield from _strings(document, _SETTINGS, f"{{}} in {context.path}")
    accounts = document.get("accounts")
    own = accounts.get(account) if isinstance(accounts, dict) else None
    yield from _strings(own, _SETTINGS, f"accounts.{account}.{{}} in {context.path}")
    path = context.codexbar_file
    providers = _document(path).get("providers") if path else None
    for provider in providers if isinstance(providers, list) else ():
        if isinstance(provider, dict) and provider.get("id") == codexbar.PROVIDER:
            yield from _strings(provider, _CODEXBAR, f"{{}} in {path}")


def _strings(values: Any, names: Iterable[str], place: str) -> Iterator[tuple[str, str]]:
    for name in names if isinstance(values, Mapping) else ():
        if isinstance(values.get(name), str):
            yield place.replace("{}", name), values[name]


def _document(path: Path) -> dict[str, Any]:
    """Return the object in the file, or an empty one if there is none."""
    try:
        document = strict_json.loads(read_bytes(path))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
