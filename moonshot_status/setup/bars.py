"""Load the descriptions of the supported bars: ``setup.json`` in the folders of ``integrations/``.

Their format is ``schemas/integration.schema.json``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moonshot_status.core import paths as core_paths
from moonshot_status.core import process
from moonshot_status.setup import SetupError, paths

_DESCRIPTION = "setup.json"
_FOLDER_COMMAND_SECONDS = 10

Step = dict[str, Any]


@dataclass(frozen=True)
class Bar:
    """One bar: ``name`` is used on the command line, ``title`` in messages.

    ``folders`` are the folders that the bar's files can be in, in the order in which the bar tries
    them; ``folder_command`` prints another one that comes first. ``marker_files`` identify the
    folder in use. The snippets are written for ``default_folder``.
    """

    name: str
    title: str
    steps: Sequence[Step]
    next_step: str
    folders: Sequence[str]
    folder_command: Sequence[str] = ()
    marker_files: Sequence[str] = ()
    default_folder: str = ""
    programs: Sequence[str] = ()

    def snippet(self, file: str) -> str:
        """Return the text of one of the bar's snippets, with the folder in use filled in."""
        text = (data_folder() / self.name / file).read_text(encoding="utf-8")
        if not self.default_folder:
            return text
        return text.replace(self.default_folder, core_paths.shell_word(self.folder()))

    def folder(self) -> Path:
        """Return the folder of the bar's files. Raises SetupError if it has none, and OSError.

        It is the first with a marker file, else the first that exists, else the first.
        """
        folders = self._folders()
        if not folders:
            raise SetupError(f"{self.title} has no folder for its files")

        def rank(folder: Path) -> tuple[bool, bool]:
            is_marked = any(core_paths.exists(folder / file) for file in self.marker_files)
            return not is_marked, not core_paths.is_folder(folder)

        return min(folders, key=rank)

    def is_installed(self) -> bool:
        """Return whether one of the bar's programs or folders is on this machine."""
        has_program = any(shutil.which(program) for program in self.programs)
        return has_program or any(os.path.isdir(folder) for folder in self._folders())  # noqa: PTH112

    def path(self, written: str) -> Path:
        """Return the path of a file in a step, which may be relative to the bar's folder."""
        return self.folder() / paths.expand(written)

    def _folders(self) -> list[Path]:
        folders = map(paths.expand, [*_first_output_line(self.folder_command), *self.folders])
        return [folder for folder in folders if folder.is_absolute()]


def data_folder() -> Path:
    """Return the folder ``integrations``: inside an installed package, next to it in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "integrations"
    return inside if inside.is_dir() else package.parent / "integrations"


def names() -> list[str]:
    """Return the names of the supported bars."""
    return sorted(path.parent.name for path in data_folder().glob(f"*/{_DESCRIPTION}"))


def load(name: str) -> Bar:
    """Return the bar of that name, one of ``names()``."""
    text = (data_folder() / name / _DESCRIPTION).read_text(encoding="utf-8")
    description = json.loads(text)
    description.pop("$schema", None)
    return Bar(name, **description)


def _first_output_line(command: Sequence[str]) -> list[str]:
    """Return the first line that the command prints, or nothing if it prints none or fails."""
    if not command or not shutil.which(command[0]):
        return []
    try:
        finished = process.run(command, _FOLDER_COMMAND_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return os.fsdecode(finished.output).splitlines()[:1]
