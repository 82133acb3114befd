"""The menu that xbar and SwiftBar share, in their language: ``text | key=value key="value"``.

The first ``|`` of a line ends its text, and a value in quotes has no escapes.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from moonshot_status.display.view import View
from moonshot_status.formats import _table

Item = Callable[..., str]
"""Makes one line of a text and its attributes; what the bar always wants is added by it."""

# Look-alikes for what is syntax: "|" ends the text, and backslashes are unescaped.
_LOOK_ALIKES = str.maketrans({"|": "∣", "\\": "∖"})
_UNQUOTED = re.compile(r"[\w#@%+=:,./-]+")
_NO_ACTION = {"refresh": "true", "terminal": "false"}
_FONT = "Menlo"


def line(text: str, **attributes: str) -> str:
    """One item; without an attribute that acts, the bar shows it greyed out."""
    words = [f"{name}={_value(value)}" for name, value in attributes.items()]
    return " ".join([text_of(text), "|", *words, "emojize=false"])


def below_the_title(view: View, item: Item, *, console: Item, refresh: Item) -> list[str]:
    """Everything but the title: of each account what there is to say, and a refresh."""
    lines = []
    for section in view.sections:
        lines += [*_section(section, item, console), *["---"] * bool(view.members)]
    toggle = _command(view.toggle)
    lines += [item("Hide or show amounts", **toggle)] if toggle else []
    lines.append(refresh("Refresh", **(_command(view.refresh) or _NO_ACTION)))
    return lines


def _section(view: View, item: Item, console: Item) -> list[str]:
    """Notes, rows and the way to the console."""
    link = {"href": view.console} if view.console else _NO_ACTION
    lines = [item(note, **link) for note in view.notes]
    lines += ["---"] * bool(lines)
    lines += [item(row, **link, font=_FONT) for row in _table.lines(view.rows)]
    lines.append("---")
    if view.console:
        lines.append(console("Open the console", **link))
    return lines


def _command(argv: tuple[str, ...]) -> dict[str, str] | None:
    """The attributes that run a command unseen and refresh the item; None if they cannot."""
    if not argv or any(not _can_be_a_value(word) for word in argv):
        return None
    words = {f"param{number}": word for number, word in enumerate(argv[1:], 1)}
    return {"shell": argv[0], **words, **_NO_ACTION}


def text_of(text: str) -> str:
    """The text of an item, in which nothing is syntax."""
    text = text.translate(_LOOK_ALIKES)
    # A line that starts with a dash is a separator or an item of a submenu.
    return f"\u2010{text[1:]}" if text.startswith("-") else text


def _value(value: str) -> str:
    return value if _UNQUOTED.fullmatch(value) else f'"{value}"'


def _can_be_a_value(word: str) -> bool:
    return word != "" and word.isprintable() and not any(char in word for char in "\"'|\\")
