"""``xbar``: a menu that its strict grammar accepts, and in which names never act."""

from __future__ import annotations

from kit.menu_contract import MenuContract

from moonshot_status.formats import xbar


class TestXbar(MenuContract):
    render = staticmethod(xbar.render)
    more_keys = frozenset()
