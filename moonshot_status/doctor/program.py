"""Check the program itself: its version, its platform, and whether bars find it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

from moonshot_status import __version__
from moonshot_status.core import bar_path, paths
from moonshot_status.core.bar_path import PROGRAM
from moonshot_status.doctor.context import Context
from moonshot_status.doctor.finding import Finding, fail, hint, ok

_NAME = "PATH of bars"


def findings(_: Context) -> Iterator[Finding]:
    """Yield the version, and what bars run by the program's name."""
    system = f"{platform.system()} {platform.machine()}"
    yield ok("program", f"{PROGRAM} {__version__}, Python {platform.python_version()}, {system}")
    yield _on_path()


def _on_path() -> Finding:
    found, running = bar_path.which(PROGRAM), bar_path.running_program()
    link = bar_path.local_bin() / PROGRAM
    fix = f"ln -sf {paths.shell_word(Path(running))} {paths.shell_word(link.parent)}/"
    if os.path.lexists(link) and not os.access(link, os.X_OK):
        return fail(_NAME, f"{link} leads to nothing that can be run", fix)
    if found is None:
        return hint(_NAME, f"bars do not find {PROGRAM} by its name", fix)
    if os.path.realpath(found) != os.path.realpath(running):
        return hint(_NAME, f"bars run {found}, which is not the program that runs now", fix)
    return ok(_NAME, f"bars find {found}")
