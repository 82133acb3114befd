"""The line that the user's own ``template`` makes, as plain text; without one, what bars show."""

from __future__ import annotations

from moonshot_status.formats import Reply
from moonshot_status.view import View


def render(view: View) -> Reply:
    return Reply(f"{view.headline if view.own is None else view.own}\n")
