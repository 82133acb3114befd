"""Who can write a settings file, or replace it."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from moonshot_status.config import file_trust
from moonshot_status.config.file_trust import (
    Access,
    access_of,
    danger,
    dangers,
    has_other_members,
    may_group_read,
)  # fmt: skip
from moonshot_status.core import causes
from moonshot_status.core.errors import Cause

ME, OTHER, ROOT, GROUP = 1000, 1001, 0, 100
FILE, FOLDER, PIPE = stat.S_IFREG, stat.S_IFDIR, stat.S_IFIFO
LINK = stat.S_IFLNK
WRITABLE, WRITABLE_ROOTS, ANOTHERS, NOT_ROOTS = (
    causes.WRITABLE_BY_OTHERS, causes.WRITABLE_AND_ROOTS, causes.OWNED_BY_ANOTHER,
    causes.NOT_OWNED_BY_ROOT,
)  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "owner", "user", "shared", "expected"),
    [
        # The owner.
        (FILE | 0o600, ME, ME, True, None),
        (FILE | 0o644, ROOT, ME, True, None),
        (FILE | 0o644, ROOT, ROOT, True, None),
        (FILE | 0o400, OTHER, ME, False, ANOTHERS),
        (FILE | 0o600, ME, ROOT, False, NOT_ROOTS),
        (FOLDER | 0o700, OTHER, ME, False, ANOTHERS),
        (FOLDER | 0o1777, OTHER, ME, False, ANOTHERS),
        (FOLDER | 0o700, ME, ROOT, False, NOT_ROOTS),
        (PIPE | 0o600, ME, ME, False, None),
        (PIPE | 0o600, OTHER, ME, False, ANOTHERS),
        # The group.
        (FILE | 0o664, ME, ME, False, None),
        (FILE | 0o664, ME, ME, True, WRITABLE),
        (FILE | 0o620, ROOT, ME, True, WRITABLE_ROOTS),
        (FILE | 0o664, ROOT, ROOT, True, WRITABLE),
        (FILE | 0o654, ME, ME, True, None),
        (FOLDER | 0o775, ME, ME, False, None),
        (FOLDER | 0o775, ME, ME, True, WRITABLE),
        (FOLDER | 0o1775, ME, ME, True, None),
        # Others.
        (FILE | 0o602, ME, ME, False, WRITABLE),
        (FILE | 0o666, ROOT, ME, False, WRITABLE_ROOTS),
        (FILE | 0o1602, ME, ME, False, WRITABLE),
        (FOLDER | 0o777, ME, ME, False, WRITABLE),
        (FOLDER | 0o777, ROOT, ME, False, WRITABLE_ROOTS),
        (FOLDER | 0o1777, ROOT, ME, True, None),
        # Everybody has all rights to a symlink, and nobody but its owner can change it.
        (LINK | 0o777, ME, ME, True, None),
        (LINK | 0o777, ROOT, ME, True, None),
        (LINK | 0o777, OTHER, ME, True, ANOTHERS),
        (LINK | 0o777, ME, ROOT, True, NOT_ROOTS),
        (PIPE | 0o622, ME, ME, False, WRITABLE),
    ],
)
def test_who_is_a_danger(
    mode: int, owner: int, user: int, shared: bool, expected: Cause | None
) -> None:
    asked = []

    def has_members(*numbers: int) -> bool:
        asked.append(numbers)
        return shared

    found = danger(Access(Path("/x/a b.json"), mode, owner, GROUP), user, has_members)
    assert (found and found.cause) == expected
    # The name services are asked only where it matters.
    assert set(asked) <= ({(GROUP, user)} if mode & stat.S_IWGRP else set())
    if found:
        assert "/x/a b.json" in found.message
        assert ("go-w '/x/a b.json' (" in found.hint) == (found.cause is WRITABLE)


def test_an_access_control_list_is_no_private_group() -> None:
    listed = Access(Path("/x"), FILE | 0o664, ME, GROUP, has_list=True)
    found = danger(listed, ME, lambda *_: False)
    assert (found and found.cause) == WRITABLE


Services = Callable[..., None]


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Services:
    """Set who is known: the group's members, and the number and the group of each user."""

    def know(members: list[str] | None, users: dict[str, tuple[int, int]]) -> None:
        def user(name: str, number: int, group: int) -> Any:
            return pwd.struct_passwd((name, "x", number, group, "", "/", "/bin/sh"))

        def getgrgid(number: int) -> Any:
            if members is None:
                raise KeyError(number)
            return grp.struct_group(("name", "x", number, members))

        known = {name: user(name, *numbers) for name, numbers in users.items()}
        monkeypatch.setattr(grp, "getgrgid", getgrgid)
        monkeypatch.setattr(grp, "getgrall", lambda: [grp.struct_group(("x", "x", 7, ["you"]))])
        monkeypatch.setattr(pwd, "getpwall", lambda: list(known.values()))
        monkeypatch.setattr(pwd, "getpwnam", known.__getitem__)

    return know


MYSELF = {"root": (ROOT, ROOT), "me": (ME, GROUP)}


@pytest.mark.parametrize(
    ("members", "users", "expected"),
    [
        # A group of its own, as with umask 002.
        ([], MYSELF, False),
        (["me", "root"], MYSELF, False),
        (None, MYSELF, False),
        # The same user by another name is the same user.
        (["myself"], MYSELF | {"myself": (ME, 5)}, False),
        # Members in the list, known or not, and members by their own group.
        (["me", "you"], MYSELF | {"you": (OTHER, 5)}, True),
        (["of a server"], MYSELF, True),
        ([], MYSELF | {"you": (OTHER, GROUP)}, True),
        (None, MYSELF | {"you": (OTHER, GROUP)}, True),
        ([], MYSELF | {"operator": (ROOT, GROUP)}, False),
        # Users whom no list names, as in a container or with a directory service.
        ([], {"root": (ROOT, ROOT)}, True),
        (None, {}, True),
    ],
)
def test_the_members_of_a_group(
    services: Services, members: list[str] | None, users: Any, expected: bool
) -> None:
    services(members, users)
    assert has_other_members(GROUP, ME) == expected


def test_two_groups_of_one_number_have_the_members_of_both(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    services([], MYSELF | {"you": (OTHER, 5)})
    another = grp.struct_group(("another", "x", GROUP, ["you"]))
    monkeypatch.setattr(grp, "getgrall", lambda: [another])
    assert has_other_members(GROUP, ME)


def test_the_group_of_a_users_own_number_is_private_without_a_list(services: Services) -> None:
    services(None, {})
    assert not has_other_members(ME, ME)


def test_roots_group_has_the_members_that_it_has(services: Services) -> None:
    services([], MYSELF)
    assert not has_other_members(ROOT, ME)
    services(["you"], MYSELF | {"you": (OTHER, 5)})
    assert has_other_members(ROOT, ROOT)
    services([], MYSELF | {"sync": (5, ROOT)})
    assert has_other_members(ROOT, ROOT)


ALL = 0xFFFFFFFF
OWN_GROUP, USER_LINE, GROUP_LINE, MASK = 4, 2, 8, 16


def an_access_list(*lines: tuple[int, int, int]) -> bytes:
    """Return a list of tags, permissions and ids, as Linux stores it."""
    every = [(1, 6, ALL), *lines, (MASK, 6, ALL), (32, 0, ALL)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *each) for each in every)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([(USER_LINE, 6, OTHER), (OWN_GROUP, 4, ALL)], (True, True)),
        ([(OWN_GROUP, 4, ALL), (GROUP_LINE, 2, 5)], (True, True)),
        ([(USER_LINE, 4, OTHER), (OWN_GROUP, 4, ALL), (GROUP_LINE, 5, 5)], (False, False)),
        ([(USER_LINE, 4, OTHER), (OWN_GROUP, 6, ALL)], (False, True)),
        ([(USER_LINE, 6, OTHER), (OWN_GROUP, 6, ALL)], (True, True)),
    ],
)
def test_the_lines_of_an_access_control_list_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: Any, expected: tuple[bool, bool]
) -> None:
    """The owner may write, and so does the mask say; who else may is in the other lines."""
    path = tmp_path / "x"
    path.touch()
    path.chmod(0o660)
    attributes = {"system.posix_acl_access": an_access_list(*lines)}
    monkeypatch.setattr(os, "getxattr", lambda _, name: attributes[name], raising=False)
    found = access_of(path, path.stat())
    assert (found.has_list, bool(found.mode & stat.S_IWGRP)) == expected
    # Without a group that can write, nobody on the list can.
    path.chmod(0o640)
    assert not access_of(path, path.stat()).has_list


@pytest.mark.parametrize(
    ("lines", "mode", "has_others", "expected"),
    [
        (None, 0o640, True, True),
        (None, 0o640, False, False),
        (None, 0o600, True, False),
        ([(USER_LINE, 4, OTHER), (OWN_GROUP, 0, ALL)], 0o640, False, True),
        ([(USER_LINE, 0, OTHER), (OWN_GROUP, 0, ALL)], 0o640, True, False),
        ([(GROUP_LINE, 2, OTHER), (OWN_GROUP, 4, ALL)], 0o640, True, True),
        ([(USER_LINE, 4, OTHER), (OWN_GROUP, 4, ALL)], 0o600, True, False),
    ],
)
def test_who_can_read_as_a_group_member(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    lines: Any, mode: int, has_others: bool, expected: bool,
) -> None:  # fmt: skip
    path = tmp_path / "x"
    path.touch()
    path.chmod(mode)
    written = an_access_list(*lines) if lines else b""
    monkeypatch.setattr(os, "getxattr", lambda *_: written, raising=False)
    monkeypatch.setattr(file_trust, "has_other_members", lambda *_: has_others)
    assert may_group_read(path, path.stat()) == expected


def test_without_an_access_control_list_the_mode_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").touch()
    (tmp_path / "x").chmod(0o660)

    def found() -> tuple[bool, int]:
        access = access_of(tmp_path / "x", (tmp_path / "x").stat())
        return access.has_list, access.mode & 0o777

    assert found() == (False, 0o660)
    monkeypatch.setattr(os, "getxattr", unsupported, raising=False)
    assert found() == (False, 0o660)
    monkeypatch.delattr(os, "getxattr")
    assert found() == (False, 0o660)


def unsupported(*_: object) -> None:
    raise OSError(errno.EOPNOTSUPP, "Operation not supported")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A settings file that is a symlink into a dotfiles repository."""
    repository, folder = tmp_path / "dotfiles", tmp_path / "config"
    for each in (repository, folder):
        each.mkdir()
        each.chmod(0o700)
    target = repository / "moonshot.json"
    target.touch()
    target.chmod(0o600)
    (folder / "config.json").symlink_to(target)
    return folder / "config.json"


def found(path: Path) -> list[str]:
    return [problem.message for problem in dangers(path, access_of(path, path.stat()))]


def test_a_link_into_a_repository_has_two_folders(place: Path) -> None:
    repository = place.resolve().parent
    assert found(place) == []
    repository.chmod(0o777)
    assert found(place) == [f"Other users can write {repository}"]
    place.parent.chmod(0o702)
    assert found(place) == [
        f"Other users can write {place.parent}", f"Other users can write {repository}"
    ]  # fmt: skip
    for folder in (place.parent, repository):
        folder.chmod(0o1777)
    assert found(place) == []
    place.chmod(0o606)
    assert found(place) == [f"Other users can write {place}"]


def test_the_folders_of_all_links_on_the_way_count(place: Path) -> None:
    top = place.parents[1]
    for name in ("first", "second", "third/fourth"):
        (top / name).mkdir(parents=True, mode=0o700)
    (top / "first" / "to second").symlink_to("../second/../second")
    (top / "second" / "to third").symlink_to(top / "third" / "fourth")
    (top / "third" / "fourth" / "to file").symlink_to(place)
    path = top / "first" / "to second" / "to third" / "to file"
    assert found(path) == []
    for name in ("first", "second", "third/fourth", "config", "dotfiles"):
        (top / name).chmod(0o703)
        assert found(path) == [f"Other users can write {top / name}"]
        (top / name).chmod(0o700)
    # What somebody else puts in the place of this folder belongs to them.
    (top / "third").chmod(0o703)
    assert found(path) == []


def test_a_link_of_another_user(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_lstat = os.lstat

    def lstat(path: Path) -> os.stat_result:
        values = list(real_lstat(path))
        values[stat.ST_UID] = OTHER if path == place else values[stat.ST_UID]
        return os.stat_result(values)

    monkeypatch.setattr(os, "lstat", lstat)
    assert found(place) == [f"{place} belongs to another user"]
    assert found(place.resolve()) == []


def test_folders_above_the_home_folder_are_left_out(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    above, home = place.parents[1], place.parent
    (above / "link to home").symlink_to(home)
    above.chmod(0o777)
    path = above / "link to home" / place.name
    monkeypatch.setenv("HOME", "/nowhere")
    assert found(path) == [f"Other users can write {above}"]
    for folder in (home, above / "link to home"):
        monkeypatch.setenv("HOME", str(folder))
        assert found(path) == []
    home.chmod(0o777)
    assert found(path) == [f"Other users can write {home}"]


def test_links_in_a_circle_end(place: Path) -> None:
    for name, target in (("a", "b"), ("b", "a"), ("c", "c/c"), ("d", ".")):
        (place.parent / name).symlink_to(target)
    for name in ("a", "b", "c", "c/d/e", "d/d/config.json", "d/" * 60):
        assert dangers(place.parent / name, None) == ()


def test_a_file_that_is_not_there_can_be_put_there(place: Path) -> None:
    missing = place.parent / "missing.json"
    assert dangers(missing, None) == ()
    place.parent.chmod(0o777)
    assert len(dangers(missing, None)) == 1
    assert dangers(place.parent / "no" / "folder.json", None) == ()


def test_a_pipe_is_in_no_folder(place: Path) -> None:
    place.parent.chmod(0o777)
    reading, writing = os.pipe()
    try:
        assert dangers(place, access_of(place, os.fstat(reading))) == ()
    finally:
        os.close(reading)
        os.close(writing)


def test_the_open_file_counts_and_not_what_is_at_its_path_now(place: Path) -> None:
    place.chmod(0o666)
    with place.open("rb") as file:
        place.resolve().unlink()
        place.resolve().touch(0o600)
        opened = access_of(place, os.fstat(file.fileno()))
    assert [problem.cause for problem in dangers(place, opened)] == [WRITABLE]


def test_the_effective_user_counts(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = place.stat().st_uid
    if owner == ROOT:
        owner = ME
        os.chown(place, owner, owner)
    for user, cause in ((owner, None), (owner + 1, ANOTHERS), (ROOT, NOT_ROOTS)):
        monkeypatch.setattr(os, "geteuid", lambda number=user: number)
        causes_found = {problem.cause for problem in dangers(place, access_of(place, place.stat()))}
        assert causes_found == ({cause} if cause else set()), user


def test_nobody_is_asked_about_a_file_that_no_group_can_write(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("asked")

    monkeypatch.setattr(file_trust, "has_other_members", fail)
    assert found(place) == []
    place.chmod(0o660)
    with pytest.raises(AssertionError, match="asked"):
        found(place)
