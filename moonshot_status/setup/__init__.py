"""Add the module to a bar, and remove it.

Each bar is described by data: ``setup.json`` next to the bar's snippet in ``integrations/``. All
changes are planned, shown and confirmed before the first one is written.
"""

from __future__ import annotations


class SetupError(Exception):
    """Says to the user why nothing can be changed."""
