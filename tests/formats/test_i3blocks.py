"""``i3blocks``: two or three plain lines, and exit status 33 if urgent."""

from __future__ import annotations

import json
import re

import pytest
from kit.views import ALL_VIEWS, VIEWS, for_each

from moonshot_status.core.thresholds import Level
from moonshot_status.display.view import View
from moonshot_status.formats.i3blocks import parse_click, render, update


@for_each(ALL_VIEWS)
def test_the_lines_are_full_text_short_text_and_colour(view: View) -> None:
    full, short, *colour = render(view).text.splitlines()
    assert full == view.headline
    assert len(short) < len(full)
    assert len(colour) <= 1
    assert all(re.fullmatch("#[0-9a-f]{6}", line) for line in colour)


@for_each(VIEWS)
def test_critical_and_empty_are_urgent(view: View) -> None:
    urgent = view.level in (Level.CRITICAL, Level.EMPTY)
    assert render(view).exit_code == (33 if urgent else 0)


@for_each(ALL_VIEWS)
def test_an_update_is_an_object_on_one_line_without_escapes(view: View) -> None:
    reply = render(view)
    text = update(reply)
    assert text.count("\n") == 1
    assert "\\" not in text
    block = json.loads(text)
    assert block["full_text"] == view.headline.replace('"', "″").replace("\\", "∖")
    assert block["short_text"]
    assert block.get("urgent") == ("true" if reply.exit_code == 33 else None)
    assert set(block) <= {"full_text", "short_text", "color", "urgent"}


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("3", 3), ("1\r", 1), ('{"button": 2, "name": "moonshot"}', 2), ('{"button":"1"}', 1),
        ("", 0), ("left", 0), ("{}", 0), ("[" * 100_000, 0), ("1e999", 0), ("true", 0), ("[3]", 0),
    ],
)  # fmt: skip
def test_a_click_is_a_number_or_an_object(line: str, number: int) -> None:
    assert parse_click(line) == number
