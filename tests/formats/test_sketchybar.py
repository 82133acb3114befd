"""``sketchybar``: one line of plain text."""

from __future__ import annotations

from kit.views import ALL_VIEWS, for_each

from moonshot_status.display.view import View
from moonshot_status.formats.sketchybar import render


@for_each(ALL_VIEWS)
def test_it_is_the_headline(view: View) -> None:
    reply = render(view)
    assert (reply.text, reply.exit_code) == (f"{view.headline}\n", 0)
