"""The menu of an xbar plugin.

xbar refuses a whole plugin for one key that it does not know, so only its own keys stand here.
"""

from __future__ import annotations

from moonshot_status.display.view import View
from moonshot_status.formats import Reply, _colours, _menu

# xbar shows a menu when the plugin has ended.
update = None


def render(view: View) -> Reply:
    colour = _colours.BY_LEVEL.get(view.level)
    title = _menu.line(view.headline, **({"color": colour} if colour else {}))
    below = _menu.below_the_title(view, _menu.line, console=_menu.line, refresh=_menu.line)
    return Reply("".join(f"{line}\n" for line in [title, "---", *below]))
