"""One line for a polybar script module, in the level's colour.

``%{`` begins a format tag (polybar's wiki, "Formatting") and has no escape, so it is broken up.
"""

from __future__ import annotations

from moonshot_status.display.view import View
from moonshot_status.formats import Reply, _colours


def render(view: View) -> Reply:
    """Return the headline."""
    text = view.headline.replace("%{", "% {")
    colour = _colours.BY_LEVEL.get(view.level)
    return Reply(f"%{{F{colour}}}{text}%{{F-}}\n" if colour else f"{text}\n")
