"""One line of JSON for a Waybar custom module with ``return-type: json``.

Text and tooltip are Pango markup there, and ``class`` has to be an array (waybar-custom(5)).
"""

from __future__ import annotations

import json

from moonshot_status.formats import Reply
from moonshot_status.view import View


def render(view: View) -> Reply:
    module = {
        "text": _escaped(view.headline),
        "alt": view.level.value,
        "tooltip": _tooltip(view),
        "class": list(view.classes),
    }
    return Reply(json.dumps(module, ensure_ascii=False, separators=(",", ":")) + "\n")


def _tooltip(view: View) -> str:
    width = max(len(label) for label, _ in view.rows)
    notes = [_escaped(note) for note in view.notes]
    rows = [f"<tt>{label:<{width}}  </tt>{_escaped(value)}" for label, value in view.rows]
    links = [_escaped(view.console)] if view.console else []
    return "\n".join(notes + rows + links)


def _escaped(text: str) -> str:
    # A backslash is markup of Waybar's own JSON reader in some versions.
    text = text.replace("\\", "∖")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
