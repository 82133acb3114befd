"""Print a reply as UTF-8 bytes in one write, write files, and end the process."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import click

from moonshot_status.core.text import escaped
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


def write_path(path: Path) -> None:
    """Print the path on a line: its exact bytes, or escaped if a terminal shows it."""
    if sys.stdout is not None and sys.stdout.isatty():
        click.echo(escaped(str(path)))
    else:
        click.echo(os.fsencode(path) + b"\n", nl=False)


def write_file(file: Path, content: bytes) -> None:
    """Write the whole file, or leave it unchanged; a new one has the mode of the umask.

    A symlink is followed only to a file of the user's own. Raises OSError.
    """
    from moonshot_status.core import atomic_write, paths

    umask = os.umask(0)
    os.umask(umask)
    target = paths.resolved(file.absolute())
    if file.is_symlink() and not (target.is_file() and target.stat().st_uid == os.geteuid()):
        raise PermissionError(errno.EPERM, "it is a symlink that leads to no file of your own")
    mode = atomic_write.mode_of(target, 0o666) & ~umask
    atomic_write.replace_file(target, content, mode)


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
