"""One line of plain text for the label of a SketchyBar item.

The item's script passes it to ``sketchybar --set NAME label=…`` as one argument (SketchyBar's
documentation, "Item properties").
"""

from __future__ import annotations

from moonshot_status.display.view import View
from moonshot_status.formats import Reply


def render(view: View) -> Reply:
    """Return the headline."""
    return Reply(f"{view.headline}\n")
