"""One line of JSON for a custom block of i3status-rust with ``json = true``.

All members are strings (``blocks/custom.rs``), and the texts are Pango markup.
"""

from __future__ import annotations

import json

from moonshot_status.core.thresholds import Level
from moonshot_status.display.view import View
from moonshot_status.formats import Reply
from moonshot_status.formats._markup import escaped

_STATES = {
    Level.OK: "Idle",
    Level.WARNING: "Warning",
    Level.CRITICAL: "Critical",
    Level.EMPTY: "Critical",
    Level.UNKNOWN: "Info",
}


def render(view: View) -> Reply:
    """Return the JSON object."""
    is_uncertain = view.stale and view.level is Level.OK
    block = {
        "text": escaped(view.headline),
        "short_text": escaped(view.short),
        "state": "Info" if is_uncertain else _STATES[view.level],
    }
    return Reply(json.dumps(block, ensure_ascii=False) + "\n")
