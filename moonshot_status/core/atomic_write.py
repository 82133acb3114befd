"""Write files that are complete or unchanged, whatever interrupts the writer."""

from __future__ import annotations

import os
import re
import stat
import time
from contextlib import suppress
from pathlib import Path

from moonshot_status.core import paths

PRIVATE = 0o600
_TEMPORARY_PREFIX = ".moonshot-status."
_TEMPORARY_NAME = re.compile(re.escape(_TEMPORARY_PREFIX) + "[0-9a-f]{16}")
# A writer needs milliseconds.
_ABANDONED_SECONDS = 600


def write_private(path: Path, content: bytes) -> None:
    """Replace a file of the program's own, mode 0600 in a folder of mode 0700. Raises OSError.

    Temporary files that killed writers left in the folder are deleted.
    """
    paths.private_folder(path.parent)
    replace_file(path, content, PRIVATE)
    _delete_abandoned(path.parent)


def replace_file(
    path: Path, content: bytes, mode: int, *, owner: tuple[int, int] | None = None,
    sync: bool = False,
) -> None:  # fmt: skip
    """Write the content next to the path and rename it over it. Raises OSError.

    ``mode`` and ``owner``, a user and a group, are those of the new file. ``path`` must not be a
    symlink that is to be kept. With ``sync`` the content is on the disk before the rename.
    """
    # Not tempfile.mkstemp: a poll would import tempfile and random for it.
    temporary = path.parent / f"{_TEMPORARY_PREFIX}{os.urandom(8).hex()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            status = os.fstat(descriptor)
            if owner and owner != (status.st_uid, status.st_gid):
                os.fchown(descriptor, *owner)
            os.fchmod(descriptor, mode)
            if sync:
                os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _delete_abandoned(folder: Path) -> None:
    """Delete the temporary files that killed writers left in the folder. Never raises."""
    with suppress(OSError):
        for path in filter(_is_abandoned, folder.iterdir()):
            path.unlink()


def _is_abandoned(path: Path) -> bool:
    """Return whether this is a temporary file that nobody is writing. Raises OSError."""
    if not _TEMPORARY_NAME.fullmatch(path.name):
        return False
    status = path.lstat()
    # The time is in the future if the clock has been set back since.
    is_old = abs(time.time() - status.st_mtime) > _ABANDONED_SECONDS
    return is_old and stat.S_ISREG(status.st_mode)
