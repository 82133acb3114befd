"""``polybar``: one line without any tags but its own."""

from __future__ import annotations

import re

import pytest
from kit.views import ALL_VIEWS, VIEWS, for_each

from moonshot_status.display.view import View
from moonshot_status.formats.polybar import render

_COLOURED = re.compile(r"%\{F(#[0-9a-f]{6})\}(.*)%\{F-\}")


def read(view: View) -> tuple[str, str]:
    """Return the text and its colour, which is empty for the bar's default."""
    reply = render(view)
    assert reply.exit_code == 0
    assert reply.text.count("\n") == 1
    line = reply.text.rstrip("\n")
    found = _COLOURED.fullmatch(line)
    text, colour = (found[2], found[1]) if found else (line, "")
    assert "%{" not in text
    return text, colour


@for_each(ALL_VIEWS)
def test_the_text_is_the_headline(view: View) -> None:
    assert read(view)[0] == view.headline.replace("%{", "% {")


@pytest.mark.parametrize(
    ("view", "colour"), [("ok", ""), ("warning", "#b8720a"), ("critical", "#e0433a")]
)
def test_low_levels_have_a_colour(view: str, colour: str) -> None:
    assert read(VIEWS[view])[1] == colour
