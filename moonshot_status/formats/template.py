"""The line of the user's own ``template``, as plain text."""

from __future__ import annotations

from moonshot_status.display.view import View
from moonshot_status.formats import Reply


def render(view: View) -> Reply:
    """Return the template's line, or the headline without a template."""
    return Reply(f"{view.headline if view.template_line is None else view.template_line}\n")
