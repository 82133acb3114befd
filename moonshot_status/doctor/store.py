"""The store: where it is, whether it can be read and written, and what is in it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from moonshot_status.core import paths
from moonshot_status.doctor.context import Context
from moonshot_status.doctor.finding import Finding, absent, fail, hint, ok
from moonshot_status.store import check
from moonshot_status.store.check import CorruptStoreError
from moonshot_status.store.database import FILE_NAME
from moonshot_status.store.schema import NewerStoreError


def findings(_: Context) -> Iterator[Finding]:
    file = paths.state_folder() / FILE_NAME
    if not file.is_absolute():
        yield fail("store", "there is no home folder", "Set HOME.")
        return
    try:
        yield from _looked_at(file)
    except OSError as error:
        yield fail("store", f"{file} cannot be used: {error.strerror}", _owner(file))


def _looked_at(file: Path) -> Iterator[Finding]:
    place = next(place for place in (file, *file.parents) if os.path.lexists(place))
    if not _is_writable(file.parent if place == file else place) or not _is_writable(place):
        yield fail("store", f"{place} cannot be written, so nothing is kept", _owner(place))
    elif place != file and not place.is_dir():
        yield fail("store", f"{place} is in the way: a folder belongs there", "Move it elsewhere.")
        return
    elif place != file:
        yield absent("store", f"{file} is not there yet; the first request makes it")
        return
    yield _content(file)
    yield from _open_to_others(file)
    aside = len(list(file.parent.glob(f"{FILE_NAME}.damaged-*[!l]")))
    if aside:
        yield hint(
            "store",
            f"damaged files were put aside: {aside}",
            f"When you do not need them: rm {file}.damaged-*",
        )


def _is_writable(place: Path) -> bool:
    return os.access(place, os.W_OK | (os.X_OK if place.is_dir() else 0))


def _owner(place: Path) -> str:
    """How to get at it again; a run with sudo leaves such files behind."""
    while not os.path.lexists(place):
        place = place.parent
    if place.lstat().st_uid != os.geteuid():
        return f'It belongs to another user: sudo chown -R "$USER" {place}'
    return f"chmod u+rwX {place}, or make room if the disk is full or read-only."


def _content(file: Path) -> Finding:
    newer = f"{file} was written by a later version of this program, so nothing is kept"
    try:
        readings = check.count_readings(file)
    except NewerStoreError:
        return fail("store", newer, "Bring the program up to date, or move the file away.")
    except CorruptStoreError:
        return _damaged(file)
    except OSError as error:
        return fail("store", f"{file} cannot be used: {error}", _owner(file))
    if readings is None:
        return ok("store", f"{file} is empty")
    return ok("store", f"{file} is sound, readings as they came: {readings}")


def _damaged(file: Path) -> Finding:
    return fail(
        "store",
        f"{file} is damaged",
        "The next request puts it aside and begins a new one: run doctor again.",
    )


def _open_to_others(file: Path) -> Iterator[Finding]:
    for place in (file.parent, file):
        mode = stat.S_IMODE(place.stat().st_mode)
        if mode & 0o077:
            yield hint("store", f"{place} has mode {mode:04o}", "The next request mends that.")
