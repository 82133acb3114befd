"""Writing: a reply as bytes, UTF-8, in one write; a file as a whole or not at all."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import click

from moonshot_status.formats import Reply


def write(reply: Reply) -> int:
    """Print the reply and return its exit status, or 1 if it could not be written."""
    try:
        click.echo(reply.text.encode("utf-8", "replace"), nl=False)
        if reply.aside and sys.stderr is not None and sys.stderr.isatty():
            click.echo(reply.aside.encode("utf-8", "replace"), nl=False, err=True)
    except OSError:
        _discard_the_rest()
        return 1
    return reply.exit_code


def put(file: Path, content: bytes) -> None:
    """Write the file, its mode as the umask says, or leave what is there. Raises OSError."""
    file = file.resolve()
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(file)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise


def leave(status: int) -> NoReturn:
    """End the process at once.

    A request that outlasted its deadline is left behind in a thread, and an interpreter that
    takes itself down around it can crash.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()
    os._exit(status)


def _discard_the_rest() -> None:
    """Have the interpreter's own flush at its end write into nothing."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            os.dup2(null, stream.fileno())
