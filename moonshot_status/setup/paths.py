"""Paths as bars and people write them."""

from __future__ import annotations

import os
import shlex
from pathlib import Path


def home() -> Path:
    return Path(os.path.expanduser("~"))


def expanded(word: str) -> Path | None:
    """The path with ``~`` and one leading variable filled in; None where that is not set."""
    first, slash, rest = word.partition("/")
    if first.startswith("$"):
        value = os.environ.get(first[1:], "")
        if first == "$XDG_CONFIG_HOME" and not os.path.isabs(value):
            value = "~/.config"
        if not value:
            return None
        word = f"{value}{slash}{rest}"
    return Path(os.path.expanduser(word))


def short(path: Path) -> str:
    """The path for people, with ``~`` for the home folder."""
    return f"~/{path.relative_to(home())}" if path.is_relative_to(home()) else str(path)


def shell_word(path: Path) -> str:
    """The path as one word of a shell, with ``~`` where it can be."""
    if path.is_relative_to(home()):
        return f"~/{shlex.quote(str(path.relative_to(home())))}"
    return shlex.quote(str(path))


def words(text: str) -> list[str]:
    """A shell's words, with ``~`` and variables filled in; none where quotes do not match."""
    try:
        parts = shlex.split(text)
    except ValueError:
        return []
    return [os.path.expanduser(os.path.expandvars(part)) for part in parts]
