"""The menu syntax that xbar, SwiftBar and Argos share: ``text | key=value key="value"``.

The first ``|`` of a line ends its text. A quoted value has no escapes.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from moonshot_status.display.view import View
from moonshot_status.formats import Reply, _colours, _table

Item = Callable[..., str]
"""Returns a line of the menu for a text and attributes."""

# "|" ends the text, and backslashes are escapes in it.
_LOOK_ALIKES = str.maketrans({"|": "∣", "\\": "∖"})
_UNQUOTED = re.compile(r"[\w#@%+=:,./-]+")
# An item without any action would be greyed out.
_NO_ACTION = {"refresh": "true", "terminal": "false"}
_FONT = "Menlo"
_SEPARATOR = "---"


def line(text: str, **attributes: str) -> str:
    """Return an item in the syntax of xbar and SwiftBar."""
    words = [f"{name}={_value(value)}" for name, value in attributes.items()]
    return " ".join([text_of(text), "|", *words, "emojize=false"])


def menu(view: View, item: Item) -> Reply:
    """Return a menu with the headline in the level's colour as its title."""
    colour = _colours.BY_LEVEL.get(view.level)
    title = item(view.headline, **({"color": colour} if colour else {}))
    return menu_with_title(view, title, item, console=item, refresh=item)


def menu_with_title(view: View, title: str, item: Item, *, console: Item, refresh: Item) -> Reply:
    """Return a menu below a title line: the accounts, and items that toggle and refresh.

    ``console`` and ``refresh`` make the items that open the console and refresh the balance.
    """
    lines = [title, _SEPARATOR]
    for section in view.sections:
        lines += [*_section(section, item, console), *[_SEPARATOR] * bool(view.members)]
    toggle = _command(view.toggle)
    lines += [item("Hide or show amounts", **toggle)] if toggle else []
    lines.append(refresh("Refresh", **(_command(view.refresh) or _NO_ACTION)))
    return Reply("".join(f"{line}\n" for line in lines))


def _section(view: View, item: Item, console: Item) -> list[str]:
    """Return the items of one account: notes, rows, and a link to the console."""
    link = {"href": view.console} if view.console else _NO_ACTION
    lines = [item(note, **link) for note in view.notes]
    lines += [_SEPARATOR] * bool(lines)
    lines += [item(row, **link, font=_FONT) for row in _table.lines(view.rows)]
    lines.append(_SEPARATOR)
    if view.console:
        lines.append(console("Open the console", **link))
    return lines


def _command(argv: tuple[str, ...]) -> dict[str, str] | None:
    """Return the attributes that run a command in the background and refresh the item.

    Returns None if there is no command, or if the syntax cannot express it.
    """
    if not argv or any(not _can_be_a_value(word) for word in argv):
        return None
    words = {f"param{number}": word for number, word in enumerate(argv[1:], 1)}
    return {"shell": argv[0], **words, **_NO_ACTION}


def text_of(text: str) -> str:
    """Return the text of an item, with look-alikes for characters that are syntax."""
    text = text.translate(_LOOK_ALIKES)
    # A line that starts with a dash is a separator or an item of a submenu.
    return f"\u2010{text[1:]}" if text.startswith("-") else text


def _value(value: str) -> str:
    return value if _UNQUOTED.fullmatch(value) else f'"{value}"'


def _can_be_a_value(word: str) -> bool:
    return word != "" and word.isprintable() and not any(char in word for char in "\"'|\\")
