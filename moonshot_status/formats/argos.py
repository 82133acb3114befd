"""The menu of an Argos plugin: xbar's syntax, with texts in Pango markup.

Argos splits the attributes as a shell does (``parseLine`` in its ``utilities.js``), so each value
is quoted, and it runs the value of ``bash`` in a shell, so the command in it is quoted again.
"""

from __future__ import annotations

import shlex

from moonshot_status.display.view import View
from moonshot_status.formats import Reply, _menu
from moonshot_status.formats._markup import escaped

# Argos runs a plugin again for each update.
update = None
# The font of the shared menu exists only on macOS.
_FONT = "monospace"


def render(view: View) -> Reply:
    """Return the menu."""
    return _menu.menu(view, _line)


def _line(text: str, **attributes: str) -> str:
    words = dict(attributes, emojize="false")
    command = [words.pop(name) for name in attributes if name == "shell" or name[:5] == "param"]
    if command:
        words["bash"] = shlex.join(command)
    if "font" in words:
        words["font"] = _FONT
    quoted = (f"{name}={shlex.quote(value)}" for name, value in words.items())
    return " ".join([escaped(_menu.text_of(text)), "|", *quoted])
