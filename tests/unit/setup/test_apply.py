"""All the changes or none, through links, and never over what has changed in between."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from moonshot_status.core.paths import state_folder
from moonshot_status.setup import SetupError, apply, bars, changes, manifest, paths, plan
from moonshot_status.setup.changes import Change, PendingChanges
from moonshot_status.setup.path_link import Link


def test_after_a_failure_everything_is_as_it_was(home: Path) -> None:
    (home / "a").write_text("a")
    (home / "c").write_text("c")
    (home / "folder").write_text("no folder")
    drafted = PendingChanges()
    drafted.put(home / "a", "changed")
    drafted.put(home / "b", "new")
    changes = [*drafted.changes(), Change(home / "folder" / "d", None, b"d")]
    with pytest.raises(SetupError, match=r"cannot be written: .*; nothing is changed"):
        apply.write_all(changes)
    assert sorted(path.name for path in home.iterdir()) == ["a", "c", "folder"]
    assert (home / "a").read_text() == "a"


def test_what_has_changed_in_between_is_not_overwritten(home: Path) -> None:
    (home / "a").write_text("a")
    drafted = PendingChanges()
    drafted.put(home / "a", "changed")
    (home / "a").write_text("theirs")
    with pytest.raises(SetupError, match="~/a has changed in between: run this again"):
        apply.write_all(drafted.changes())
    assert (home / "a").read_text() == "theirs"


def test_a_read_only_file_behind_a_link_is_named(home: Path) -> None:
    (home / "store").write_text("a")
    (home / "store").chmod(0o444)
    (home / "a").symlink_to("store")
    drafted = PendingChanges()
    drafted.put(home / "a", "changed")
    with pytest.raises(SetupError, match=r"~/a is read-only \(it leads to .*/store\)"):
        apply.write_all(drafted.changes())


def test_mode_and_owner_stay(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "a").write_text("a")
    (home / "a").chmod(0o604)
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "chown", lambda _, *owner: given.append(owner))
    if os.getuid() == 0:
        os.system(f"chown 12:34 {home / 'a'}")  # noqa: S605
    drafted = PendingChanges()
    drafted.put(home / "a", "changed")
    apply.write_all(drafted.changes())
    assert (home / "a").stat().st_mode & 0o777 == 0o604
    assert given == ([(12, 34)] if os.getuid() == 0 else [])


def test_a_leftover_of_a_process_that_died_is_no_hindrance(home: Path) -> None:
    (home / f".a.{os.getpid()}").write_text("half")
    drafted = PendingChanges()
    drafted.put(home / "a", "new")
    apply.write_all(drafted.changes())
    assert [path.name for path in home.iterdir()] == ["a"]


def test_two_names_of_one_file_are_one_change(home: Path) -> None:
    (home / "a").write_text("a")
    (home / "b").symlink_to("a")
    drafted = PendingChanges()
    drafted.put(home / "a", "changed")
    assert drafted.text(home / "b") == "changed"
    assert len(drafted.changes()) == 1


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
    drafted = PendingChanges()
    drafted.put(home / "a", "two")
    assert drafted.changes()[0].shown() == "--- ~/a\n+++ ~/a\n@@ -1,2 +1 @@\n-one�[31m\n-�\n+two"
    drafted.delete(home / "a")
    assert drafted.changes()[0].shown().startswith("--- ~/a\n+++ /dev/null\n")


def test_a_backup_is_never_overwritten(home: Path) -> None:
    folder = home / ".config" / "waybar"
    folder.mkdir(parents=True)
    config, style = folder / "config", folder / "style.css"
    style.write_text('@import "moonshot.css";\n')
    for text in ("{}", '{"height": 9}'):
        config.write_text(text)
        plan.to_add(bars.load("waybar")).carry_out()
    first, second = (Path(f"{config}{changes.BACKUP}{end}") for end in ("", ".2"))
    assert (first.read_text(), second.read_text()) == ("{}", '{"height": 9}')
    found = plan.to_remove(bars.load("waybar"))
    assert any("config.before-moonshot-status stays" in note for note in found.notes)
    assert any("backup dropped" in line for line in found.shown())
    found.carry_out()
    assert first.exists()
    assert not second.exists()
    assert config.read_text() == '{"height": 9}'


def test_the_same_backup_is_made_once(home: Path) -> None:
    folder = home / ".config" / "waybar"
    folder.mkdir(parents=True)
    for _ in range(2):
        (folder / "config").write_text("{}")
        (folder / "style.css").write_text("")
        plan.to_add(bars.load("waybar")).carry_out()
    assert len(list(folder.glob("*.before*"))) == 2


def test_a_link_that_cannot_be_made_stops_everything(home: Path) -> None:
    (home / ".local").mkdir()
    (home / ".local" / "bin").write_text("in the way")
    with pytest.raises(SetupError, match="cannot be made"):
        plan.to_add(bars.load("xbar")).carry_out()
    assert not (home / "Library").exists()


@pytest.mark.parametrize("linked", [True, False])
def test_a_link_goes_again_when_the_files_cannot_be_written(home: Path, linked: bool) -> None:
    (home / "folder").write_text("no folder")
    change = Change(home / "folder" / "d", None, b"d")
    link = Link(home / "bin" / "p", home / "p") if linked else None
    with pytest.raises(SetupError, match="cannot be written"):
        plan.Plan(bars.load("xbar"), (change,), link).carry_out()
    assert not (home / "bin" / "p").is_symlink()


@pytest.mark.parametrize("content", ["{", "[]", '{"xbar": 1}', "\udcff"])
def test_a_damaged_record_is_an_empty_one(home: Path, content: str) -> None:
    path = state_folder() / "setup.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert manifest.read() == manifest.Manifest()


def test_paths_are_written_for_people_and_for_shells(home: Path) -> None:
    assert paths.short(home / "a b") == "~/a b"
    assert paths.short(Path("/etc/x")) == "/etc/x"
    assert paths.shell_word(home / "a b") == "~/'a b'"
    assert paths.shell_word(Path("/a b")) == "'/a b'"
    assert paths.words("~/'a b' c") == [f"{home}/a b", "c"]
    assert paths.words("'") == []
