"""Where bars find the program: they search few folders, and the snippets ``~/.local/bin`` first."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from moonshot_status.setup import paths

_NAME = "moonshot-status"
_SEARCHED = ("/opt/homebrew/bin", "/usr/local/bin", "/usr/bin", "/bin")


@dataclass(frozen=True)
class Link:
    """A link at ``path`` that leads to ``target``."""

    path: Path
    target: Path

    def make(self) -> None:
        """Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.symlink_to(self.target)


def missing_link() -> Link | None:
    """The link without which no bar finds the program, or None where none is missing."""
    path, target = own_path(), _program()
    if is_found() or target is None or os.path.lexists(path):
        return None
    return Link(path, target)


def is_found() -> bool:
    """Whether a bar finds the program."""
    folders = os.pathsep.join([str(own_path().parent), *_SEARCHED])
    return shutil.which(_NAME, path=folders) is not None


def own_path() -> Path:
    return paths.home() / ".local" / "bin" / _NAME


def _program() -> Path | None:
    """The program that is running, if it can be run by its path."""
    beside = Path(sys.executable).with_name(_NAME)
    for name in (sys.argv[0], str(beside)):
        found = shutil.which(name)
        if found and Path(found).name == _NAME:
            return Path(found).absolute()
    return None
