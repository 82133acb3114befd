"""The program itself: which version, on what, and where bars find it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator

from moonshot_status import __version__
from moonshot_status.doctor import places
from moonshot_status.doctor.case import Case
from moonshot_status.doctor.finding import Finding, hint, ok, wrong


def findings(_: Case) -> Iterator[Finding]:
    system = f"{platform.system()} {platform.machine()}"
    yield ok(
        "program", f"{places.PROGRAM} {__version__}, Python {platform.python_version()}, {system}"
    )
    yield _on_path()


def _on_path() -> Finding:
    found, link = (
        places.found_by_bars(places.PROGRAM),
        os.path.join(places.own_folder(), places.PROGRAM),
    )
    mend = f"ln -sf {places.running()} {places.own_folder()}/"
    if os.path.lexists(link) and not os.access(link, os.X_OK):
        return wrong("PATH of bars", f"{link} leads to nothing that can be run", mend)
    if found is None:
        return hint("PATH of bars", f"bars do not find {places.PROGRAM} by its name", mend)
    if not places.same_file(found, places.running()):
        return hint(
            "PATH of bars", f"bars run {found}, which is not the program that runs now", mend
        )
    return ok("PATH of bars", f"bars find {found}")
