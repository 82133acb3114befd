"""The rows that ``config show`` prints: each setting, its value, and where it came from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from moonshot_status.config.settings import Setting, Settings, independent
from moonshot_status.core.thresholds import LIMITS

# Below this length the last four characters would reveal too much of the key.
_MIN_LENGTH_TO_SHOW_END = 32
_NO_VALUE = "–"


def rows(settings: Settings) -> list[tuple[str, str, str]]:
    """Return the name, the value and the origin of each setting."""
    account = settings.account
    values = {
        "account": account.name,
        "region": account.region.value if account.region else "",
        "api_key_command" if account.secret.command else "api_key": _secret(settings),
        "base_url": account.base_url,
        **{row.name: _value(row, settings.values[row.name]) for row in independent()},
    }
    for limit in LIMITS:
        amount = getattr(account.thresholds, limit, None)
        values[f"thresholds.{limit}"] = "" if amount is None else f"{amount:f}"
    origins = {**settings.origins, "api_key": settings.origins.get("key", "")}
    origins["api_key_command"] = origins["api_key"]
    return [(name, value or _NO_VALUE, origins.get(name, "")) for name, value in values.items()]


def _value(setting: Setting, value: Any) -> str:
    """Return a value as users write it; empty if it is unset."""
    expected = setting.schema["type"]
    if expected == "number":
        return f"{value:.10g}"
    if expected == "string":
        return str(value)
    if expected == "array":
        return ", ".join(value) if "enum" in setting.schema["items"] else _command(value)
    return json.dumps(value)


def _command(words: Iterable[str]) -> str:
    command = list(words)
    return json.dumps(command, ensure_ascii=False) if command else ""


def _secret(settings: Settings) -> str:
    """Return the key command, or a key of which at most the end is shown."""
    secret = settings.account.secret
    if not secret.key:
        return _command(secret.command)
    start = "sk-" if secret.key.startswith("sk-") else ""
    return f"{start}…{secret.key[-4:] if len(secret.key) >= _MIN_LENGTH_TO_SHOW_END else ''}"
