"""The bars, as the folders of ``integrations/`` describe them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moonshot_status.setup import SetupError, paths

_DATA = "setup.json"
_COMMAND_SECONDS = 10

Step = dict[str, Any]


@dataclass(frozen=True)
class Bar:
    """One bar: ``name`` is the word on the command line, ``title`` what it calls itself.

    ``folders`` are where its files can be, in its own order; ``folder_command`` prints one more,
    and stands before them. The one that holds any of the files ``holds`` is taken, else the first
    that exists, else the first. Snippets are written for the folder ``usual``.
    """

    name: str
    title: str
    steps: tuple[Step, ...]
    afterwards: str
    folders: tuple[str, ...]
    folder_command: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    usual: str = ""
    programs: tuple[str, ...] = ()

    def snippet(self, file: str) -> str:
        """The text of a file in the bar's folder of ``integrations/``, for where it will be."""
        text = (data_folder() / self.name / file).read_text(encoding="utf-8")
        written = paths.shell_word(self.folder())
        return text.replace(self.usual, written) if self.usual else text

    def folder(self) -> Path:
        """Where the bar's files are. Raises SetupError."""
        found = self._folders()
        if not found:
            raise SetupError(f"{self.title} has no folder for its files")
        holding = (
            folder for folder in found if any((folder / file).exists() for file in self.holds)
        )
        existing = (folder for folder in found if folder.is_dir())
        return next(holding, None) or next(existing, found[0])

    def is_here(self) -> bool:
        """Whether the bar seems to be used on this machine."""
        if any(shutil.which(program) for program in self.programs):
            return True
        return any(folder.is_dir() for folder in self._folders())

    def path(self, word: str) -> Path:
        """A file that the steps name: absolute, from a variable, or in the bar's folder."""
        return self.folder() / (paths.expanded(word) or word)

    def _folders(self) -> list[Path]:
        words = [*_printed(self.folder_command), *self.folders]
        return [path for word in words if (path := paths.expanded(word)) and path.is_absolute()]


def data_folder() -> Path:
    """The folder ``integrations``: in an installed package within it, in a checkout beside it."""
    package = Path(__file__).parent.parent
    inside = package / "integrations"
    return inside if inside.is_dir() else package.parent / "integrations"


def names() -> list[str]:
    return sorted(path.parent.name for path in data_folder().glob(f"*/{_DATA}"))


def load(name: str) -> Bar:
    """The bar of that name, which has to be one of ``names()``."""
    text = (data_folder() / name / _DATA).read_text(encoding="utf-8")
    data = {key: _tuple(value) for key, value in json.loads(text).items() if key != "$schema"}
    return Bar(name, **data)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _printed(command: tuple[str, ...]) -> list[str]:
    """The first line that the command prints, if it can be run and prints one."""
    if not command or not shutil.which(command[0]):
        return []
    try:
        done = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_COMMAND_SECONDS,
            check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return []
    return os.fsdecode(done.stdout).splitlines()[:1]
