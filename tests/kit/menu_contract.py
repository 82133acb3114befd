"""What the menus of xbar and of SwiftBar have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from kit.menus import Item, parse
from kit.views import ALL_VIEWS, HOSTILE_NAMES, HOSTILE_VIEWS, REFRESH, TOGGLE, VIEWS
from moonshot_status.display.view import View
from moonshot_status.formats import Reply


class MenuContract:
    """To be inherited, with the format's ``render`` and the keys that only its bar knows."""

    render: Callable[[View], Reply]
    more_keys: frozenset[str]

    def read(self, view: View) -> tuple[Item, list[Item]]:
        reply = type(self).render(view)
        assert reply.exit_code == 0
        return parse(reply.text, self.more_keys)

    @pytest.mark.parametrize("view", ALL_VIEWS)
    def test_the_menu_keeps_to_the_grammar(self, view: str) -> None:
        title, _ = self.read(ALL_VIEWS[view])
        # What is syntax is shown by its look-alike.
        shown = ALL_VIEWS[view].headline.translate(str.maketrans("|\\", "∣∖"))
        assert title.text == shown

    @pytest.mark.parametrize("view", VIEWS)
    def test_the_menu_holds_everything(self, view: str) -> None:
        texts = [item.text for item in self.read(VIEWS[view])[1]]
        for section in VIEWS[view].sections:
            for row in section.rows:
                assert any(row.label in text and row.value in text for text in texts)
            for note in section.notes:
                assert note in texts

    def test_the_console_and_a_refresh_are_offered(self) -> None:
        items = {item.text: item.attributes for item in self.read(VIEWS["china"])[1]}
        assert items["Open the console"]["href"] == "https://platform.kimi.com/console/account"
        refresh = items["Refresh"]
        assert (refresh["shell"], refresh["terminal"], refresh["refresh"]) == (
            REFRESH[0],
            "false",
            "true",
        )
        assert [refresh[f"param{n}"] for n in (1, 2, 3)] == list(REFRESH[1:])

    def test_amounts_can_be_hidden(self) -> None:
        items = {item.text: item.attributes for item in self.read(VIEWS["ok"])[1]}
        hide = items["Hide or show amounts"]
        assert (hide["shell"], hide["param1"], hide["refresh"]) == (*TOGGLE, "true")
        for view in ("hidden", "hidden-stale"):
            title, below = self.read(VIEWS[view])
            assert not [item.text for item in [title, *below] if "$" in item.text]

    @pytest.mark.parametrize("view", HOSTILE_NAMES)
    def test_a_name_never_acts(self, view: str) -> None:
        plain = [item.attributes for item in self.read(VIEWS["stale-timeout"])[1]]
        assert [item.attributes for item in self.read(HOSTILE_VIEWS[view])[1]] == plain

    @pytest.mark.parametrize("word", ['a"b', "a|b", "a\\b", "a\nb", "", "it's"])
    def test_a_command_that_cannot_be_written_is_left_out(self, word: str) -> None:
        _, items = self.read(replace(VIEWS["ok"], refresh=(*REFRESH, word), toggle=(word,)))
        assert all("shell" not in item.attributes for item in items)
        assert items[-1].attributes["refresh"] == "true"

    def test_a_path_with_blanks_is_quoted(self) -> None:
        _, items = self.read(
            replace(VIEWS["ok"], refresh=("/Users/a b/moonshot-status", "--refresh"))
        )
        assert items[-1].attributes["shell"] == "/Users/a b/moonshot-status"
