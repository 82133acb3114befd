"""The line that the user's own ``template`` makes, as plain text; without one, what bars show."""

from __future__ import annotations

from moonshot_status.display.view import View
from moonshot_status.formats import Reply


def render(view: View) -> Reply:
    return Reply(f"{view.headline if view.template_line is None else view.template_line}\n")
