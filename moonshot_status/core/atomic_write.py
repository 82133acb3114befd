"""Write files that are complete or unchanged, whatever interrupts the writer."""

from __future__ import annotations

import errno
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
    replace_file(path, content, PRIVATE, keep_owner=False)
    _delete_abandoned(path.parent)


def replace_file(
    path: Path, content: bytes, mode: int, *, keep_owner: bool = True, sync: bool = False
) -> None:
    """Write the content next to the path and rename it over it. Raises OSError.

    Nothing but a regular file is replaced. It keeps its owner and group if ``keep_owner`` is set;
    a new file that root writes into another user's folder is that user's. Until the content is
    complete, the file is readable by nobody else. With ``sync`` it is on the disk before the
    rename.
    """
    existing = _existing_owner(path)
    owner = existing or _folder_owner(path.parent)
    # Not tempfile.mkstemp: a poll would import tempfile and random for it.
    temporary = path.parent / f"{_TEMPORARY_PREFIX}{os.urandom(8).hex()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(temporary, flags, PRIVATE)
    try:
        with open(descriptor, "wb") as file:
            if owner and keep_owner:
                _set_owner(descriptor, owner, mode)
            if existing and keep_owner:
                _copy_access_list(path, descriptor)
            file.write(content)
            file.flush()
            os.fchmod(descriptor, mode)
            if sync:
                os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def mode_of(path: Path, default: int) -> int:
    """Return the mode of the file, or ``default`` if there is none. Raises OSError."""
    return stat.S_IMODE(path.stat().st_mode) if paths.exists(path) else default


def is_read_only(path: Path) -> bool:
    """Return whether the existing file is not to be changed. Raises OSError.

    root can write to every file, but a read-only mode still means that it should not change.
    """
    return not path.stat().st_mode & stat.S_IWUSR or not os.access(path, os.W_OK)


def _existing_owner(path: Path) -> tuple[int, int] | None:
    """Return the user and the group of the file, or None if there is none. Raises OSError."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise FileExistsError(errno.EEXIST, "it is not a regular file", str(path))
    return status.st_uid, status.st_gid


def _folder_owner(folder: Path) -> tuple[int, int] | None:
    """Return the user and the group that a new file of root's gets, None for root's own."""
    status = folder.stat()
    return (status.st_uid, status.st_gid) if os.geteuid() == 0 != status.st_uid else None


def _set_owner(descriptor: int, owner: tuple[int, int], mode: int) -> None:
    """Give the file to the user and the group. Raises OSError.

    A group that cannot be kept does not matter if it may do no more than others may.
    """
    status = os.fstat(descriptor)
    if owner == (status.st_uid, status.st_gid):
        return
    try:
        os.fchown(descriptor, *owner)
    except PermissionError as error:
        if owner[0] != status.st_uid or (mode >> 3) & ~mode & 0o7:
            raise PermissionError(error.errno, "its owner and group cannot be kept") from error


def _copy_access_list(path: Path, descriptor: int) -> None:
    """Give the file the access control list of the one that it replaces. Raises OSError.

    The group's bits of its mode say what the users on the list may do at most. Without the list the
    file's group would get what they say.
    """
    access_list = paths.access_list(path)
    if access_list:
        os.setxattr(descriptor, paths.ACCESS_LIST, access_list)


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
