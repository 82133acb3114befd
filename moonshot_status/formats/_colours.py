"""Colours that can be read on light and on dark bars."""

from __future__ import annotations

from moonshot_status.core.thresholds import Level

# Their contrast is at least 3 to 1 on white, on black and on the greys that bars use.
WARNING = "#b8720a"
CRITICAL = "#e0433a"

BY_LEVEL = {Level.WARNING: WARNING, Level.CRITICAL: CRITICAL, Level.EMPTY: CRITICAL}
"""The colour of a level; a level that is missing keeps the colour of the bar."""
