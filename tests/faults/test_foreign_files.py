"""Folders and files of another user, and links, in the place of the program's own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from kit.support import PROGRAM, Run

from moonshot_status.core import paths
from moonshot_status.polling.demo import Server
from moonshot_status.store import check

NOBODY = 65534
IS_ROOT = os.geteuid() == 0
# Another user, who can also read a program that is installed in a private folder.
AS_NOBODY = [
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
    "--inh-caps=+dac_override", "--ambient-caps=+dac_override",
]  # fmt: skip


@pytest.fixture
def state() -> Path:
    return paths.private_folder(paths.state_folder())


HOME_FIX = "Correct HOME or the XDG variable"


@pytest.mark.parametrize(
    ("user", "owner", "place", "fix"),
    [
        (0, 1000, "home/state", "sudo -H"),
        (1000, 0, "home/state", "sudo chown -R"),
        (1000, 0, "home/my state", "~/'my state'"),
        # What is not in the home folder, or is another user's, is theirs to keep.
        (1000, 0, "home", HOME_FIX),
        (1000, 0, "state", HOME_FIX),
        (1000, 1001, "home/state", HOME_FIX),
    ],
)
def test_the_cure_for_a_folder_takes_it_from_nobody_but_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, owner: int, place: str, fix: str
) -> None:
    class Status:
        st_uid = owner

    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(Path, "lstat", lambda _: Status)
    assert fix in paths.owner_fix(tmp_path / place)


@pytest.mark.parametrize(
    ("user", "fix"),
    [(0, "sudo -H"), (os.getuid() + 1, "sudo chown" if IS_ROOT else HOME_FIX)],
    ids=["root", "user"],
)
def test_nothing_is_stored_in_another_users_folder_and_the_balance_is_shown(
    invoke: Run, server: Server, state: Path, monkeypatch: pytest.MonkeyPatch, user: int, fix: str
) -> None:
    if user == 0 and IS_ROOT:
        os.chown(state, NOBODY, NOBODY)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: user)
    shown = json.loads(invoke("--format", "json").stdout)
    assert shown["balance"]["available"] == 49.58894
    assert shown["problem"]["kind"] == "store"
    assert "belongs to another user" in shown["problem"]["message"]
    assert fix in shown["problem"]["hint"]
    assert list(state.iterdir()) == []


@pytest.mark.parametrize("name", ["balance.db", "balance.db-journal"])
def test_a_store_with_a_file_of_another_user_is_not_opened(
    invoke: Run, server: Server, state: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    invoke()
    own = paths.check_own

    def check_own(path: Path) -> None:
        if path.name == name:
            raise paths.ForeignPathError(path)
        own(path)

    monkeypatch.setattr(paths, "check_own", check_own)
    before = (state / "balance.db").read_bytes()
    shown = json.loads(invoke("--refresh", "--format", "json").stdout)
    assert (shown["balance"]["available"], shown["problem"]["kind"]) == (49.58894, "store")
    assert (state / "balance.db").read_bytes() == before
    assert not check.is_newer(state / "balance.db")


@pytest.mark.parametrize("name", ["balance.db", "amounts", "requests", "mending.lock"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "link to a file", "link to a device"])
def test_nothing_strange_in_the_state_folder_costs_the_balance_or_another_file(
    invoke: Run, server: Server, home: Path, state: Path, name: str, kind: str
) -> None:
    precious = home / "precious"
    precious.write_bytes(b"precious")
    path = state / name
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(precious if kind == "link to a file" else "/dev/zero")
    shown = json.loads(invoke("--format", "json").stdout)
    assert shown["balance"]["available"] == 49.58894
    # A database that a link of the user's own leads to may be put aside, as the link is.
    assert precious.read_bytes() == b"precious"


@pytest.mark.parametrize("folder", ["replies", "requests"])
def test_a_subfolder_that_is_a_link_is_left_alone(
    invoke: Run, server: Server, home: Path, folder: str
) -> None:
    elsewhere = home / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    for number in range(80):
        (elsewhere / f"{number:032x}").touch()
    above = paths.cache_folder() if folder == "replies" else paths.state_folder()
    paths.private_folder(above)
    (above / folder).symlink_to(elsewhere)
    for _ in range(2):
        assert invoke("--refresh").stdout == b"$49.58\n"
    assert len(list(elsewhere.iterdir())) == 80
    assert elsewhere.stat().st_mode & 0o777 == 0o755


def test_a_state_folder_that_the_user_links_elsewhere_is_used(
    invoke: Run, server: Server, home: Path
) -> None:
    (home / "disk").mkdir()
    paths.state_folder().parent.mkdir(parents=True)
    paths.state_folder().symlink_to(home / "disk")
    for _ in range(2):
        assert invoke().stdout == b"$49.58\n"
    assert len(server.requests) == 1
    assert (home / "disk" / "balance.db").exists()


def run_as_nobody(home: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the program as another user, with everything that it needs from the environment."""
    return subprocess.run(
        [*AS_NOBODY, *PROGRAM, *arguments], capture_output=True, check=False, timeout=60,
        env={**os.environ, "HOME": str(home)},
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(not IS_ROOT, reason="only root becomes another user")
def test_root_with_the_home_of_a_user_leaves_nothing_of_its_own(
    run: Run, server: Server, home: Path
) -> None:
    for folder in (home, *home.parents):
        if folder.stat().st_mode & 0o007 == 0:
            folder.chmod(0o711)
    os.chown(home, NOBODY, NOBODY)
    assert run().stdout == "$49.58 · not kept\n".encode()
    assert list(home.iterdir()) == []
    assert run("config", "set", "max_age", "60").returncode == 0
    assert run("hide", "on").returncode == 1
    for path in home.rglob("*"):
        assert path.stat().st_uid == NOBODY, path
    for _ in range(2):
        assert run_as_nobody(home).stdout == b"$49.58\n"
    assert len(server.requests) == 2
    assert run("--max-age", "0").stdout == "$49.58 · not kept\n".encode()
    for path in home.rglob("*"):
        assert path.stat().st_uid == NOBODY, path
