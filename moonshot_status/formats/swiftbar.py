"""The menu of a SwiftBar plugin: xbar's language with symbols and colours for light and dark."""

from __future__ import annotations

from functools import partial

from moonshot_status.core.errors import Kind
from moonshot_status.core.thresholds import Level
from moonshot_status.display.view import View
from moonshot_status.formats import Reply, _menu

# For a light menu bar, then for a dark one.
_COLOURS = {
    Level.WARNING: "#8a5200,#ffb340",
    Level.CRITICAL: "#c01c28,#ff6961",
    Level.EMPTY: "#c01c28,#ff6961",
}
# Names of SF Symbols that macOS 11 has.
_NETWORK = {Kind.OFFLINE, Kind.TIMEOUT, Kind.TLS, Kind.PROXY, Kind.REDIRECTED, Kind.BAD_RESPONSE}
_LOW = {Level.WARNING, Level.CRITICAL, Level.EMPTY}


def render(view: View) -> Reply:
    colour = {"color": _COLOURS[view.level]} if view.level in _COLOURS else {}
    item = partial(_menu.line, symbolize="false")
    title = item(view.headline, **colour, sfimage=_symbol(view))
    below = _menu.below_the_title(
        view,
        item,
        console=partial(item, sfimage="safari"),
        refresh=partial(item, sfimage="arrow.clockwise"),
    )
    return Reply("".join(f"{line}\n" for line in [title, "---", *below]))


def update(reply: Reply) -> str:
    """A menu of a streamable plugin."""
    return f"~~~\n{reply.text}"


def _symbol(view: View) -> str:
    if view.problem:
        return "wifi.slash" if view.problem.kind in _NETWORK else "exclamationmark.triangle"
    return "exclamationmark.circle" if view.level in _LOW else "moon"
