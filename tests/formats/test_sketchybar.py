"""``sketchybar``: one line of plain text."""

from __future__ import annotations

import pytest
from kit.views import ALL_VIEWS

from moonshot_status.formats.sketchybar import render


@pytest.mark.parametrize("view", ALL_VIEWS)
def test_it_is_the_headline(view: str) -> None:
    reply = render(ALL_VIEWS[view])
    assert (reply.text, reply.exit_code) == (f"{ALL_VIEWS[view].headline}\n", 0)
