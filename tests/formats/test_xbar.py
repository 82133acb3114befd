"""``xbar``: a valid menu in which names are only text."""

from __future__ import annotations

from kit.menu_contract import MenuContract

from moonshot_status.formats import xbar


class TestXbar(MenuContract):
    render = staticmethod(xbar.render)
    more_keys = frozenset()
