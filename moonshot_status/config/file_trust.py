"""Decide whether a settings file may name commands and hosts: not if somebody else can write it."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from moonshot_status.core import causes, paths
from moonshot_status.core.errors import Problem, ProblemError

_ROOT = 0
# The tags of entries in an access control list, and their permissions.
_USER, _OWNING_GROUP, _GROUP, _MAY_READ, _MAY_WRITE = 0x02, 0x04, 0x08, 0x04, 0x02


@dataclass(frozen=True)
class Access:
    """Who can write a file, a folder or a symlink.

    ``mode`` includes the type, ``owner`` and ``group`` are numbers. ``has_list``: further users may
    write it as an access control list says; such a list is in the group's bits of the mode.
    """

    path: Path
    mode: int
    owner: int
    group: int
    has_list: bool = False


def access_of(path: Path, status: os.stat_result) -> Access:
    """Return who can write what is at ``path`` and has this status."""
    mode, has_list = status.st_mode, False
    if mode & stat.S_IWGRP and not stat.S_ISLNK(mode):
        access_list = paths.access_list(path)
        writers = _listed(access_list, _MAY_WRITE) if access_list else {_OWNING_GROUP}
        has_list = not writers.isdisjoint((_USER, _GROUP))
        if _OWNING_GROUP not in writers and not has_list:
            mode &= ~stat.S_IWGRP
    return Access(path, mode, status.st_uid, status.st_gid, has_list)


def dangers(path: Path, file: Access | None) -> tuple[Problem, ...]:
    """Return why somebody else can write the file, or put another one in its place. Raises OSError.

    ``file`` is the open file, None if there is none yet.
    """
    accesses = [file] if file else []
    if file is None or stat.S_ISREG(file.mode):  # else it is in no folder, such as a pipe
        accesses += _places_that_count(path)
    found = (danger(access, os.geteuid(), has_other_members) for access in accesses)
    return tuple(problem for problem in found if problem)


def _places_that_count(path: Path) -> Iterator[Access]:
    """Yield the folder of the file, and each symlink on the way to it with the folder of that.

    Other folders on the way need no check: a folder that somebody else puts in the place of one has
    the wrong owner. Those above the home folder are left out: in a container they may belong to a
    user that the container does not know, and whoever can write them controls the home folder.
    """
    found: dict[Path, os.stat_result] = {}
    for place, status in paths.way_to(path):
        if stat.S_ISLNK(status.st_mode):
            found |= {place.parent: place.parent.stat(), place: status}
    folder = paths.real(path).parent
    if folder.exists():
        found[folder] = folder.stat()
    home = Path(os.path.expanduser("~"))
    above_home = {*home.parents, *paths.real(home).parents}
    for place, status in found.items():
        if place not in above_home:
            yield access_of(place, status)


def danger(
    access: Access, user: int, has_other_members: Callable[[int, int], bool]
) -> Problem | None:
    """Return why somebody other than the user and root can write this, or None.

    ``has_other_members`` tells whether a group has members other than a user and root; it is
    called only if the group can write. In a folder with the sticky bit nobody can replace the files
    of others, and a symlink has an owner alone.
    """
    path, is_own = str(access.path), access.owner == user
    if is_own or access.owner == _ROOT:
        if not _is_writable_by_others(access, user, has_other_members):
            return None
        if not is_own:
            return ProblemError(causes.WRITABLE_AND_ROOTS, path=path).problem
        quoted = paths.shell_word(access.path)
        return ProblemError(causes.WRITABLE_BY_OTHERS, path=path, quoted=quoted).problem
    if user == _ROOT:
        return ProblemError(causes.NOT_OWNED_BY_ROOT, path=path).problem
    return ProblemError(causes.OWNED_BY_ANOTHER, path=path).problem


def _is_writable_by_others(
    access: Access, user: int, has_other_members: Callable[[int, int], bool]
) -> bool:
    is_sticky = stat.S_ISDIR(access.mode) and access.mode & stat.S_ISVTX
    if is_sticky or stat.S_ISLNK(access.mode):
        return False
    if access.mode & stat.S_IWOTH:
        return True
    is_open = access.mode & stat.S_IWGRP
    return bool(is_open) and (access.has_list or has_other_members(access.group, user))


def has_other_members(group: int, user: int) -> bool:
    """Return whether the group has members other than this user and root.

    A directory service may keep its users out of the list of users. If it does, which shows when
    the user is not in the list, only the group of the user's own number has no other members.
    """
    # These ask the name services, and most settings files are not writable by a group.
    import grp
    import pwd

    # A directory service may know groups by their number alone, and a number may have two names.
    groups = [other for other in grp.getgrall() if other.gr_gid == group]
    with suppress(KeyError):
        groups.append(grp.getgrgid(group))
    names = {name for each in groups for name in each.gr_mem}
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


def may_group_read(path: Path, status: os.stat_result) -> bool:
    """Return whether users other than the owner and root can read the file as group members.

    Users and groups on an access control list count as such members.
    """
    if not status.st_mode & stat.S_IRGRP:
        return False
    access_list = paths.access_list(path)
    readers = _listed(access_list, _MAY_READ) if access_list else {_OWNING_GROUP}
    if not readers.isdisjoint((_USER, _GROUP)):
        return True
    return _OWNING_GROUP in readers and has_other_members(status.st_gid, os.geteuid())


def _listed(access_list: bytes, permission: int) -> set[int]:
    """Return the tag of each entry of an access control list that has the permission.

    A list is a version of four bytes and entries of a tag, a permission and an id; see
    linux/posix_acl_xattr.h.
    """
    entries = struct.iter_unpack("<HHI", access_list[4:])
    return {tag for tag, permissions, _ in entries if permissions & permission}
