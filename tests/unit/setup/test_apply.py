"""All the changes or none, through links, and never over what has changed in between."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from moonshot_status.core.paths import shell_word, state_folder
from moonshot_status.setup import SetupError, apply, bars, changes, paths, plan
from moonshot_status.setup.changes import Change, PendingChanges
from moonshot_status.setup.manifest import Manifest
from moonshot_status.setup.path_link import Link


def test_after_a_failure_everything_is_as_it_was(home: Path) -> None:
    (home / "a").write_text("a", encoding="utf-8")
    (home / "c").write_text("c", encoding="utf-8")
    (home / "c").chmod(0o755)
    (home / "folder").write_text("no folder", encoding="utf-8")
    pending = PendingChanges()
    pending.put(home / "a", "changed")
    pending.put(home / "b", "new")
    pending.put(home / "c", None)
    changes = [*pending.changes(), Change(home / "folder" / "d", None, b"d")]
    with pytest.raises(SetupError, match=r"cannot be written: .*; nothing is changed"):
        apply.write_all(changes)
    assert sorted(path.name for path in home.iterdir()) == ["a", "c", "folder"]
    assert (home / "a").read_text(encoding="utf-8") == "a"
    assert (home / "c").read_text(encoding="utf-8") == "c"
    assert rights(home / "c")[0] == 0o755


def test_what_has_changed_in_between_is_not_overwritten(home: Path) -> None:
    (home / "a").write_text("a", encoding="utf-8")
    pending = PendingChanges()
    pending.put(home / "a", "changed")
    (home / "a").write_text("theirs", encoding="utf-8")
    with pytest.raises(SetupError, match="~/a has changed in between: run this again"):
        apply.write_all(pending.changes())
    assert (home / "a").read_text(encoding="utf-8") == "theirs"


def test_a_read_only_file_behind_a_link_is_named(home: Path) -> None:
    (home / "store").write_text("a", encoding="utf-8")
    (home / "store").chmod(0o444)
    (home / "a").symlink_to("store")
    pending = PendingChanges()
    pending.put(home / "a", "changed")
    with pytest.raises(SetupError, match=r"~/a is read-only \(it leads to .*/store\)"):
        apply.write_all(pending.changes())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives links away")
@pytest.mark.parametrize("when", ["before it is read", "before it is written"])
def test_a_link_of_another_user_leads_to_no_file_of_this_one(home: Path, when: str) -> None:
    (home / "precious").write_text("a", encoding="utf-8")
    (home / "a").symlink_to("precious")
    pending = PendingChanges()
    if when == "before it is read":
        os.lchown(home / "a", 12, 34)
        with pytest.raises(OSError, match="belongs to another user"):
            pending.put(home / "a", "changed")
    else:
        pending.put(home / "a", "changed")
        os.lchown(home / "a", 12, 34)
        with pytest.raises(SetupError, match="~/a cannot be written: it belongs to another user"):
            apply.write_all(pending.changes())
    assert (home / "precious").read_text(encoding="utf-8") == "a"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes in the folders of others")
def test_what_root_makes_in_the_home_folder_of_a_user_is_that_users(home: Path) -> None:
    os.chown(home, 12, 34)
    umask = os.umask(0o022)
    try:
        apply.write_all([Change(home / ".config" / "bar" / "style", None, b"new", 0o644)])
        Link(home / ".local" / "bin" / "p", home / "program").create()
    finally:
        os.umask(umask)
    for path in home.rglob("*"):
        status = path.lstat()
        assert (status.st_uid, status.st_gid) == (12, 34), path
        if path.is_dir():
            assert stat.S_IMODE(status.st_mode) == 0o755, path


def test_mode_and_owner_stay(home: Path) -> None:
    (home / "a").write_text("a", encoding="utf-8")
    (home / "a").chmod(0o604)
    if os.getuid() == 0:
        os.chown(home / "a", 12, 34)
    before = rights(home / "a")
    pending = PendingChanges()
    pending.put(home / "a", "changed")
    apply.write_all(pending.changes())
    assert (home / "a").read_text(encoding="utf-8") == "changed"
    assert rights(home / "a") == before


def rights(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid


def test_a_key_is_private_before_it_has_its_name(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rights are set before the file is renamed, and the content is on the disk by then."""
    path = home / "config.json"
    path.write_text("{}", encoding="utf-8")
    path.chmod(0o644)
    seen: list[tuple[bytes, int, bool]] = []
    synced: list[int] = []
    rename = Path.replace

    def spy(self: Path, target: Path) -> Path:
        is_synced = self.stat().st_ino in synced
        seen.append((self.read_bytes(), stat.S_IMODE(self.stat().st_mode), is_synced))
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", spy)
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_ino))
    pending = PendingChanges()
    pending.put(path, "secret", mode=0o600)
    apply.write_all(pending.changes())
    assert seen == [(b"secret", 0o600, True)]
    assert rights(path)[0] == 0o600


def test_two_names_of_one_file_are_one_change(home: Path) -> None:
    (home / "a").write_text("a", encoding="utf-8")
    (home / "b").symlink_to("a")
    pending = PendingChanges()
    pending.put(home / "a", "changed")
    assert pending.text(home / "b") == "changed"
    assert len(pending.changes()) == 1


@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling", "loop"])
def test_what_is_no_file_is_told(home: Path, kind: str) -> None:
    path = home / "a"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("a" if kind == "loop" else "nowhere")
    with pytest.raises(SetupError, match=r"~/a (is not a file|is a link that|cannot be read)"):
        PendingChanges().text(path)


def test_a_diff_masks_what_a_terminal_would_obey(home: Path) -> None:
    (home / "a").write_bytes(b"one\x1b[31m\r\n\xff\n")
    pending = PendingChanges()
    pending.put(home / "a", "two")
    assert pending.changes()[0].diff() == "--- ~/a\n+++ ~/a\n@@ -1,2 +1 @@\n-one�[31m\n-�\n+two"
    pending.put(home / "a", None)
    assert pending.changes()[0].diff().startswith("--- ~/a\n+++ /dev/null\n")


def test_a_backup_is_never_overwritten(home: Path) -> None:
    folder = home / ".config" / "waybar"
    folder.mkdir(parents=True)
    config, style = folder / "config", folder / "style.css"
    style.write_text('@import "moonshot.css";\n', encoding="utf-8")
    for text in ("{}", '{"height": 9}'):
        config.write_text(text, encoding="utf-8")
        plan.to_add(bars.load("waybar")).carry_out()
    first, second = (Path(f"{config}{changes.BACKUP_SUFFIX}{end}") for end in ("", ".2"))
    assert (first.read_text(encoding="utf-8"), second.read_text(encoding="utf-8")) == (
        "{}",
        '{"height": 9}',
    )
    found = plan.to_remove(bars.load("waybar"))
    assert any("config.before-moonshot-status stays" in note for note in found.notes)
    assert any("backup dropped" in line for line in found.preview())
    found.carry_out()
    assert first.exists()
    assert not second.exists()
    assert config.read_text(encoding="utf-8") == '{"height": 9}'


def test_the_same_backup_is_made_once(home: Path) -> None:
    folder = home / ".config" / "waybar"
    folder.mkdir(parents=True)
    for _ in range(2):
        (folder / "config").write_text("{}", encoding="utf-8")
        (folder / "style.css").write_text("", encoding="utf-8")
        plan.to_add(bars.load("waybar")).carry_out()
    assert len(list(folder.glob("*.before*"))) == 2


def test_a_link_that_cannot_be_made_stops_everything(home: Path) -> None:
    (home / ".local").mkdir()
    (home / ".local" / "bin").write_text("in the way", encoding="utf-8")
    with pytest.raises(SetupError, match="cannot be made"):
        plan.to_add(bars.load("xbar")).carry_out()
    assert not (home / "Library").exists()


@pytest.mark.parametrize("linked", [True, False])
def test_a_link_goes_again_when_the_files_cannot_be_written(home: Path, linked: bool) -> None:
    (home / "folder").write_text("no folder", encoding="utf-8")
    change = Change(home / "folder" / "d", None, b"d")
    link = Link(home / "bin" / "p", home / "p") if linked else None
    with pytest.raises(SetupError, match="cannot be written"):
        plan.Plan(bars.load("xbar"), (change,), link).carry_out()
    assert not (home / "bin" / "p").is_symlink()


def test_a_link_that_is_gone_does_not_hide_why_the_files_cannot_be_written(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "folder").write_text("no folder", encoding="utf-8")
    monkeypatch.setattr(Link, "create", lambda _: [])
    change = Change(home / "folder" / "d", None, b"d")
    with pytest.raises(SetupError, match="cannot be written"):
        plan.Plan(bars.load("xbar"), (change,), Link(home / "p", home / "q")).carry_out()


def test_a_link_that_cannot_be_made_is_named_and_leaves_no_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, target: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(target), None, str(path))

    monkeypatch.setattr(Path, "symlink_to", refuse)
    link = Link(home / ".local" / "bin" / "p", home / "q")
    with pytest.raises(SetupError, match=r"~/.local/bin/p cannot be made: Read-only file system"):
        plan.Plan(bars.load("xbar"), (), link).carry_out()
    assert not (home / ".local" / "bin").exists()


def test_what_cannot_be_written_leaves_no_folder(home: Path) -> None:
    (home / "file").write_text("no folder", encoding="utf-8")
    changes = (
        Change(home / "a" / "b" / "c", None, b"c"), Change(home / "file" / "d", None, b"d"),
    )  # fmt: skip
    link = Link(home / "bin" / "p", home / "q")
    with pytest.raises(SetupError, match="nothing is changed"):
        plan.Plan(bars.load("xbar"), changes, link).carry_out()
    assert sorted(path.name for path in home.iterdir()) == [".local", "file"]


@pytest.mark.parametrize("content", ["{", "[]", '{"xbar": 1}', "\udcff"])
def test_a_damaged_record_is_an_empty_one(home: Path, content: str) -> None:
    path = state_folder() / "setup.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert Manifest.load() == Manifest()


def test_paths_are_written_for_people_and_for_shells(home: Path) -> None:
    assert paths.display(home / "a b") == "~/a b"
    assert paths.display(Path("/etc/x")) == "/etc/x"
    assert shell_word(home / "a b") == "~/'a b'"
    assert shell_word(Path("/a b")) == "'/a b'"
    assert paths.shell_words("~/'a b' c") == [f"{home}/a b", "c"]
    assert paths.shell_words("'") == []
