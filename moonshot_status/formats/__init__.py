"""The formats, one module each: its name is the value of ``--format``.

To add one, write ``NAME.py`` here with one pure function, ``render(view: View) -> Reply``. It gets
everything worded and returns everything that is printed; failures reach it as Views as well. Where
a bar's own name has dashes the module's has underscores.

A format whose reply is more than one line says how ``watch`` prints it, with one more function,
``update(reply: Reply) -> str``, or with ``update = None`` that it cannot. Where a bar tells clicks
on standard input, ``button(line: str) -> int`` reads them: 1 is left, 2 middle, 3 right, 0 none.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moonshot_status.display.view import View


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
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name.replace("_", "-") for name in modules if not name.startswith("_"))


def renderer(name: str) -> Callable[[View], Reply]:
    """The ``render`` of one format; no other format is imported."""
    render: Callable[[View], Reply] = _module(name).render
    return render


def updater(name: str) -> Callable[[Reply], str] | None:
    """What makes of a reply one update of a stream; None if the format cannot be streamed."""
    update: Callable[[Reply], str] | None = getattr(_module(name), "update", _as_it_is)
    return update


def clicks(name: str) -> Callable[[str], int] | None:
    """What reads the clicks that the format's bar tells; None if it tells none."""
    button: Callable[[str], int] | None = getattr(_module(name), "button", None)
    return button


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")


def _as_it_is(reply: Reply) -> str:
    return reply.text
