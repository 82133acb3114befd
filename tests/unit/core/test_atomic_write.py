"""Files are replaced as a whole, with their mode and owner set before anybody sees them."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from moonshot_status.core import atomic_write
from moonshot_status.core.atomic_write import replace_file, write_private
from moonshot_status.core.paths import ACCESS_LIST


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("wanted", [0o600, 0o640, 0o755])
def test_the_file_has_the_mode_that_was_asked_for(folder: Path, wanted: int) -> None:
    replace_file(folder / "file", b"new", wanted)
    assert mode(folder / "file") == wanted
    assert [path.read_bytes() for path in folder.iterdir()] == [b"new"]


def test_the_owner_is_changed_only_if_it_is_another(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: list[Any] = []
    monkeypatch.setattr(os, "fchown", lambda _, *owner: changes.append(owner))
    own = (os.geteuid(), os.getegid())
    other = (own[0], own[1] + 1)
    replace_file(folder / "file", b"new", 0o600)
    replace_file(folder / "file", b"newer", 0o600)
    assert changes == []
    monkeypatch.setattr(atomic_write, "_existing_owner", lambda _: other)
    replace_file(folder / "file", b"newest", 0o600)
    assert changes == [other]


def test_after_a_failure_the_old_file_stays_and_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left")

    (folder / "file").write_bytes(b"old")
    monkeypatch.setattr(os, "fchmod", fail)
    with pytest.raises(OSError, match="no space"):
        replace_file(folder / "file", b"new", 0o600)
    assert [path.read_bytes() for path in folder.iterdir()] == [b"old"]


def test_a_private_file_is_in_a_private_folder(tmp_path: Path) -> None:
    write_private(tmp_path / "private" / "file", b"new")
    assert (mode(tmp_path / "private"), mode(tmp_path / "private" / "file")) == (0o700, 0o600)


@pytest.mark.parametrize("name", ["x" * 255, "余" * 85, "🌙" * 63])
def test_the_longest_names_can_be_written(folder: Path, name: str) -> None:
    in_any_locale = os.fsdecode(name.encode())
    replace_file(folder / in_any_locale, b"new", 0o600)
    assert [path.name for path in folder.iterdir()] == [in_any_locale]


TEMPORARY = ".moonshot-status.0123456789abcdef"


@pytest.mark.parametrize("hours", [-1, 1])
def test_what_a_killed_writer_left_is_deleted(folder: Path, hours: int) -> None:
    (folder / TEMPORARY).touch()
    write_private(folder / "file", b"new")
    assert (folder / TEMPORARY).exists()  # It may be a writer that has just begun.
    age(folder / TEMPORARY, hours)
    write_private(folder / "file", b"new")
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_what_others_have_made_is_not_deleted(folder: Path) -> None:
    (folder / TEMPORARY[:-1]).touch()
    (folder / f"{TEMPORARY[:-1]}g").touch()
    (folder / f"{TEMPORARY}0").touch()
    (folder / TEMPORARY[1:]).touch()
    (folder / f"{TEMPORARY[:-1]}0").mkdir()
    (folder / f"{TEMPORARY[:-1]}1").symlink_to(TEMPORARY[:-1])
    before = set(folder.iterdir())
    for path in before:
        age(path, 1)
    write_private(folder / "file", b"new")
    assert set(folder.iterdir()) == before | {folder / "file"}


def test_what_cannot_be_deleted_is_no_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError

    (folder / TEMPORARY).touch()
    age(folder / TEMPORARY, 1)
    monkeypatch.setattr(Path, "unlink", refuse)
    write_private(folder / "file", b"new")
    assert (folder / "file").read_bytes() == b"new"


def age(path: Path, hours: int) -> None:
    """Set the time of the last change to so many hours ago."""
    changed = time.time() - hours * 3600
    os.utime(path, (changed, changed), follow_symlinks=False)


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_nothing_but_a_regular_file_is_replaced(folder: Path, kind: str) -> None:
    path = folder / "a"
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to("elsewhere")
    else:
        os.mkfifo(path)
    before = path.lstat()
    with pytest.raises(OSError, match=r"Is a directory|it is not a regular file"):
        replace_file(path, b"new", 0o600)
    assert path.lstat() == before
    assert list(folder.iterdir()) == [path]


@pytest.mark.parametrize(
    ("mode_", "user", "is_written"),
    [(0o600, 0, True), (0o644, 0, True), (0o640, 0, False), (0o664, 0, False), (0o600, 1, False)],
)
def test_a_group_that_cannot_be_kept_matters_if_it_may_do_more_than_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch, mode_: int, user: int, is_written: bool
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "not permitted")

    (folder / "file").write_bytes(b"old")
    owner = (folder / "file").stat().st_uid + user, (folder / "file").stat().st_gid + 1
    monkeypatch.setattr(os, "fchown", refuse)
    monkeypatch.setattr(atomic_write, "_existing_owner", lambda _: owner)
    if is_written:
        replace_file(folder / "file", b"new", mode_)
    else:
        with pytest.raises(PermissionError, match="its owner and group cannot be kept"):
            replace_file(folder / "file", b"new", mode_)
    assert [path.read_bytes() for path in folder.iterdir()] == [b"new" if is_written else b"old"]


def test_until_it_is_complete_nobody_else_can_read_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int, int]] = []
    for name in ("fchown", "fchmod"):
        real = getattr(os, name)

        def spy(descriptor: int, *rights: int, name: str = name, real: Any = real) -> None:
            status = os.fstat(descriptor)
            seen.append((name, stat.S_IMODE(status.st_mode), status.st_size))
            if name == "fchmod":
                real(descriptor, *rights)

        monkeypatch.setattr(os, name, spy)
    monkeypatch.setattr(atomic_write, "_existing_owner", lambda _: (1234, 5678))
    replace_file(folder / "file", b"secret", 0o640)
    assert seen == [("fchown", 0o600, 0), ("fchmod", 0o600, 6)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owner_and_group_stay_except_those_of_the_programs_own_files(folder: Path) -> None:
    path = folder / "file"
    path.touch()
    os.chown(path, 12, 34)
    replace_file(path, b"new", 0o640)
    assert (path.stat().st_uid, path.stat().st_gid, mode(path)) == (12, 34, 0o640)
    write_private(path, b"new")
    assert (path.stat().st_uid, mode(path)) == (0, 0o600)
    os.chown(folder, 12, 34)
    replace_file(folder / "new", b"new", 0o600)
    assert ((folder / "new").stat().st_uid, (folder / "new").stat().st_gid) == (12, 34)


def test_an_access_control_list_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the group would get the rights of the users on the list."""
    (tmp_path / "file").touch()
    copied = []

    def set_attribute(descriptor: int, name: str, value: bytes) -> None:
        copied.append((os.fstat(descriptor).st_size, name, value))

    monkeypatch.setattr(os, "getxattr", lambda *_: b"the list", raising=False)
    monkeypatch.setattr(os, "setxattr", set_attribute, raising=False)
    replace_file(tmp_path / "file", b"new", 0o640)
    # Before there is anything to read.
    assert copied == [(0, ACCESS_LIST, b"the list")]
    assert mode(tmp_path / "file") == 0o640
    replace_file(tmp_path / "another", b"new", 0o640)
    write_private(tmp_path / "folder" / "own", b"new")
    assert len(copied) == 1
