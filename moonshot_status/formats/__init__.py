"""The formats, one module each: its name is the value of ``--format``.

To add one, write ``NAME.py`` here with one pure function, ``render(view: View) -> Reply``. It gets
everything worded and returns everything that is printed; failures reach it as Views as well.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moonshot_status.view import View


@dataclass(frozen=True)
class Reply:
    """What is printed, down to its last newline, and the exit status.

    ``aside`` goes to standard error, and only when that is a terminal. ``until`` is how long the
    reply holds if nothing but time changes, in seconds since 1970; the renderers leave it alone.
    """

    text: str
    exit_code: int = 0
    aside: str = ""
    until: float = 0


def names() -> list[str]:
    """The formats that there are, in alphabetical order."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))


def renderer(name: str) -> Callable[[View], Reply]:
    """The ``render`` of one format; no other format is imported."""
    render: Callable[[View], Reply] = importlib.import_module(f"{__name__}.{name}").render
    return render
