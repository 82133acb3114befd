"""``polybar``: one line in which no tag is anybody's but ours."""

from __future__ import annotations

import re

import pytest
from kit.views import ALL_VIEWS, VIEWS

from moonshot_status.display.view import View
from moonshot_status.formats.polybar import render

_COLOURED = re.compile(r"%\{F(#[0-9a-f]{6})\}(.*)%\{F-\}")


def read(view: View) -> tuple[str, str]:
    """The text and its colour, empty for the bar's own."""
    reply = render(view)
    assert reply.exit_code == 0
    assert reply.text.count("\n") == 1
    line = reply.text.rstrip("\n")
    found = _COLOURED.fullmatch(line)
    text, colour = (found[2], found[1]) if found else (line, "")
    assert "%{" not in text
    return text, colour


@pytest.mark.parametrize("view", ALL_VIEWS)
def test_the_text_is_the_headline(view: str) -> None:
    assert read(ALL_VIEWS[view])[0] == ALL_VIEWS[view].headline.replace("%{", "% {")


@pytest.mark.parametrize(
    ("view", "colour"), [("ok", ""), ("warning", "#b8720a"), ("critical", "#e0433a")]
)
def test_low_levels_have_a_colour(view: str, colour: str) -> None:
    assert read(VIEWS[view])[1] == colour
