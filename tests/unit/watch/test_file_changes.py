"""Changed files, and the signals that report them."""

from __future__ import annotations

from pathlib import Path

import pytest

from moonshot_status.watch import file_changes
from moonshot_status.watch.file_changes import FileChanges, file_states

pytestmark = pytest.mark.usefixtures("sigio")


@pytest.mark.skipif(not file_changes.CAN_NOTIFY, reason="the system reports no changes")
def test_a_change_behind_a_symlink_is_reported_and_seen(tmp_path: Path, sigio: list[int]) -> None:
    (tmp_path / "folder").mkdir()
    file, link = tmp_path / "folder" / "file", tmp_path / "link"
    link.symlink_to(file)
    changes = FileChanges()
    changes.expect(file_states([bytes(link), b"/nowhere/at/all"]))
    assert not changes.any()
    file.write_text("new")
    assert changes.any()
    assert sigio
    changes.stop()


@pytest.mark.skipif(not file_changes.CAN_NOTIFY, reason="the system reports no changes")
def test_only_the_next_change_is_reported_until_watching_starts_again(
    tmp_path: Path, sigio: list[int]
) -> None:
    changes = FileChanges()
    changes.expect(file_states([bytes(tmp_path / "file")]))
    (tmp_path / "file").touch()
    reported = len(sigio)
    (tmp_path / "other").touch()
    assert reported == len(sigio) == 1
    changes.start()
    (tmp_path / "other").unlink()
    assert len(sigio) == 2
    changes.start()
    changes.stop()
    (tmp_path / "file").unlink()
    assert len(sigio) == 2


def test_changes_are_seen_where_the_system_reports_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sigio: list[int]
) -> None:
    monkeypatch.setattr(file_changes, "CAN_NOTIFY", False)
    changes = FileChanges()
    changes.expect(file_states([bytes(tmp_path / "file")]))
    (tmp_path / "file").touch()
    assert changes.any()
    assert sigio == []
    changes.stop()


def test_a_file_that_cannot_be_examined_counts_as_absent(tmp_path: Path) -> None:
    loop, long = tmp_path / "loop", tmp_path / ("x" * 300)
    loop.symlink_to(loop)
    names = [bytes(loop), bytes(long), bytes(tmp_path / "missing")]
    assert file_states(names) == dict.fromkeys(names, ())


def test_a_change_in_the_home_folder_is_not_reported_for_a_missing_folder_in_it(
    home: Path, sigio: list[int]
) -> None:
    changes = FileChanges()
    changes.expect(file_states([bytes(home / "folder" / "file")]))
    (home / "noise").touch()
    assert sigio == []
    changes.stop()
