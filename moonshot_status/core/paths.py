"""The program's folders, as appdirs names them, and how to create private ones."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import appdirs

from moonshot_status.core.text import quoted

_NAME = "moonshot-status"
ACCESS_LIST = "system.posix_acl_access"
"""The attribute with the access control list of a file."""
_ROOT = 0
# The system follows no more symlinks on the way to one file.
_MAX_LINKS = 40


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

    It has to be the user's own. It may be a symlink of theirs, unless it has to be ``real``; the
    folder that it leads to keeps its mode. So does the folder of the settings, which others may
    read by their group.
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
        is_kept = path.is_symlink() or path == config_folder()
        if stat.S_IMODE(status.st_mode) & 0o777 != 0o700 and not is_kept:
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


def owner_fix(path: Path) -> str:
    """Return what to do about a file or folder in the program's place that another user owns.

    A run with sudo leaves root's files in the home folder. Whatever else is another user's, there
    or elsewhere, must not be taken away from them.
    """
    if os.geteuid() == _ROOT:
        return "As root, run it with sudo -H, which has a home folder of its own."
    if path.lstat().st_uid == _ROOT and Path(os.path.expanduser("~")) in path.parents:
        return f'Run: sudo chown -R "$USER" {shell_word(path)}'
    return "Correct HOME or the XDG variable that leads there."


def create_folder(path: Path, *, private: bool = True) -> list[Path]:
    """Create the folder and its missing parents, and return what was created. Raises OSError.

    The mode is 0700, or what the umask leaves of 0755 if they are not ``private``. What root
    creates in another user's folder belongs to that user.
    """
    created = []
    for folder in (*reversed(path.parents), path):
        if os.path.lexists(folder):
            continue
        try:
            folder.mkdir(mode=0o700 if private else 0o755)
        except FileExistsError:  # another process was faster
            continue
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | 0o700)
        give_to_owner_above(folder)
        created.append(folder)
    return created


def shell_word(path: Path) -> str:
    """Quote the path as one word of a shell command, with ``~`` for the home folder."""
    home = Path(os.path.expanduser("~"))
    start, rest = ("~/", path.relative_to(home)) if path.is_relative_to(home) else ("", path)
    return start + quoted(str(rest))


def give_to_owner_above(path: Path) -> None:
    """Let a file that root has made belong to the user whose folder it is in. Raises OSError."""
    above = path.parent.stat()
    if os.geteuid() == _ROOT != above.st_uid:
        os.chown(path, above.st_uid, above.st_gid, follow_symlinks=False)


def private_file(path: Path) -> None:
    """Create the file if necessary, with mode 0600. Raises OSError.

    An existing file is not opened, because that would release the locks that SQLite has on it.
    """
    check_own(path)
    target = Path(os.path.realpath(path))
    if not target.exists():
        with suppress(FileExistsError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            os.close(os.open(target, flags, 0o600))
    if target.stat().st_mode & 0o777 != 0o600:
        target.chmod(0o600)


def way_to(path: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield each folder and each symlink on the way to the file, as the system follows them.

    The file itself comes last if it is there. Raises OSError for a folder that cannot be searched.
    """
    place, names, links = Path("/"), [*reversed(path.absolute().parts)], 0
    while names and links <= _MAX_LINKS:
        # The first name of an absolute path is "/", which starts from the top.
        place = place.parent if names[-1] == ".." else place / names[-1]
        names.pop()
        status = _status(place, os.lstat)
        if status is None:
            return
        yield place, status
        if stat.S_ISLNK(status.st_mode):
            links += 1
            names += reversed(place.readlink().parts)
            place = place.parent


def with_home(written: str) -> str:
    """Return a path that is written in a file, with ``~`` expanded.

    No path contains a null byte, which most functions raise ValueError for: it is replaced.
    """
    return os.path.expanduser(written.replace("\0", "\N{REPLACEMENT CHARACTER}"))


def real(path: Path) -> Path:
    """Return the path with its symlinks resolved as far as this user can follow. Never raises."""
    try:
        return Path(os.path.realpath(path))
    except OSError:
        return path


def resolved(path: Path) -> Path:
    """Return the path with its symlinks resolved. Raises OSError.

    A symlink of another user may only lead to what is theirs, because they choose where it leads.
    """
    for place, link in way_to(path):
        if stat.S_ISLNK(link.st_mode) and link.st_uid not in (_ROOT, os.geteuid()):
            target = Path(os.path.realpath(place))
            status = _status(target, os.stat) or _status(target.parent, os.stat)
            if status is None or status.st_uid != link.st_uid:
                raise ForeignPathError(place)
    return Path(os.path.realpath(path))


def access_list(path: Path) -> bytes:
    """Return the access control list of the file as Linux stores it; empty if there is none."""
    try:
        return os.getxattr(path, ACCESS_LIST)
    except (AttributeError, OSError):
        return b""


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
