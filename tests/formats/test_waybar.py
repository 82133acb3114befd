"""``waybar``: one JSON object with texts in valid Pango markup."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

from kit.views import ALL_VIEWS, HOSTILE_NAMES, HOSTILE_VIEWS, VIEWS, for_each

from moonshot_status.display.view import View
from moonshot_status.formats.waybar import render


def parse(view: View) -> dict[str, Any]:
    text = render(view).text
    assert text.count("\n") == 1
    module: dict[str, Any] = json.loads(text)
    return module


def parse_markup(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<markup>{text}</markup>")  # noqa: S314


@for_each(ALL_VIEWS)
def test_the_members_are_those_that_waybar_knows(view: View) -> None:
    module = parse(view)
    assert set(module) == {"text", "alt", "tooltip", "class"}
    assert all(" " not in name for name in module["class"])
    assert "\n" not in module["text"]
    assert "\\" not in module["text"] + module["tooltip"]


@for_each(ALL_VIEWS)
def test_the_markup_is_valid_and_not_from_names(view: View) -> None:
    for member in ("text", "tooltip"):
        elements = list(parse_markup(parse(view)[member]).iter())
        assert {element.tag for element in elements} <= {"markup", "tt", "b"}, member
        assert all(not element.attrib for element in elements), member


def test_a_hostile_name_is_shown_as_text() -> None:
    for name in ("markup", "polybar", "tmux", "quotes"):
        tree = parse_markup(parse(HOSTILE_VIEWS[name])["tooltip"])
        assert HOSTILE_NAMES[name][:30] in "".join(tree.itertext()), name


def test_the_classes_are_level_state_and_kind() -> None:
    assert parse(VIEWS["ok"])["class"] == ["ok"]
    assert parse(VIEWS["deficit"])["class"] == ["ok", "deficit"]
    assert parse(VIEWS["stale-offline"])["class"] == ["ok", "stale", "offline"]


@for_each(VIEWS)
def test_the_tooltip_has_all_rows_and_notes(view: View) -> None:
    tooltip = "".join(parse_markup(parse(view)["tooltip"]).itertext())
    assert "Right click: refresh" in tooltip
    for section in view.sections:
        rows = [text for row in section.rows for text in (row.label, row.value)]
        for text in [*rows, *section.notes, section.console]:
            assert text in tooltip


def test_amounts_are_aligned_at_their_points() -> None:
    tooltip = parse(VIEWS["wide"])["tooltip"]
    rows = [line for line in tooltip.split("\n") if "$" in line and "<tt>" in line]
    assert len({line.index(".") for line in rows}) == 1


def test_the_most_important_note_is_first() -> None:
    tooltip = parse(VIEWS["stale-unauthorized"])["tooltip"]
    assert tooltip.startswith("<b>What happened is unauthorized</b>\n")
    assert parse(VIEWS["empty-deficit"])["tooltip"].startswith("<b>Calls are refused")


def test_the_exit_status_is_always_0() -> None:
    assert {render(view).exit_code for view in ALL_VIEWS.values()} == {0}
