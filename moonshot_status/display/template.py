"""The user's own line: text with fields in braces that are filled in, ``{balance} for {runway}``.

Nothing but a field's name stands between braces, and braces that are text are doubled. This is not
``str.format``: its attributes and indexes lead from a field to whatever there is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from moonshot_status.config.settings import TEMPLATE_FIELDS

_MARK = re.compile(r"\{\{|\}\}|\{(\w+)\}")


def template_error(template: str) -> str:
    """What is wrong with it; empty if nothing is."""
    if not template.isprintable():
        return "it is not one line of printable text"
    if set(_MARK.sub("", template)) & {"{", "}"}:
        return "braces enclose the name of a field, or are doubled"
    unknown = [name for name in _MARK.findall(template) if name and name not in TEMPLATE_FIELDS]
    return (
        f"there is no field {unknown[0]!r}, there is {', '.join(TEMPLATE_FIELDS)}"
        if unknown
        else ""
    )


def fill(template: str, words: Mapping[str, str]) -> str:
    """The line, for a template without a mistake; on one line whatever it holds."""
    line = _MARK.sub(lambda mark: words[mark[1]] if mark[1] else mark[0][0], template)
    return "".join(char if char.isprintable() else " " for char in line)
