"""``swiftbar``: a menu that its strict grammar accepts, and in which names never act."""

from __future__ import annotations

import pytest
from kit.menu_contract import MenuContract
from kit.menus import SWIFTBAR_KEYS
from kit.views import ALL_VIEWS, VIEWS

from moonshot_status.formats import swiftbar


class TestSwiftBar(MenuContract):
    render = staticmethod(swiftbar.render)
    more_keys = frozenset(SWIFTBAR_KEYS)

    @pytest.mark.parametrize(
        ("view", "symbol"),
        [
            ("ok", "moon"),
            ("critical", "exclamationmark.circle"),
            ("stale-offline", "wifi.slash"),
            ("nothing-no-key", "exclamationmark.triangle"),
        ],
    )
    def test_the_symbol_tells_the_state(self, view: str, symbol: str) -> None:
        title, _ = self.read(VIEWS[view])
        assert title.attributes["sfimage"] == symbol

    def test_low_levels_have_a_colour_for_light_and_one_for_dark(self) -> None:
        title, _ = self.read(VIEWS["warning"])
        assert title.attributes["color"] == "#8a5200,#ffb340"


@pytest.mark.parametrize("view", ALL_VIEWS)
def test_an_update_is_a_menu_behind_its_mark(view: str) -> None:
    reply = swiftbar.render(ALL_VIEWS[view])
    assert swiftbar.update(reply) == "~~~\n" + reply.text
    # Nothing in a menu can pass for the beginning of the next one.
    assert "~~~" not in reply.text.splitlines()
