"""One line for the label of a SketchyBar item.

The item's script gives it to ``sketchybar --set NAME label=…`` as one argument (its documentation,
"Item properties"), so this is plain text.
"""

from __future__ import annotations

from moonshot_status.display.view import View
from moonshot_status.formats import Reply


def render(view: View) -> Reply:
    return Reply(f"{view.headline}\n")
