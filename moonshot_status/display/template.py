"""The user's template: text with field names in braces, such as ``{balance} for {runway}``.

Braces that are text are doubled. This is not ``str.format``, because its attributes and indexes
would give access to more than the fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from moonshot_status.config.settings import TEMPLATE_FIELDS

_TOKEN = re.compile(r"\{\{|\}\}|\{(\w+)\}")


def template_error(template: str) -> str:
    """Return what is invalid in a template, or an empty text."""
    if not template.isprintable():
        return "it is not one line of printable text"
    if set(_TOKEN.sub("", template)) & {"{", "}"}:
        return "braces enclose the name of a field, or are doubled"
    unknown = [name for name in _TOKEN.findall(template) if name and name not in TEMPLATE_FIELDS]
    if unknown:
        return f"there is no field {unknown[0]!r}, there is {', '.join(TEMPLATE_FIELDS)}"
    return ""


def fill(template: str, fields: Mapping[str, str]) -> str:
    """Return a valid template with its fields filled in, as one line of printable text."""
    line = _TOKEN.sub(lambda token: fields[token[1]] if token[1] else token[0][0], template)
    return "".join(char if char.isprintable() else " " for char in line)
