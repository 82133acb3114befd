"""Where bars look for programs, and what a name leads to there."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = "moonshot-status"
# What a bar that was started by a display manager, or by launchd, has for sure.
_BARE = ("/usr/bin", "/bin", "/usr/sbin", "/sbin")


def own_folder() -> str:
    """The folder that our files for bars search first."""
    return os.path.expanduser("~/.local/bin")


def path_of_bars() -> str:
    """PATH as our files for bars make it."""
    usual = (
        ("/usr/local/bin",) if sys.platform != "darwin" else ("/opt/homebrew/bin", "/usr/local/bin")
    )
    return os.pathsep.join((own_folder(), *usual, *_BARE))


def found_by_bars(program: str) -> str | None:
    """The full path of what a bar runs by this name."""
    return shutil.which(program, path=path_of_bars())


@contextmanager
def as_a_bar() -> Iterator[None]:
    """Let PATH be what a bar has."""
    before = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = path_of_bars()
    try:
        yield
    finally:
        os.environ["PATH"] = before


def same_file(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def running() -> str:
    """The full path of the program that is running."""
    return str(Path(shutil.which(sys.argv[0]) or sys.argv[0]).absolute())
