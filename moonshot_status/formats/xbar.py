"""The menu of an xbar plugin.

xbar rejects a whole plugin for one unknown attribute, so there are only its own.
"""

from __future__ import annotations

from moonshot_status.display.view import View
from moonshot_status.formats import Reply, _menu

# xbar shows a menu only when the plugin has ended.
update = None


def render(view: View) -> Reply:
    """Return the menu."""
    return _menu.menu(view, _menu.line)
