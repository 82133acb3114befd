"""The menu of a SwiftBar plugin: xbar's syntax, with symbols, and colours for light and dark."""

from __future__ import annotations

from functools import partial

from moonshot_status.core.thresholds import Level
from moonshot_status.display.view import View
from moonshot_status.formats import Reply, _menu

# Two colours each: for a light menu bar and for a dark one.
_COLOURS = {
    Level.WARNING: "#8a5200,#ffb340",
    Level.CRITICAL: "#c01c28,#ff6961",
    Level.EMPTY: "#c01c28,#ff6961",
}


def render(view: View) -> Reply:
    """Return the menu."""
    colour = {"color": _COLOURS[view.level]} if view.level in _COLOURS else {}
    item = partial(_menu.line, symbolize="false")
    return _menu.menu_with_title(
        view,
        item(view.headline, **colour, sfimage=_symbol(view)),
        item,
        console=partial(item, sfimage="safari"),
        refresh=partial(item, sfimage="arrow.clockwise"),
    )


def update(reply: Reply) -> str:
    """Return the menu of a streamable plugin, which begins with a separator of its own."""
    return f"~~~\n{reply.text}"


def _symbol(view: View) -> str:
    """Return the name of an SF Symbol that macOS 11 already has."""
    if view.problem:
        return "wifi.slash" if view.problem.kind.is_network else "exclamationmark.triangle"
    return "exclamationmark.circle" if view.level in _COLOURS else "moon"
