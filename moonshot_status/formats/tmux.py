"""One line for ``#(…)`` in tmux's status line, in the level's colour.

tmux expands the output again, and ``##`` escapes ``#`` (tmux(1), FORMATS and STYLES).
"""

from __future__ import annotations

from moonshot_status.display.view import View
from moonshot_status.formats import Reply, _colours


def render(view: View) -> Reply:
    """Return the headline."""
    text = view.headline.replace("#", "##")
    colour = _colours.BY_LEVEL.get(view.level)
    return Reply(f"#[fg={colour}]{text}#[fg=default]\n" if colour else f"{text}\n")
