"""``waybar``: one JSON object whose texts are sound Pango markup."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from kit.views import ALL_VIEWS, HOSTILE_NAMES, VIEWS

from moonshot_status.formats.waybar import render


def shown(view: str) -> dict[str, Any]:
    text = render(ALL_VIEWS[view]).text
    assert text.count("\n") == 1
    module: dict[str, Any] = json.loads(text)
    return module


@pytest.mark.parametrize("view", ALL_VIEWS)
def test_the_members_are_those_that_waybar_knows(view: str) -> None:
    module = shown(view)
    assert set(module) == {"text", "alt", "tooltip", "class"}
    assert all(" " not in name for name in module["class"])
    assert "\n" not in module["text"]
    assert "\\" not in module["text"] + module["tooltip"]


@pytest.mark.parametrize("view", ALL_VIEWS)
@pytest.mark.parametrize("member", ["text", "tooltip"])
def test_the_markup_is_sound_and_ours_alone(view: str, member: str) -> None:
    tree = ElementTree.fromstring(f"<markup>{shown(view)[member]}</markup>")  # noqa: S314
    assert {element.tag for element in tree.iter()} <= {"markup", "tt", "b"}
    assert all(not element.attrib for element in tree.iter())


@pytest.mark.parametrize("name", ["markup", "polybar", "tmux", "quotes"])
def test_a_hostile_name_is_shown_as_text(name: str) -> None:
    tree = ElementTree.fromstring(f"<markup>{shown(name)['tooltip']}</markup>")  # noqa: S314
    assert HOSTILE_NAMES[name][:30] in "".join(tree.itertext())


def test_the_classes_are_level_state_and_kind() -> None:
    assert shown("ok")["class"] == ["ok"]
    assert shown("deficit")["class"] == ["ok", "deficit"]
    assert shown("stale-tls")["class"] == ["ok", "stale", "tls"]


@pytest.mark.parametrize("view", VIEWS)
def test_the_tooltip_holds_everything(view: str) -> None:
    tooltip = "".join(
        ElementTree.fromstring(f"<m>{shown(view)['tooltip']}</m>").itertext()  # noqa: S314
    )
    assert "Right click: refresh" in tooltip
    for section in VIEWS[view].sections:
        expected = [word for row in section.rows for word in (row.label, row.value)]
        for words in [*expected, *section.notes, section.console]:
            assert words in tooltip


def test_amounts_line_up_on_their_points() -> None:
    tooltip = shown("wide")["tooltip"]
    rows = [line for line in tooltip.split("\n") if "$" in line and "<tt>" in line]
    assert len({line.index(".") for line in rows}) == 1


def test_the_worst_news_comes_first() -> None:
    assert shown("stale-suspended")["tooltip"].startswith("<b>What happened is suspended</b>\n")
    assert shown("empty-deficit")["tooltip"].startswith("<b>Calls are refused")


def test_a_fault_is_no_failure() -> None:
    assert {render(view).exit_code for view in ALL_VIEWS.values()} == {0}
