"""The program itself: which version, on what, and where bars find it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator

from moonshot_status import __version__
from moonshot_status.doctor import bar_path
from moonshot_status.doctor.context import Context
from moonshot_status.doctor.finding import Finding, fail, hint, ok


def findings(_: Context) -> Iterator[Finding]:
    system = f"{platform.system()} {platform.machine()}"
    yield ok(
        "program", f"{bar_path.PROGRAM} {__version__}, Python {platform.python_version()}, {system}"
    )
    yield _on_path()


def _on_path() -> Finding:
    found, link = (
        bar_path.found_by_bars(bar_path.PROGRAM),
        os.path.join(bar_path.own_folder(), bar_path.PROGRAM),
    )
    mend = f"ln -sf {bar_path.running()} {bar_path.own_folder()}/"
    if os.path.lexists(link) and not os.access(link, os.X_OK):
        return fail("PATH of bars", f"{link} leads to nothing that can be run", mend)
    if found is None:
        return hint("PATH of bars", f"bars do not find {bar_path.PROGRAM} by its name", mend)
    if not bar_path.same_file(found, bar_path.running()):
        return hint(
            "PATH of bars", f"bars run {found}, which is not the program that runs now", mend
        )
    return ok("PATH of bars", f"bars find {found}")
