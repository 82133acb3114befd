"""Check the store: its place, its permissions and its content."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from moonshot_status.config import hide_amounts
from moonshot_status.core import paths
from moonshot_status.core.paths import ForeignPathError
from moonshot_status.doctor.context import Context
from moonshot_status.doctor.finding import Finding, absent, fail, hint, ok, unreadable
from moonshot_status.store import check
from moonshot_status.store.check import CorruptStoreError
from moonshot_status.store.database import FILE_NAME
from moonshot_status.store.schema import NewerStoreError


def findings(_: Context) -> Iterator[Finding]:
    """Yield the state of the store, its permissions, and corrupt files that were kept."""
    file = paths.state_folder() / FILE_NAME
    if not file.is_absolute():
        yield fail("store", "there is no home folder", "Set HOME.")
        return
    try:
        yield from _findings(file)
    except OSError as error:
        yield fail("store", f"{file} cannot be used: {error.strerror}", _owner_fix(file))
    yield from _switch()
    yield from _cache()


def _switch() -> Iterator[Finding]:
    """Yield a warning if the amounts are hidden because the switch cannot be read."""
    try:
        hide_amounts.stored()
    except (OSError, ValueError):
        fact = f"{hide_amounts.path()} cannot be read, so amounts are hidden"
        yield hint("amounts", fact, "Choose: moonshot-status hide on, or off.")


def _cache() -> Iterator[Finding]:
    """Yield a finding if the cache cannot be used, such as after a run with sudo."""
    folder = paths.cache_folder()
    try:
        paths.check_private(folder)
        for path in folder.rglob("*"):
            paths.check_own(path)
    except ForeignPathError as error:
        foreign = Path(error.filename)
        fact = f"{foreign} belongs to another user, so replies are not cached"
        yield hint("cache", fact, _owner_fix(foreign))
    except OSError as error:
        yield unreadable("cache", error)


def _findings(file: Path) -> Iterator[Finding]:
    """Yield the findings. Raises OSError."""
    try:
        paths.check_private(file.parent)
        paths.check_own(file)
    except ForeignPathError as error:
        foreign = Path(error.filename)
        fact = f"{foreign} belongs to another user, so nothing is kept"
        yield fail("store", fact, _owner_fix(foreign))
        return
    place = next(place for place in (file, *file.parents) if os.path.lexists(place))
    if not _is_writable(file.parent if place == file else place) or not _is_writable(place):
        yield fail("store", f"{place} cannot be written, so nothing is kept", _owner_fix(place))
    elif place != file and not place.is_dir():
        yield fail("store", f"{place} is in the way: a folder belongs there", "Move it elsewhere.")
        return
    elif place != file:
        yield absent("store", f"{file} is not there yet; the first request makes it")
        return
    yield _content(file)
    yield from _permissions(file)
    corrupt = len(list(file.parent.glob(f"{FILE_NAME}.damaged-*[!l]")))
    if corrupt:
        fix = f"When you do not need them: rm {paths.shell_word(file)}.damaged-*"
        yield hint("store", f"damaged files were put aside: {corrupt}", fix)


def _is_writable(place: Path) -> bool:
    return os.access(place, os.W_OK | (os.X_OK if place.is_dir() else 0))


def _owner_fix(place: Path) -> str:
    """Return the command that makes the place usable; a run with sudo leaves such files behind."""
    while not os.path.lexists(place):
        place = place.parent
    if place.lstat().st_uid != os.geteuid():
        return paths.owner_fix(place)
    return f"chmod u+rwX {paths.shell_word(place)}, or make room if the disk is full or read-only."


def _content(file: Path) -> Finding:
    try:
        readings = check.count_readings(file)
    except NewerStoreError:
        fact = f"{file} was written by a later version of this program, so it is not used"
        return fail("store", fact, "Bring the program up to date, or move the file away.")
    except CorruptStoreError:
        fix = "The next request puts it aside and begins a new one: run doctor again."
        return fail("store", f"{file} is damaged", fix)
    except OSError as error:
        return fail("store", f"{file} cannot be used: {error.strerror or error}", _owner_fix(file))
    content = "empty" if readings is None else f"sound, readings as they came: {readings}"
    return ok("store", f"{file} is {content}")


def _permissions(file: Path) -> Iterator[Finding]:
    for place in (file.parent, file):
        mode = stat.S_IMODE(place.stat().st_mode)
        if mode & 0o077:
            yield hint("store", f"{place} has mode {mode:04o}", "The next request mends that.")
