"""Write a set of changes completely, or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from moonshot_status.core import signals
from moonshot_status.core.atomic_write import replace_file
from moonshot_status.setup import SetupError, paths
from moonshot_status.setup.changes import Change, read_file


def write_all(changes: Iterable[Change]) -> None:
    """Write every change; undo all of them if one fails. Raises SetupError."""
    changes = list(changes)
    for change in changes:
        check(change)
    unblock = signals.block()
    attempted: list[Change] = []
    try:
        for change in changes:
            attempted.append(change)
            _write(change, change.after)
    except OSError as error:
        for change in reversed(attempted):
            with suppress(OSError):
                _write(change, change.before)
        path = paths.display(attempted[-1].path)
        raise SetupError(
            f"{path} cannot be written: {error.strerror}; nothing is changed"
        ) from error
    finally:
        unblock()


def check(change: Change) -> None:
    """Check that the file has not changed since it was read, and is writable. Raises SetupError."""
    if read_file(change.path) != change.before:
        raise SetupError(f"{paths.display(change.path)} has changed in between: run this again")
    if change.before is None:
        return
    status = change.real_path.stat()
    # root can write to every file, but a read-only mode still means that it should not change.
    if not status.st_mode & stat.S_IWUSR or not os.access(change.real_path, os.W_OK):
        is_link = change.real_path != change.path
        target = f" (it leads to {change.real_path})" if is_link else ""
        path = paths.display(change.path)
        raise SetupError(f"{path} is read-only{target}: nothing is changed")


def missing_folders(files: Iterable[Path]) -> list[Path]:
    """Return the folders that have to be created for these files, outermost first."""
    return sorted({folder for file in files for folder in file.parents if not folder.exists()})


def _write(change: Change, content: bytes | None) -> None:
    """Give the file this content, or delete it for None. Raises OSError."""
    path = change.real_path
    if content is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    mode, owner = change.mode, None
    if path.exists():
        status = path.stat()
        owner = (status.st_uid, status.st_gid)
        mode = mode if change.force_mode else stat.S_IMODE(status.st_mode)
    replace_file(path, content, mode, owner=owner, sync=True)
