"""The program's folders, as appdirs names them, and how to create private ones."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import appdirs

_NAME = "moonshot-status"
_ROOT = 0


class ForeignPathError(PermissionError):
    """Another user owns a file or a folder that has to be the user's own."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EACCES, "it belongs to another user", str(path))


def config_folder() -> Path:
    """Return the folder of the settings file."""
    return _absolute(appdirs.user_config_dir, "~/.config")


def state_folder() -> Path:
    """Return the folder of the store."""
    return _absolute(appdirs.user_state_dir, "~/.local/state")


def cache_folder() -> Path:
    """Return the folder of files that may be deleted at any time."""
    return _absolute(appdirs.user_cache_dir, "~/.cache")


def private_folder(path: Path, *, real: bool = False) -> Path:
    """Create the folder if necessary, with mode 0700, and return it. Raises OSError.

    It has to be the user's own. It may be a symlink of theirs, unless it has to be ``real``.
    """
    if not path.is_absolute():
        raise FileNotFoundError(errno.ENOENT, "there is no home folder")
    check_private(path)
    create_folder(path)
    flags = os.O_RDONLY | os.O_DIRECTORY | (os.O_NOFOLLOW if real else 0)
    try:
        descriptor = os.open(path, flags)
    except PermissionError:  # not even its owner may read it
        path.chmod(0o700)
        descriptor = os.open(path, flags)
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid():
            raise ForeignPathError(path)
        if stat.S_IMODE(status.st_mode) & 0o777 != 0o700:
            os.fchmod(descriptor, 0o700)
    finally:
        os.close(descriptor)
    return path


def check_private(path: Path) -> None:
    """Raise ForeignPathError if the folder is another user's, or root would create it in theirs."""
    existing = next(place for place in (path, *path.parents) if os.path.lexists(place))
    if existing == path or os.geteuid() == _ROOT:
        check_own(existing)


def check_own(path: Path) -> None:
    """Raise ForeignPathError if another user owns it, or the symlink that leads to it."""
    for status in (_status(path, os.lstat), _status(path, os.stat)):
        if status and status.st_uid != os.geteuid():
            raise ForeignPathError(path)


def create_folder(path: Path) -> None:
    """Create the folder and its missing parents, with mode 0700. Raises OSError.

    What root creates in another user's folder belongs to that user.
    """
    for folder in (*reversed(path.parents), path):
        if os.path.lexists(folder):
            continue
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:  # another process was faster
            continue
        folder.chmod(0o700)
        above = folder.parent.stat()
        if os.geteuid() == _ROOT != above.st_uid:
            os.chown(folder, above.st_uid, above.st_gid, follow_symlinks=False)


def private_file(path: Path) -> None:
    """Create the file if necessary, with mode 0600. Raises OSError.

    An existing file is not opened, because that would release the locks that SQLite has on it.
    """
    check_own(path)
    real = Path(os.path.realpath(path))
    if not real.exists():
        with suppress(FileExistsError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            os.close(os.open(real, flags, 0o600))
    if real.stat().st_mode & 0o777 != 0o600:
        real.chmod(0o600)


def resolved(path: Path) -> Path:
    """Return the path with its symlinks resolved. Raises OSError.

    A symlink of another user may only lead to what is theirs, because they choose where it leads.
    """
    for place in (*reversed(path.parents), path):
        link = _status(place, os.lstat)
        if link and stat.S_ISLNK(link.st_mode) and link.st_uid not in (_ROOT, os.geteuid()):
            real = Path(os.path.realpath(place))
            target = _status(real, os.stat) or _status(real.parent, os.stat)
            if target is None or target.st_uid != link.st_uid:
                raise ForeignPathError(place)
    return Path(os.path.realpath(path))


def exists(path: Path) -> bool:
    """Return whether there is such a file or folder. Raises OSError if it cannot be examined.

    Whether ``Path.exists`` and the like raise that depends on the version of Python.
    """
    return _status(path, os.stat) is not None


def is_file(path: Path) -> bool:
    """Return whether it is a regular file. Raises OSError if it cannot be examined."""
    status = _status(path, os.stat)
    return status is not None and stat.S_ISREG(status.st_mode)


def is_folder(path: Path) -> bool:
    """Return whether it is a folder. Raises OSError if it cannot be examined."""
    status = _status(path, os.stat)
    return status is not None and stat.S_ISDIR(status.st_mode)


def _status(path: Path, status_of: Callable[[Path], os.stat_result]) -> os.stat_result | None:
    try:
        return status_of(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _absolute(folder_of: Callable[..., str], default: str) -> Path:
    folder = Path(folder_of(_NAME, appauthor=False))
    # The XDG specification says to ignore relative values; appdirs uses them.
    return folder if folder.is_absolute() else Path(os.path.expanduser(default)) / _NAME
