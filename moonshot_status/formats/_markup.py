"""Pango markup, which some bars read in every text."""

from __future__ import annotations


def escaped(text: str) -> str:
    """Return the text as markup; backslashes become a look-alike."""
    # Some bars read a backslash as an escape even after they have parsed the JSON.
    text = text.replace("\\", "∖")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
