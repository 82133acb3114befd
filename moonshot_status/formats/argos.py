"""The menu of an Argos plugin: xbar's language, in which texts are Pango markup.

Argos splits the attributes as a shell would (``parseLine`` in its ``utilities.js``), so each value
is quoted, and it runs the whole ``bash`` in a shell, so the command in it is quoted once more.
"""

from __future__ import annotations

import shlex

from moonshot_status.display.view import View
from moonshot_status.formats import Reply, _colours, _menu
from moonshot_status.formats._markup import escaped

# Argos runs a plugin anew each time.
update = None
# What the shared menu says otherwise.
_FONT = "monospace"


def render(view: View) -> Reply:
    colour = _colours.BY_LEVEL.get(view.level)
    title = _line(view.headline, **({"color": colour} if colour else {}))
    below = _menu.below_the_title(view, _line, console=_line, refresh=_line)
    return Reply("".join(f"{line}\n" for line in [title, "---", *below]))


def _line(text: str, **attributes: str) -> str:
    words = dict(attributes, emojize="false")
    command = [words.pop(name) for name in attributes if name == "shell" or name[:5] == "param"]
    if command:
        words["bash"] = shlex.join(command)
    if "font" in words:
        words["font"] = _FONT
    quoted = (f"{name}={shlex.quote(value)}" for name, value in words.items())
    return " ".join([escaped(_menu.text_of(text)), "|", *quoted])
