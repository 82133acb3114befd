"""The menu of an xbar plugin.

xbar refuses a whole plugin for one key that it does not know, so only its own keys stand here.
"""

from __future__ import annotations

from moonshot_status.formats import Reply, _colours, _menu
from moonshot_status.view import View


def render(view: View) -> Reply:
    colour = _colours.BY_LEVEL.get(view.level)
    link = {"href": view.console} if view.console else {"refresh": "true", "terminal": "false"}
    lines = [_menu.line(view.headline, **({"color": colour} if colour else {})), "---"]
    lines += [_menu.line(note, **link) for note in view.notes]
    lines += [_menu.line(f"{label}: {value}", **link) for label, value in view.rows]
    lines.append("---")
    if view.console:
        lines.append(_menu.line("Open the console", href=view.console))
    refresh = _menu.command(view.refresh) or {"refresh": "true", "terminal": "false"}
    lines.append(_menu.line("Refresh", **refresh))
    return Reply("".join(f"{line}\n" for line in lines))
