"""Read an API key from a hidden prompt or from standard input."""

from __future__ import annotations

import sys

import click

from moonshot_status.cli import errors
from moonshot_status.core import signals
from moonshot_status.core.text import unquoted

_MAX_LINE = 1 << 12


def read_key() -> str:
    """Return the key that the user types in a terminal, or the first line of standard input.

    Raises click's exception if that is empty.
    """
    if sys.stdin is not None and sys.stdin.isatty():
        return unquoted(_prompt())
    line = sys.stdin.buffer.readline(_MAX_LINE) if sys.stdin is not None else b""
    key = unquoted(line.decode("utf-8", "replace"))
    if not key:
        raise errors.Failure(
            "There is nothing on the first line of standard input.",
            "Next: moonshot-status config set-key, in a terminal, asks for the key",
        )
    return key


def _prompt() -> str:
    with signals.keyboard_interrupt():
        key: str = click.prompt("API key (it is not shown)", hide_input=True, err=True)
        return key
