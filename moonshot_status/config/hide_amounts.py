"""The switch that hides all amounts, for example while a screen is shared."""

from __future__ import annotations

from pathlib import Path

from moonshot_status.core import paths, safe_read
from moonshot_status.core.atomic_write import write_private

_HIDDEN, _SHOWN = "hidden", "shown"


def path() -> Path:
    """Return the path of the file that stores the switch; without it, the settings decide."""
    return paths.state_folder() / "amounts"


def is_hidden(default: bool) -> bool:
    """Return the position of the switch, or ``default`` if it was never used. Never raises.

    Amounts are hidden if the position cannot be read.
    """
    try:
        position = stored()
    except (OSError, ValueError):
        return True
    return default if position is None else position == _HIDDEN


def stored() -> str | None:
    """Return the position of the switch, or None if it was never used.

    Raises OSError if it cannot be read, and ValueError for any other content.
    """
    try:
        content = safe_read.read_own(path())
    except (FileNotFoundError, NotADirectoryError):
        # A symlink that leads nowhere may lead to a disk that is not there now.
        if any(place.is_symlink() and not paths.exists(place) for place in path().parents):
            raise
        return None
    position = content.decode("ascii").strip()
    if position not in (_HIDDEN, _SHOWN):
        raise ValueError("no position of the switch")
    return position


def set_hidden(hidden: bool) -> None:
    """Set the switch for every bar. Raises OSError."""
    write_private(path(), (_HIDDEN if hidden else _SHOWN).encode())
