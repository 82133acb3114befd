"""Three lines for i3blocks: full text, short text, colour; status 33 marks the block urgent.

The lines are plain text: the block must not say ``markup=pango`` (i3blocks(1)).
"""

from __future__ import annotations

from moonshot_status.account import Level
from moonshot_status.formats import Reply, _colours
from moonshot_status.view import View

_URGENT = 33


def render(view: View) -> Reply:
    lines = [view.headline, view.short]
    if view.level in _colours.BY_LEVEL:
        lines.append(_colours.BY_LEVEL[view.level])
    urgent = view.level in (Level.CRITICAL, Level.EMPTY)
    return Reply("".join(f"{line}\n" for line in lines), _URGENT if urgent else 0)
