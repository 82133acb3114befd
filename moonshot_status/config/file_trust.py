"""Decide whether a settings file may name commands and hosts: not if somebody else can write it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from moonshot_status.core import causes
from moonshot_status.core.errors import Problem, ProblemError

_ROOT = 0
_ACCESS_LIST = "system.posix_acl_access"


@dataclass(frozen=True)
class Access:
    """Who can write a file or a folder.

    ``mode`` includes the type, ``owner`` and ``group`` are numbers. ``has_list``: further users may
    write it as an access control list says; such a list is in the group's bits of the mode.
    """

    path: Path
    mode: int
    owner: int
    group: int
    has_list: bool = False


def access_of(path: Path, status: os.stat_result) -> Access:
    """Return who can write the file or folder at ``path``, whose status when open was this one."""
    has_list = bool(status.st_mode & stat.S_IWGRP) and _has_list(path)
    return Access(path, status.st_mode, status.st_uid, status.st_gid, has_list)


def dangers(path: Path, file: Access | None) -> tuple[Problem, ...]:
    """Return why somebody else can write the file, or replace it in its folder. Raises OSError.

    ``file`` is the open file, None if there is none yet. Folders higher up are not examined: what
    somebody else puts in the place of one has the wrong owner.
    """
    accesses = [file] if file else []
    if file is None or stat.S_ISREG(file.mode):  # else it is in no folder, such as a pipe
        accesses += [
            access_of(folder, folder.stat()) for folder in _folders(path) if folder.exists()
        ]
    found = (danger(access, os.geteuid(), has_other_members) for access in accesses)
    return tuple(problem for problem in found if problem)


def _folders(path: Path) -> list[Path]:
    """Return the folder of the file and, if it is a symlink, that of what it leads to."""
    return list(dict.fromkeys((path.parent.resolve(), path.resolve().parent)))


def danger(
    access: Access, user: int, has_other_members: Callable[[int, int], bool]
) -> Problem | None:
    """Return why somebody other than the user and root can write this, or None.

    ``has_other_members`` tells whether a group has members other than a user and root; it is
    called only if the group can write. In a folder with the sticky bit nobody can replace the files
    of others.
    """
    path, quoted = str(access.path), _quoted(access.path)
    if access.owner not in (user, _ROOT):
        if user == _ROOT:
            return ProblemError(causes.NOT_OWNED_BY_ROOT, path=path, quoted=quoted).problem
        return ProblemError(causes.OWNED_BY_ANOTHER, path=path, quoted=quoted).problem
    if stat.S_ISDIR(access.mode) and access.mode & stat.S_ISVTX:
        return None
    by_group = access.mode & stat.S_IWGRP and (
        access.has_list or has_other_members(access.group, user)
    )
    if access.mode & stat.S_IWOTH or by_group:
        return ProblemError(causes.WRITABLE_BY_OTHERS, path=path, quoted=quoted).problem
    return None


def _quoted(path: Path) -> str:
    import shlex  # Most files are no danger.

    return shlex.quote(str(path))


def has_other_members(group: int, user: int) -> bool:
    """Return whether the group has members other than this user and root.

    A directory service may keep its users out of the list of users. If it does, which shows when
    the user is not in the list, only the group of the user's own number has no other members.
    """
    # These ask the name services, and most settings files are not writable by a group.
    import grp
    import pwd

    try:
        names = grp.getgrgid(group).gr_mem
    except KeyError:
        names = []
    if any(_number_of(name) not in (user, _ROOT) for name in names):
        return True
    users = pwd.getpwall()
    if any(other.pw_gid == group and other.pw_uid not in (user, _ROOT) for other in users):
        return True
    return group != user and all(other.pw_uid != user for other in users)


def _number_of(name: str) -> int | None:
    """Return the number of the user, or None if the user is not known."""
    import pwd

    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def _has_list(path: Path) -> bool:
    """Return whether the file has an access control list, as far as this system tells."""
    try:
        return bool(os.getxattr(path, _ACCESS_LIST))
    except (AttributeError, OSError):
        return False
