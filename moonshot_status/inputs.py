"""The files on which what is shown depends."""

from __future__ import annotations

import os
from pathlib import Path

from moonshot_status import codexbar, folders, ownfile, privacy, store


def paths(config: Path | None) -> list[bytes]:
    """Their absolute names, whether they exist or not, for the settings file ``config``."""
    database = folders.state_folder() / store.FILE_NAME
    settings = [config or ownfile.default_path(), *codexbar.candidates(os.environ)]
    files = [*settings, database, privacy.path()]
    names = [*map(str, files), f"{database}-journal", "/etc/localtime"]
    return [os.fsencode(Path(name).absolute()) for name in names]
