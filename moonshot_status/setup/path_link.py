"""Make the program available to bars, which search only a few folders for it.

The snippets search ``~/.local/bin`` first, so a symlink there is enough.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from moonshot_status.core import bar_path, paths
from moonshot_status.core.bar_path import PROGRAM
from moonshot_status.setup.apply import remove_folders


@dataclass(frozen=True)
class Link:
    """A symlink at ``path`` to ``target``."""

    path: Path
    target: Path

    def create(self) -> list[Path]:
        """Create the symlink and its folder, and return the new folders. Raises OSError."""
        path = paths.resolved(self.path.parent) / self.path.name
        folders = paths.create_folder(path.parent, private=False)
        try:
            path.symlink_to(self.target)
            paths.give_to_owner_above(path)
        except OSError:
            remove_folders(folders)
            raise
        return folders


def missing_link() -> Link | None:
    """Return the symlink that bars need to find the program, or None if they need none.

    None is also the result when there is no program to link to, or the path is taken.
    """
    path, target = link_path(), _running_program()
    if bars_find_program() or target is None or os.path.lexists(path):
        return None
    return Link(path, target)


def bars_find_program() -> bool:
    """Return whether the program is in one of the folders that bars search."""
    return bar_path.which(PROGRAM) is not None


def link_path() -> Path:
    """Return the path of the symlink."""
    return bar_path.local_bin() / PROGRAM


def _running_program() -> Path | None:
    """Return the absolute path of the running program, or None if it has no executable."""
    script = Path(sys.executable).with_name(PROGRAM)
    for candidate in (sys.argv[0], str(script)):
        found = shutil.which(candidate)
        if found and Path(found).name == PROGRAM:
            return Path(found).absolute()
    return None
