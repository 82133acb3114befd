"""Write a set of changes completely, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from moonshot_status.core import signals
from moonshot_status.core.atomic_write import is_read_only, replace_file
from moonshot_status.core.paths import create_folder
from moonshot_status.setup import SetupError, paths
from moonshot_status.setup.changes import Change, read_file


def write_all(changes: Sequence[Change]) -> None:
    """Write every change; undo all of them if one fails. Raises SetupError."""
    check(changes)
    unblock = signals.block()
    attempted: list[Change] = []
    folders: list[Path] = []
    try:
        for change in changes:
            attempted.append(change)
            if change.after is not None:
                folders += create_folder(change.real_path.parent, private=False)
            _write(change, change.after)
    except OSError as error:
        for change in reversed(attempted):
            with suppress(OSError):
                _write(change, change.before)
        remove_folders(folders)
        path = paths.display(attempted[-1].path)
        raise SetupError(
            f"{path} cannot be written: {error.strerror}; nothing is changed"
        ) from error
    finally:
        unblock()


def remove_folders(folders: Sequence[Path]) -> None:
    """Remove those of the folders that are empty; each comes after the one that it is in."""
    for folder in reversed(folders):
        with suppress(OSError):
            folder.rmdir()


def check(changes: Sequence[Change]) -> None:
    """Check that no file has changed since it was read or is read-only. Raises SetupError."""
    for change in changes:
        name = paths.display(change.path)
        try:
            real_path = change.real_path
        except OSError as error:
            raise SetupError(f"{name} cannot be written: {error.strerror}") from error
        if read_file(change.path) != change.before:
            raise SetupError(f"{name} has changed in between: run this again")
        if change.before is not None and is_read_only(real_path):
            target = f" (it leads to {real_path})" if real_path != change.path else ""
            raise SetupError(f"{name} is read-only{target}: nothing is changed")


def _write(change: Change, content: bytes | None) -> None:
    """Give the file this content, or delete it for None. Raises OSError."""
    path = change.real_path
    if content is None:
        path.unlink(missing_ok=True)
        return
    replace_file(path, content, change.mode, sync=True)
