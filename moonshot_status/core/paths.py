"""The program's folders, as appdirs names them, and how to create private ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import appdirs

_NAME = "moonshot-status"


def config_folder() -> Path:
    """Return the folder of the settings file."""
    return _absolute(appdirs.user_config_dir, "~/.config")


def state_folder() -> Path:
    """Return the folder of the store."""
    return _absolute(appdirs.user_state_dir, "~/.local/state")


def cache_folder() -> Path:
    """Return the folder of files that may be deleted at any time."""
    return _absolute(appdirs.user_cache_dir, "~/.cache")


def private_folder(path: Path) -> Path:
    """Create the folder if necessary, with mode 0700, and return it. Raises OSError."""
    if not path.is_absolute():
        raise FileNotFoundError("there is no home folder")
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)
    if path.stat().st_mode & 0o777 != 0o700:
        path.chmod(0o700)
    return path


def private_file(path: Path) -> None:
    """Create the file if necessary, with mode 0600. Raises OSError."""
    if not path.exists():  # To touch it would change its time.
        path.touch(mode=0o600)
    if path.stat().st_mode & 0o777 != 0o600:
        path.chmod(0o600)


def _absolute(folder_of: Callable[..., str], default: str) -> Path:
    folder = Path(folder_of(_NAME, appauthor=False))
    # The XDG specification says to ignore relative values; appdirs uses them.
    return folder if folder.is_absolute() else Path(os.path.expanduser(default)) / _NAME
