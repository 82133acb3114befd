"""Writing all the changes, or none of them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from moonshot_status.core import signals
from moonshot_status.setup import SetupError, paths
from moonshot_status.setup.changes import Change, content_of


def write_all(changes: Iterable[Change]) -> None:
    """Write each file beside and rename it; after a failure all is as it was. Raises SetupError."""
    changes = list(changes)
    for change in changes:
        check(change)
    let_through = signals.block()
    done: list[Change] = []
    try:
        for change in changes:
            done.append(change)
            _put(change, change.after)
    except OSError as error:
        for change in reversed(done):
            with suppress(OSError):
                _put(change, change.before)
        place = paths.short(done[-1].path)
        raise SetupError(
            f"{place} cannot be written: {error.strerror}; nothing is changed"
        ) from error
    finally:
        let_through()


def check(change: Change) -> None:
    """Whether the file is still as it was read, and may be written. Raises SetupError."""
    if content_of(change.path) != change.before:
        raise SetupError(f"{paths.short(change.path)} has changed in between: run this again")
    if change.before is None:
        return
    status = change.real.stat()
    # The mode, too: the superuser may write everywhere, but read-only is meant.
    if not status.st_mode & stat.S_IWUSR or not os.access(change.real, os.W_OK):
        whose = "" if change.real == change.path else f" (it leads to {change.real})"
        raise SetupError(f"{paths.short(change.path)} is read-only{whose}: nothing is changed")


def missing_folders(paths: Iterable[Path]) -> list[Path]:
    """The folders that have to be made for these files, the outer ones first."""
    found = {parent for path in paths for parent in path.parents if not parent.exists()}
    return sorted(found)


def _put(change: Change, content: bytes | None) -> None:
    real = change.real
    if content is None:
        real.unlink(missing_ok=True)
        return
    real.parent.mkdir(parents=True, exist_ok=True)
    beside = real.with_name(f".{real.name}.{os.getpid()}")
    try:
        _write_beside(beside, change, content)
        beside.replace(real)
    finally:
        beside.unlink(missing_ok=True)


def _write_beside(beside: Path, change: Change, content: bytes) -> None:
    """Write the new file, with the mode and the owner of the one that it replaces."""
    with suppress(FileNotFoundError):
        beside.unlink()
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    mode = change.mode
    if change.real.exists():
        status = change.real.stat()
        mode = stat.S_IMODE(status.st_mode)
        if (status.st_uid, status.st_gid) != (beside.stat().st_uid, beside.stat().st_gid):
            os.chown(beside, status.st_uid, status.st_gid)
    beside.chmod(mode)
