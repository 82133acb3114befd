"""``argos``: a menu as Argos parses it, where names are neither markup nor attributes."""

from __future__ import annotations

import shlex
from xml.etree import ElementTree

from kit.menu_contract import MenuContract
from kit.menus import Item
from kit.views import ALL_VIEWS, HOSTILE_NAMES, HOSTILE_VIEWS, VIEWS

from moonshot_status.display.view import View
from moonshot_status.formats import argos

_KEYS = {"href", "color", "font", "refresh", "terminal", "emojize", "bash"}


def read_line(line: str) -> Item:
    """Parse a line strictly, as ``parseLine`` in Argos' ``utilities.js`` does."""
    markup, bar, rest = line.partition("|")
    assert bar
    assert "\\" not in markup
    assert not markup.startswith("-")
    tree = ElementTree.fromstring(f"<m>{markup}</m>")  # noqa: S314
    assert len(tree) == 0
    attributes = dict(word.split("=", 1) for word in shlex.split(rest, comments=True))
    assert set(attributes) <= _KEYS
    assert all(attributes.values())
    assert attributes["emojize"] == "false"
    # Split the command as bash does.
    for number, word in enumerate(shlex.split(attributes.pop("bash", ""))):
        attributes[f"param{number}" if number else "shell"] = word
    return Item((tree.text or "").strip(), attributes)


class TestArgos(MenuContract):
    render = staticmethod(argos.render)
    more_keys = frozenset()

    def read(self, view: View) -> tuple[Item, list[Item]]:
        text = argos.render(view).text
        assert text.endswith("\n")
        title, line, *items = text.splitlines()
        assert line == "---"
        return read_line(title), [read_line(item) for item in items if item != "---"]

    def test_a_hostile_name_is_shown_as_text(self) -> None:
        for name in ("markup", "quotes", "json", "tmux"):
            texts = [item.text for item in self.read(HOSTILE_VIEWS[name])[1]]
            assert any(HOSTILE_NAMES[name][:30] in text for text in texts), name

    def test_low_levels_have_a_colour(self) -> None:
        assert self.read(VIEWS["warning"])[0].attributes["color"] == "#b8720a"
        assert "color" not in self.read(VIEWS["ok"])[0].attributes

    def test_the_exit_status_is_always_0(self) -> None:
        assert {argos.render(view).exit_code for view in ALL_VIEWS.values()} == {0}
