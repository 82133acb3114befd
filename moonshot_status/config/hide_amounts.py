"""The switch that hides all amounts, for example while a screen is shared."""

from __future__ import annotations

from pathlib import Path

from moonshot_status.core import paths
from moonshot_status.core.atomic_write import write_private

_HIDDEN, _SHOWN = "hidden", "shown"


def path() -> Path:
    """Return the path of the file that stores the switch; without it, the settings decide."""
    return paths.state_folder() / "amounts"


def is_hidden(default: bool) -> bool:
    """Return the position of the switch, or ``default`` if it was never used. Never raises."""
    try:
        stored = path().read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return default
    return stored == _HIDDEN if stored in (_HIDDEN, _SHOWN) else default


def set_hidden(hidden: bool) -> None:
    """Set the switch for every bar. Raises OSError."""
    write_private(path(), (_HIDDEN if hidden else _SHOWN).encode())
