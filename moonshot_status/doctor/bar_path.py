"""The PATH with which bars run programs."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = "moonshot-status"
# The least that display managers and launchd give to the programs that they start.
_SYSTEM_FOLDERS = ("/usr/bin", "/bin", "/usr/sbin", "/sbin")


def local_bin() -> str:
    """Return the folder that the snippets for bars put first in PATH."""
    return os.path.expanduser("~/.local/bin")


def path_of_bars() -> str:
    """Return PATH as the snippets for bars set it."""
    local = (
        ("/usr/local/bin",) if sys.platform != "darwin" else ("/opt/homebrew/bin", "/usr/local/bin")
    )
    return os.pathsep.join((local_bin(), *local, *_SYSTEM_FOLDERS))


def which(program: str) -> str | None:
    """Return the full path of the program that bars run by this name, or None."""
    return shutil.which(program, path=path_of_bars())


@contextmanager
def in_effect() -> Iterator[None]:
    """Set PATH to that of bars within the ``with`` block."""
    before = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = path_of_bars()
    try:
        yield
    finally:
        os.environ["PATH"] = before


def same_file(one: str, other: str) -> bool:
    """Return whether both paths lead to the same file."""
    return os.path.realpath(one) == os.path.realpath(other)


def running_program() -> str:
    """Return the full path of the program that is running."""
    return str(Path(shutil.which(sys.argv[0]) or sys.argv[0]).absolute())
