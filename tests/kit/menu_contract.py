"""Tests that xbar, SwiftBar and Argos share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kit.menus import Item, parse
from kit.views import ALL_VIEWS, HOSTILE_VIEWS, REFRESH, TOGGLE, VIEWS, for_each
from moonshot_status.display.view import View
from moonshot_status.formats import Reply


class MenuContract:
    """A base class: add the format's ``render`` and the attributes that only its bar knows."""

    render: Callable[[View], Reply]
    more_keys: frozenset[str]

    def read(self, view: View) -> tuple[Item, list[Item]]:
        reply = type(self).render(view)
        assert reply.exit_code == 0
        return parse(reply.text, self.more_keys)

    @for_each(ALL_VIEWS)
    def test_the_menu_is_valid(self, view: View) -> None:
        title, _ = self.read(view)
        # Syntax is replaced by look-alikes.
        shown = view.headline.translate(str.maketrans("|\\", "∣∖"))
        assert title.text == shown

    @for_each(VIEWS)
    def test_the_menu_has_all_rows_and_notes(self, view: View) -> None:
        texts = [item.text for item in self.read(view)[1]]
        for section in view.sections:
            for row in section.rows:
                assert any(row.label in text and row.value in text for text in texts)
            for note in section.notes:
                assert note in texts

    def test_there_are_items_for_the_console_and_a_refresh(self) -> None:
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

    @for_each(HOSTILE_VIEWS)
    def test_a_name_changes_no_attribute(self, view: View) -> None:
        expected = [item.attributes for item in self.read(VIEWS["stale-offline"])[1]]
        assert [item.attributes for item in self.read(view)[1]] == expected

    def test_a_text_that_begins_with_a_dash_is_no_separator(self) -> None:
        for text in ("-", "- a", "--a", "---"):
            title, _ = self.read(replace(VIEWS["ok"], headline=text))
            assert title.text == f"\u2010{text[1:]}"

    def test_a_command_that_cannot_be_written_is_ignored(self) -> None:
        for word in ('a"b', "a|b", "a\\b", "a\nb", "", "it's"):
            _, items = self.read(replace(VIEWS["ok"], refresh=(*REFRESH, word), toggle=(word,)))
            assert all("shell" not in item.attributes for item in items), word
            assert items[-1].attributes["refresh"] == "true", word

    def test_a_path_with_blanks_is_quoted(self) -> None:
        _, items = self.read(
            replace(VIEWS["ok"], refresh=("/Users/a b/moonshot-status", "--refresh"))
        )
        assert items[-1].attributes["shell"] == "/Users/a b/moonshot-status"
