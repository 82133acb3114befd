"""Three lines for i3blocks: full text, short text, colour; status 33 marks the block urgent.

The lines are plain text, so the block must not set ``markup=pango`` (i3blocks(1)). With
``interval=persist`` an update is a single line: a JSON object, for ``format=json``.
"""

from __future__ import annotations

import json

from moonshot_status.core.thresholds import Level
from moonshot_status.display.view import View
from moonshot_status.formats import Reply, _colours

_URGENT = 33
# i3blocks 1.4 does not decode escapes, so nothing may need one.
_LOOK_ALIKES = str.maketrans({'"': "″", "\\": "∖"})


def render(view: View) -> Reply:
    """Return the lines; the third is missing if the level has no colour."""
    lines = [view.headline, view.short]
    if view.level in _colours.BY_LEVEL:
        lines.append(_colours.BY_LEVEL[view.level])
    is_urgent = view.level in (Level.CRITICAL, Level.EMPTY)
    return Reply("".join(f"{line}\n" for line in lines), _URGENT if is_urgent else 0)


def update(reply: Reply) -> str:
    """Return the same as a JSON object, which i3blocks passes on to the bar."""
    lines = reply.text.translate(_LOOK_ALIKES).splitlines()
    block = dict(zip(("full_text", "short_text", "color"), lines, strict=False))
    if reply.exit_code == _URGENT:
        block["urgent"] = "true"  # i3blocks 1.4 reads only strings, and passes this on as true.
    return json.dumps(block, ensure_ascii=False) + "\n"


def parse_click(line: str) -> int:
    """Return the button of a click, which is a number or, with ``format=json``, an object."""
    try:
        click = json.loads(line)
        return int(str(click.get("button") if isinstance(click, dict) else click))
    except (ValueError, RecursionError):
        return 0
