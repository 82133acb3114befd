"""Pango markup, which some bars read in every text."""

from __future__ import annotations


def escaped(text: str) -> str:
    # Some bars read a backslash as the start of an escape even after their JSON reader did.
    text = text.replace("\\", "∖")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
