"""Whether amounts are hidden, for when a screen is shared; remembered until it is changed."""

from __future__ import annotations

from pathlib import Path

from moonshot_status import folders

_HIDDEN, _SHOWN = "hidden", "shown"


def path() -> Path:
    """The file that remembers it; without one, the settings decide."""
    return folders.state_folder() / "amounts"


def is_hidden(otherwise: bool) -> bool:
    """What was said last, or what the settings say. Never raises."""
    try:
        said = path().read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return otherwise
    return said == _HIDDEN if said in (_HIDDEN, _SHOWN) else otherwise


def remember(hidden: bool) -> None:
    """From now on, in every bar. Raises OSError."""
    folders.write_privately(path(), (_HIDDEN if hidden else _SHOWN).encode())
