"""Text from outside, made fit for one line of a bar."""

from __future__ import annotations

import re

# The prefix of another product's keys, alone, is no key.
_KEY = re.compile(r"\bsk-(?!kimi-(?![\w-]))[\w-]{4,}")
_QUOTES_AND_BLANKS = " \t\r\n\f\v\u00a0\"'"


def mask_keys(value: str) -> str:
    """The text with what looks like a key masked."""
    return _KEY.sub("sk-…", value)


def unquoted(value: str) -> str:
    """A setting without the quotes and blanks that people leave around it."""
    return value.strip(_QUOTES_AND_BLANKS)


def one_line(value: str, limit: int = 240) -> str:
    """At most ``limit`` printable characters on one line; what looks like a key is masked."""
    printable = "".join(char if char.isprintable() else " " for char in value[: limit * 4])
    line = mask_keys(" ".join(printable.split()))
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
