"""Names of accounts as labels: short, on one line, and no two alike."""

from __future__ import annotations

from collections.abc import Callable

from moonshot_status.core.text import one_line
from moonshot_status.display.view import View

_LENGTH = 40


def labels(view: View, written: Callable[[str], str] = str) -> list[str]:
    """One for each section, as ``written`` writes it; those that would be alike are numbered."""
    found: dict[str, None] = {}
    for section in view.sections:
        name = written(one_line(section.account, _LENGTH)) or "-"
        number, label = 1, name
        while label in found:
            number += 1
            label = f"{name} {number}"
        found[label] = None
    return list(found)
