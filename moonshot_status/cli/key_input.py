"""Read an API key from a hidden prompt or from standard input."""

from __future__ import annotations

import sys

import click

from moonshot_status.config import api_key
from moonshot_status.config.api_key import WrittenKey
from moonshot_status.core import signals


def read_key() -> WrittenKey:
    """Return the key that the user types in a terminal, or the first line of standard input.

    Raises ProblemError if no request can be made with it.
    """
    if sys.stdin is not None and sys.stdin.isatty():
        written = api_key.read(_prompt())
        api_key.validated(written.key)
        return written
    return api_key.read_stdin(sys.stdin.buffer if sys.stdin is not None else None)


def _prompt() -> str:
    with signals.keyboard_interrupt():
        key: str = click.prompt("API key (it is not shown)", hide_input=True, err=True)
        return key
