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
