"""The folders in which bars look for programs."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = "moonshot-status"
_HOMEBREW_FOLDERS = ("/opt/homebrew/bin",) if sys.platform == "darwin" else ()
# The least that display managers and launchd give to the programs that they start.
_SYSTEM_FOLDERS = ("/usr/bin", "/bin", "/usr/sbin", "/sbin")


def local_bin() -> Path:
    """Return the folder that the snippets for bars put first in PATH."""
    return Path(os.path.expanduser("~/.local/bin"))


def which(program: str) -> str | None:
    """Return the full path of the program that bars run by this name, or None."""
    return shutil.which(program, path=_path())


@contextmanager
def in_effect() -> Iterator[None]:
    """Set PATH to that of bars within the ``with`` block."""
    before = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = _path()
    try:
        yield
    finally:
        os.environ["PATH"] = before


def _path() -> str:
    """Return PATH as the snippets for bars set it."""
    folders = (str(local_bin()), *_HOMEBREW_FOLDERS, "/usr/local/bin", *_SYSTEM_FOLDERS)
    return os.pathsep.join(folders)


def running_program() -> Path:
    """Return the full path of the program that is running."""
    return Path(shutil.which(sys.argv[0]) or sys.argv[0]).absolute()
