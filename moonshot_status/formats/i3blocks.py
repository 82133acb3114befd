"""Three lines for i3blocks: full text, short text, colour; status 33 marks the block urgent.

The lines are plain text: the block must not say ``markup=pango`` (i3blocks(1)). With
``interval=persist`` an update is one line only, and it is an object, for a block that says
``format=json``.
"""

from __future__ import annotations

import json

from moonshot_status.core.thresholds import Level
from moonshot_status.display.view import View
from moonshot_status.formats import Reply, _colours

_URGENT = 33
# i3blocks 1.4 does not undo escapes, so that nothing may need one.
_LOOK_ALIKES = str.maketrans({'"': "″", "\\": "∖"})


def render(view: View) -> Reply:
    lines = [view.headline, view.short]
    if view.level in _colours.BY_LEVEL:
        lines.append(_colours.BY_LEVEL[view.level])
    urgent = view.level in (Level.CRITICAL, Level.EMPTY)
    return Reply("".join(f"{line}\n" for line in lines), _URGENT if urgent else 0)


def update(reply: Reply) -> str:
    """The same as one object; i3blocks puts it to the bar as it is."""
    lines = reply.text.translate(_LOOK_ALIKES).splitlines()
    block = dict(zip(("full_text", "short_text", "color"), lines, strict=False))
    if reply.exit_code == _URGENT:
        block["urgent"] = "true"  # i3blocks 1.4 reads strings only, and passes this one on as true.
    return json.dumps(block, ensure_ascii=False) + "\n"


def button(line: str) -> int:
    """Of a click: i3blocks tells the number or, to a block with ``format=json``, an object."""
    try:
        click = json.loads(line)
        return int(str(click.get("button") if isinstance(click, dict) else click))
    except (ValueError, RecursionError):
        return 0
