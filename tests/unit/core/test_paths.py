"""The program's folders, and the permissions of what it creates."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from moonshot_status.core import paths


@pytest.fixture(params=[0o000, 0o077, 0o277])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize(
    ("variable", "folder", "usual"),
    [
        ("XDG_CONFIG_HOME", paths.config_folder, ".config"),
        ("XDG_STATE_HOME", paths.state_folder, ".local/state"),
        ("XDG_CACHE_HOME", paths.cache_folder, ".cache"),
    ],
)
def test_a_folder_is_where_its_variable_says_unless_that_is_relative(
    home: Path, monkeypatch: pytest.MonkeyPatch,
    variable: str, folder: Callable[[], Path], usual: str,
) -> None:  # fmt: skip
    assert folder() == home / usual / "moonshot-status"
    monkeypatch.setenv(variable, "/elsewhere")
    assert folder() == Path("/elsewhere/moonshot-status")
    for relative in ("relative", "", "~/xdg"):
        monkeypatch.setenv(variable, relative)
        assert folder() == home / usual / "moonshot-status"
        assert os.environ[variable] == relative


def test_a_private_folder_and_its_new_parents_are_for_the_owner_alone(
    tmp_path: Path, umask: None
) -> None:
    folder = tmp_path / "a" / "b"
    assert paths.private_folder(folder) == folder
    assert (mode(folder.parent), mode(folder)) == (0o700, 0o700)


def test_a_folder_that_others_can_read_is_closed_to_them(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "a").mkdir(mode=0o755)
    (tmp_path / "a").chmod(0o755)
    paths.private_folder(tmp_path / "a")
    assert (mode(tmp_path), mode(tmp_path / "a")) == (0o755, 0o700)


def test_a_relative_folder_is_one_without_a_home() -> None:
    with pytest.raises(FileNotFoundError, match="there is no home folder"):
        paths.private_folder(Path("~/state"))


def test_a_private_file_is_created_for_the_owner_alone(tmp_path: Path, umask: None) -> None:
    paths.private_file(tmp_path / "file")
    assert mode(tmp_path / "file") == 0o600


def test_a_file_that_others_can_read_is_closed_to_them(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"kept")
    file.chmod(0o644)
    os.utime(file, (1, 1))
    paths.private_file(file)
    assert (mode(file), file.read_bytes()) == (0o600, b"kept")
    assert file.stat().st_mtime == 1


def a_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this process one of another user, who is not root."""
    stranger = os.getuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: stranger)


def test_a_folder_or_file_of_another_user_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir(mode=0o755)
    (tmp_path / "file").touch()
    a_stranger(monkeypatch)
    for use in (paths.private_folder, paths.private_file, paths.check_own):
        with pytest.raises(paths.ForeignPathError, match="it belongs to another user"):
            use(tmp_path / "a")
    assert mode(tmp_path / "a") == 0o755


def test_a_folder_that_became_another_users_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir(mode=0o755)
    monkeypatch.setattr(paths, "check_private", lambda _: a_stranger(monkeypatch))
    with pytest.raises(paths.ForeignPathError):
        paths.private_folder(tmp_path / "a")
    assert mode(tmp_path / "a") == 0o755


@pytest.mark.parametrize("is_root", [True, False])
def test_root_creates_no_private_folder_in_another_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_root: bool
) -> None:
    """An ordinary user may: ``/tmp`` is root's."""
    monkeypatch.setattr(paths, "_ROOT", os.getuid() + 1 if is_root else -1)
    a_stranger(monkeypatch)
    if is_root:
        with pytest.raises(paths.ForeignPathError) as caught:
            paths.check_private(tmp_path / "a" / "b")
        assert caught.value.filename == str(tmp_path)
    else:
        paths.check_private(tmp_path / "a" / "b")


def test_a_folder_of_roots_in_another_users_is_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[object] = []
    monkeypatch.setattr(os, "chown", lambda *change, **_: given.append(change))
    paths.create_folder(tmp_path / "a")
    assert given == []
    root = os.getuid() + 1
    monkeypatch.setattr(paths, "_ROOT", root)
    monkeypatch.setattr(os, "geteuid", lambda: root)
    paths.create_folder(tmp_path / "b")
    assert given == [(tmp_path / "b", tmp_path.stat().st_uid, tmp_path.stat().st_gid)]


def test_a_link_of_ones_own_is_followed_unless_the_folder_has_to_be_real(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to("folder")
    with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
        paths.private_folder(tmp_path / "link", real=True)
    assert mode(tmp_path / "folder") == 0o755
    paths.private_folder(tmp_path / "link")
    assert mode(tmp_path / "folder") == 0o755
    assert (tmp_path / "link").is_symlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives links away")
def test_a_link_of_another_user_is_followed_only_to_what_is_theirs(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o755)
    for name in ("folder/file", "folder/missing", "folder"):
        (tmp_path / "link").symlink_to(name)
        (tmp_path / "folder" / "file").touch()
        assert paths.resolved(tmp_path / "link") == tmp_path / name
        os.lchown(tmp_path / "link", 12, 34)
        with pytest.raises(paths.ForeignPathError):
            paths.resolved(tmp_path / "link")
        with pytest.raises(paths.ForeignPathError):
            paths.check_own(tmp_path / "link")
        for path in (tmp_path / "folder", tmp_path / "folder" / "file"):
            os.chown(path, 12, 34)
        assert paths.resolved(tmp_path / "link") == tmp_path / name
        for path in (tmp_path / "folder", tmp_path / "folder" / "file"):
            os.chown(path, 0, 0)
        (tmp_path / "link").unlink()


def test_a_folder_that_another_process_has_just_created_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir(mode=0o755)
    monkeypatch.setattr(os.path, "lexists", lambda _: False)
    paths.create_folder(tmp_path / "a")
    assert mode(tmp_path / "a") == 0o755


def test_a_folder_that_its_owner_cannot_read_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root can read it anyway, so the first attempt fails here."""
    folder, opened = tmp_path / "a", os.open
    folder.mkdir(mode=0)

    def closed(path: Path, flags: int) -> int:
        if mode(folder) == 0:
            raise PermissionError
        return opened(path, flags)

    monkeypatch.setattr(os, "open", closed)
    paths.private_folder(folder)
    assert mode(folder) == 0o700


def test_a_file_that_another_process_has_just_created_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"kept")
    monkeypatch.setattr(Path, "exists", lambda _: False)
    paths.private_file(tmp_path / "file")
    assert ((tmp_path / "file").read_bytes(), mode(tmp_path / "file")) == (b"kept", 0o600)


def test_what_cannot_be_examined_is_an_error_in_every_version_of_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    assert [f(tmp_path / "file") for f in (paths.exists, paths.is_file, paths.is_folder)] == [
        True, True, False,
    ]  # fmt: skip
    for missing in (tmp_path / "none", tmp_path / "file" / "none"):
        assert not any(f(missing) for f in (paths.exists, paths.is_file, paths.is_folder))

    def refuse(_: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "stat", refuse)
    for function in (paths.exists, paths.is_file, paths.is_folder):
        with pytest.raises(PermissionError):
            function(tmp_path / "file")


def test_a_path_is_resolved_as_far_as_possible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to("file")
    assert paths.real(tmp_path / "link") == tmp_path / "file"

    def refuse(_: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(os.path, "realpath", refuse)
    assert paths.real(tmp_path / "link") == tmp_path / "link"


def test_no_path_contains_a_null_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert paths.with_home("~/a") == "/home/me/a"
    for written in ("~\0/a", "a\0b"):
        assert not paths.exists(Path(paths.with_home(written)))


def test_folders_are_never_made_for_others_to_write(umask: None, tmp_path: Path) -> None:
    paths.create_folder(tmp_path / "a" / "b", private=False)
    for folder in (tmp_path / "a", tmp_path / "a" / "b"):
        assert mode(folder) in (0o755, 0o700)
