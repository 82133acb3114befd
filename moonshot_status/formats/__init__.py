"""The formats, one module for each: its name is the value of ``--format``.

To add a format, write ``NAME.py`` in this package (with underscores for dashes in the name) with

- ``render(view: View) -> Reply``, a pure function. The View has all texts, and problems as well.
- ``update(reply: Reply) -> str``, only if the reply has more than one line: it returns the reply
  as one update of a stream for ``watch``. ``update = None`` says that there is no such form.
- ``parse_click(line: str) -> int``, only if the bar reports clicks on standard input: it returns
  the number of the button (1 left, 2 middle, 3 right), or 0.
- ``WAITS_FOR_REQUEST = True``, only if its readers want the result of a request, however long it
  takes, rather than an old balance at once.
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
    """The output of a run: ``text`` for standard output, with its newlines, and the exit status.

    ``stderr`` is written to standard error only if that is a terminal. With ``unknown_account``,
    a message, the run ends as wrong usage instead, with nothing on standard output: for formats
    whose readers see that, which those of a bar do not. ``valid_until``, in seconds since 1970, is
    when the reply expires if nothing but time changes; renderers leave it out.
    """

    text: str
    exit_code: int = 0
    stderr: str = ""
    unknown_account: str = ""
    valid_until: float = 0


def names() -> list[str]:
    """Return the names of all formats in alphabetical order."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name.replace("_", "-") for name in modules if not name.startswith("_"))


def renderer(name: str) -> Callable[[View], Reply]:
    """Return the ``render`` of one format; no other format is imported."""
    render: Callable[[View], Reply] = _module(name).render
    return render


def update_renderer(name: str) -> Callable[[Reply], str] | None:
    """Return the ``update`` of a format, or None if the format cannot be streamed."""
    update: Callable[[Reply], str] | None = getattr(_module(name), "update", _text)
    return update


def click_parser(name: str) -> Callable[[str], int] | None:
    """Return the ``parse_click`` of a format, or None if its bar reports no clicks."""
    parse_click: Callable[[str], int] | None = getattr(_module(name), "parse_click", None)
    return parse_click


def waits_for_request(name: str) -> bool:
    """Return whether the readers of a format wait for the end of a request."""
    return getattr(_module(name), "WAITS_FOR_REQUEST", False)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")


def _text(reply: Reply) -> str:
    return reply.text
