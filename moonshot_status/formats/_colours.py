"""Colours that are legible on light and on dark bars."""

from __future__ import annotations

from moonshot_status.core.thresholds import Level

# Their contrast is at least 3 to 1 on white, on black and on the greys that bars use.
WARNING = "#b8720a"
CRITICAL = "#e0433a"

BY_LEVEL = {Level.WARNING: WARNING, Level.CRITICAL: CRITICAL, Level.EMPTY: CRITICAL}
"""The colours of the low levels; other levels keep the colour of the bar."""
