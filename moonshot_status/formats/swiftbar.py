"""The menu of a SwiftBar plugin: xbar's language with symbols and colours for light and dark."""

from __future__ import annotations

from moonshot_status.account import Level
from moonshot_status.formats import Reply, _menu
from moonshot_status.view import View

_COLOURS = {
    Level.WARNING: "#8a5200,#ffb340",
    Level.CRITICAL: "#c01c28,#ff6961",
    Level.EMPTY: "#c01c28,#ff6961",
}


def render(view: View) -> Reply:
    colour = {"color": _COLOURS[view.level]} if view.level in _COLOURS else {}
    symbol = "exclamationmark.triangle" if view.problem else "moon"
    link = {"href": view.console} if view.console else {"refresh": "true", "terminal": "false"}
    lines = [_item(view.headline, **colour, sfimage=symbol), "---"]
    lines += [_item(note, **link) for note in view.notes]
    lines += [_item(f"{label}: {value}", **link) for label, value in view.rows]
    lines.append("---")
    if view.console:
        lines.append(_item("Open the console", href=view.console, sfimage="safari"))
    refresh = _menu.command(view.refresh) or {"refresh": "true", "terminal": "false"}
    lines.append(_item("Refresh", **refresh, sfimage="arrow.clockwise"))
    return Reply("".join(f"{line}\n" for line in lines))


def _item(text: str, **attributes: str) -> str:
    return _menu.line(text, **attributes, symbolize="false")
