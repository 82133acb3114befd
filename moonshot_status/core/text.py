"""Clean up text from outside the program: mask keys, strip quotes, fit it on one line."""

from __future__ import annotations

import re

# The bare prefix of Kimi Code keys, as in a hint, is not a key.
_KEY = re.compile(r"\bsk-(?!kimi-(?![\w-]))[\w-]{4,}")
_QUOTES_AND_WHITESPACE = " \t\r\n\f\v\u00a0\"'"


def mask_keys(value: str) -> str:
    """Return the text with everything that looks like a key masked."""
    return _KEY.sub("sk-…", value)


def unquoted(value: str) -> str:
    """Return a setting without the quotes and whitespace around it, as left by copying."""
    return value.strip(_QUOTES_AND_WHITESPACE)


def one_line(value: str, limit: int = 240) -> str:
    """Return the text on one line of at most ``limit`` printable characters, with keys masked."""
    printable = "".join(char if char.isprintable() else " " for char in value[: limit * 4])
    line = mask_keys(" ".join(printable.split()))
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
