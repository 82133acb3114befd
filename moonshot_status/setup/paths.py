"""Parse and write paths in the notations of shells, bars and messages."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from moonshot_status.core.paths import with_home

# The time of shlex grows with the square of a word's length.
_MAX_SPLIT = 1 << 16


def home() -> Path:
    """Return the home folder."""
    return Path(os.path.expanduser("~"))


def expand(written: str) -> Path:
    """Expand ``~`` and one leading variable, but not a variable that is not set."""
    first, slash, rest = written.partition("/")
    if first.startswith("$"):
        value = os.environ.get(first[1:]) or first
        if first == "$XDG_CONFIG_HOME" and not os.path.isabs(value):
            value = "~/.config"
        written = f"{value}{slash}{rest}"
    return Path(with_home(written))


def display(path: Path) -> str:
    """Return the path for a message, with ``~`` for the home folder."""
    return f"~/{path.relative_to(home())}" if path.is_relative_to(home()) else str(path)


def shell_words(text: str) -> list[str]:
    """Split and expand the text as a shell does.

    Returns no words if a quote is not closed, or if the text is too long for a path.
    """
    if len(text) > _MAX_SPLIT:
        return []
    try:
        words = shlex.split(text)
    except ValueError:
        return []
    return [with_home(os.path.expandvars(word)) for word in words]
