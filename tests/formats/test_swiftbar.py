"""``swiftbar``: a valid menu, with symbols, in which names are only text."""

from __future__ import annotations

import pytest
from kit.menu_contract import MenuContract
from kit.menus import SWIFTBAR_KEYS
from kit.views import ALL_VIEWS, VIEWS, for_each

from moonshot_status.display.view import View
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
    def test_the_symbol_is_that_of_the_state(self, view: str, symbol: str) -> None:
        title, _ = self.read(VIEWS[view])
        assert title.attributes["sfimage"] == symbol

    def test_low_levels_have_a_colour_for_light_and_one_for_dark(self) -> None:
        title, _ = self.read(VIEWS["warning"])
        assert title.attributes["color"] == "#8a5200,#ffb340"


@for_each(ALL_VIEWS)
def test_an_update_begins_with_a_separator(view: View) -> None:
    reply = swiftbar.render(view)
    assert swiftbar.update(reply) == "~~~\n" + reply.text
    # No line of a menu looks like the separator.
    assert "~~~" not in reply.text.splitlines()
