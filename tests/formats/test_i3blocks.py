"""``i3blocks``: two or three plain lines, and 33 when it is urgent."""

from __future__ import annotations

import json
import re

import pytest
from kit.views import ALL_VIEWS, VIEWS

from moonshot_status.core.thresholds import Level
from moonshot_status.formats.i3blocks import parse_click, render, update


@pytest.mark.parametrize("view", ALL_VIEWS)
def test_there_are_full_text_short_text_and_perhaps_a_colour(view: str) -> None:
    full, short, *colour = render(ALL_VIEWS[view]).text.splitlines()
    assert full == ALL_VIEWS[view].headline
    assert len(short) < len(full)
    assert len(colour) <= 1
    assert all(re.fullmatch("#[0-9a-f]{6}", line) for line in colour)


@pytest.mark.parametrize("view", VIEWS)
def test_critical_and_empty_are_urgent(view: str) -> None:
    urgent = VIEWS[view].level in (Level.CRITICAL, Level.EMPTY)
    assert render(VIEWS[view]).exit_code == (33 if urgent else 0)


@pytest.mark.parametrize("view", ALL_VIEWS)
def test_an_update_is_an_object_on_one_line_without_escapes(view: str) -> None:
    reply = render(ALL_VIEWS[view])
    text = update(reply)
    assert text.count("\n") == 1
    assert "\\" not in text
    block = json.loads(text)
    assert block["full_text"] == ALL_VIEWS[view].headline.replace('"', "″").replace("\\", "∖")
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
