"""One line of JSON for a Waybar custom module with ``return-type: json``.

Text and tooltip are Pango markup, and ``class`` has to be an array (waybar-custom(5)).
"""

from __future__ import annotations

import json

from moonshot_status.display.view import View
from moonshot_status.formats import Reply, _table
from moonshot_status.formats._markup import escaped


def render(view: View) -> Reply:
    """Return the JSON object."""
    module = {
        "text": escaped(view.headline),
        "alt": view.level.value,
        "tooltip": _tooltip(view),
        "class": list(view.classes),
    }
    return Reply(json.dumps(module, ensure_ascii=False, separators=(",", ":")) + "\n")


def _tooltip(view: View) -> str:
    # These are the actions in integrations/waybar/moonshot.jsonc.
    clicks = "Right click: refresh · Middle click: hide amounts"
    clicks = f"\nLeft click: open it · {clicks}" if view.console else f"\n\n{clicks}"
    return "\n\n".join(map(_section, view.sections)) + clicks


def _section(view: View) -> str:
    first, *others = map(escaped, view.notes or [""])
    notes = "\n".join([f"<b>{first}</b>", *others]) if first else ""
    rows = "\n".join(f"<tt>{escaped(line)}</tt>" for line in _table.lines(view.rows))
    return "\n\n".join(part for part in (notes, rows, escaped(view.console)) if part)
