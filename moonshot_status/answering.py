"""From the choices of the command line to the reply."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from moonshot_status import choices, formats, poll
from moonshot_status.formats import Reply
from moonshot_status.settings import Options, UnknownAccountError
from moonshot_status.view import View


def reply(chosen: dict[str, Any]) -> Reply:
    """What is printed for these choices. Raises UnknownAccountError, and nothing else."""
    render, options = formats.renderer(chosen["format"]), choices.options(chosen)
    try:
        view = _view(chosen, options)
        return replace(render(view), until=view.until.timestamp())
    except UnknownAccountError:
        raise
    except Exception:  # noqa: BLE001 - a bar has to show something, whatever happened
        return render(poll.unforeseen(options))


def this_program(chosen: dict[str, Any]) -> tuple[str, ...]:
    """The command line that runs it again for the same account."""
    program = shutil.which(sys.argv[0]) or ""
    words = (
        [str(Path(program).absolute())] if program else [sys.executable, "-m", "moonshot_status"]
    )
    for name in ("account", "region", "config"):
        if chosen[name] is not None:
            value = chosen[name].absolute() if name == "config" else chosen[name]
            words += [f"--{name}", str(value)]
    return tuple(words)


def _view(chosen: dict[str, Any], options: Options) -> View:
    if chosen["demo"]:
        from moonshot_status import demo

        return demo.view(chosen["demo"], options)
    return poll.view(options, this_program(chosen))
