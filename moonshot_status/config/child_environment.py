"""The environment that other programs inherit from this one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from moonshot_status.config.settings import BY_NAME
from moonshot_status.core.account import fingerprint
from moonshot_status.core.text import unquoted

_VARIABLES = tuple(name.encode() for name in BY_NAME["api_key"].variables)
# After a slash only what is as long as a real key: /home/sk-anders is a folder.
_KEY_IN_VALUE = re.compile(rb"\bsk-[\w-]{24,}|(?<!/)\bsk-[\w-]{4,}", re.IGNORECASE)
# What is around a key in a longer value, such as a header.
_BETWEEN = re.compile(r"[\s:=,;&?\"'`]+")
# A shorter one, such as a placeholder, may be part of any word, in PATH as well.
_MIN_WITHIN = 8


def without_keys(environ: Mapping[bytes, bytes], key: str, last_key: str) -> dict[bytes, bytes]:
    """Return the variables for a command that needs no key: without those that may contain one.

    ``key`` is the account's key, empty if a key command prints it. ``last_key`` is the fingerprint
    of the key that was used last.
    """
    variables = (environ.get(name, b"").decode("utf-8", "replace") for name in _VARIABLES)
    keys = {key, *map(unquoted, variables)} - {""}

    def has_key(name: bytes, value: bytes) -> bool:
        text = value.decode("utf-8", "replace")
        parts = {text, unquoted(text), *_BETWEEN.split(text)}
        return (
            name in _VARIABLES
            or bool(_KEY_IN_VALUE.search(value))
            or not keys.isdisjoint(parts)
            or any(key in text for key in keys if len(key) >= _MIN_WITHIN)
            or any(fingerprint(part) == last_key for part in parts)
        )

    return {name: value for name, value in environ.items() if not has_key(name, value)}
