"""Print a reply as UTF-8 bytes in one write, write files, and end the process."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import click

from moonshot_status.formats import Reply


def write(reply: Reply) -> int:
    """Print the reply and return its exit status, or 1 if it cannot be written."""
    try:
        click.echo(reply.text.encode("utf-8", "replace"), nl=False)
        if reply.stderr and sys.stderr is not None and sys.stderr.isatty():
            click.echo(reply.stderr.encode("utf-8", "replace"), nl=False, err=True)
    except OSError:
        _discard_the_rest()
        return 1
    return reply.exit_code


def write_file(file: Path, content: bytes) -> None:
    """Write the whole file, with the mode of the umask, or leave it unchanged. Raises OSError."""
    from moonshot_status.core import atomic_write

    umask = os.umask(0)
    os.umask(umask)
    atomic_write.replace_file(file.resolve(), content, 0o666 & ~umask)


def end_process(status: int) -> NoReturn:
    """End the process at once.

    A request that outlasted its deadline is still running in a thread, and the interpreter can
    crash while it shuts down around it.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()
    os._exit(status)


def _discard_the_rest() -> None:
    """Redirect the streams to /dev/null, so that the flush at exit cannot fail."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            os.dup2(null, stream.fileno())
