"""Account names as labels: short, on one line, and unique."""

from __future__ import annotations

from collections.abc import Callable

from moonshot_status.core.text import one_line
from moonshot_status.display.view import View

_LENGTH = 40


def labels(view: View, encode: Callable[[str], str] = str) -> list[str]:
    """Return one label for each section, encoded for the format; equal ones are numbered."""
    labels: dict[str, None] = {}
    for section in view.sections:
        name = encode(one_line(section.account, _LENGTH)) or "-"
        number, label = 1, name
        while label in labels:
            number += 1
            label = f"{name} {number}"
        labels[label] = None
    return list(labels)
