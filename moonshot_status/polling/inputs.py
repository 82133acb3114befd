"""The files that the output depends on."""

from __future__ import annotations

import os
from pathlib import Path

from moonshot_status.config import codexbar, hide_amounts, settings_file
from moonshot_status.core.paths import state_folder
from moonshot_status.store.database import FILE_NAME


def input_paths(config: Path | None) -> list[bytes]:
    """Return the absolute paths of the input files, whether or not they exist.

    ``config`` is the settings file, or None for the usual one.
    """
    database = state_folder() / FILE_NAME
    settings = [config or settings_file.default_path(), *codexbar.candidates(os.environ)]
    files = [*settings, database, hide_amounts.path()]
    names = [*map(str, files), f"{database}-journal", "/etc/localtime"]
    return [os.fsencode(Path(name).absolute()) for name in names]
