"""``tmux``: one line in which every ``#`` but those of the colour is doubled."""

from __future__ import annotations

import re

import pytest
from kit.views import ALL_VIEWS, VIEWS, for_each

from moonshot_status.display.view import View
from moonshot_status.formats.tmux import render

_COLOURED = re.compile(r"#\[fg=(#[0-9a-f]{6})\](.*)#\[fg=default\]")


def read(view: View) -> tuple[str, str]:
    """Return the text and its colour, which is empty for the status line's default."""
    reply = render(view)
    assert reply.exit_code == 0
    assert reply.text.count("\n") == 1
    line = reply.text.rstrip("\n")
    found = _COLOURED.fullmatch(line)
    text, colour = (found[2], found[1]) if found else (line, "")
    assert "#" not in text.replace("##", "")
    return text.replace("##", "#"), colour


@for_each(ALL_VIEWS)
def test_the_text_is_the_headline(view: View) -> None:
    assert read(view)[0] == view.headline


@pytest.mark.parametrize(
    ("view", "colour"), [("ok", ""), ("warning", "#b8720a"), ("critical", "#e0433a")]
)
def test_low_levels_have_a_colour(view: str, colour: str) -> None:
    assert read(VIEWS[view])[1] == colour
