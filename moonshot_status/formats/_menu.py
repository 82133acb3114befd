"""The menu language that xbar and SwiftBar share: ``text | key=value key="value"``.

The first ``|`` of a line ends its text, and a value in quotes has no escapes.
"""

from __future__ import annotations

import re

# Look-alikes for what is syntax: "|" ends the text, and backslashes are unescaped.
_LOOK_ALIKES = str.maketrans({"|": "∣", "\\": "∖"})
_UNQUOTED = re.compile(r"[\w#@%+=:,./-]+")


def line(text: str, **attributes: str) -> str:
    """One item; without attributes that act, the bar shows it greyed out."""
    words = [f"{name}={_value(value)}" for name, value in attributes.items()]
    return " ".join([_text(text), "|", *words, "emojize=false"])


def command(argv: tuple[str, ...]) -> dict[str, str] | None:
    """The attributes that run a command unseen and refresh the item; None if they cannot."""
    if not argv or any(not _can_be_a_value(word) for word in argv):
        return None
    words = {f"param{number}": word for number, word in enumerate(argv[1:], 1)}
    return {"shell": argv[0], **words, "terminal": "false", "refresh": "true"}


def _text(text: str) -> str:
    text = text.translate(_LOOK_ALIKES)
    # A line that starts with a dash is a separator or an item of a submenu.
    return f"\u2010{text[1:]}" if text.startswith("-") else text


def _value(value: str) -> str:
    return value if _UNQUOTED.fullmatch(value) else f'"{value}"'


def _can_be_a_value(word: str) -> bool:
    return word != "" and word.isprintable() and not any(char in word for char in "\"'|\\")
