"""What is printed and written at the end, whatever has become of the streams."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from moonshot_status.cli import output


class EndOfProcessError(Exception):
    """Raised in place of ending the process."""


def end(status: int) -> None:
    raise EndOfProcessError(status)


class FullStream(io.StringIO):
    """A stream to a disk without space."""

    def flush(self) -> None:
        raise OSError


def closed_stream() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize(("name", "other"), [("stdout", "stderr"), ("stderr", "stdout")])
@pytest.mark.parametrize("broken", [lambda: None, closed_stream, FullStream])
def test_leaves_with_the_status_and_flushes_what_there_is(
    monkeypatch: pytest.MonkeyPatch, broken: Callable[[], io.StringIO | None], name: str, other: str
) -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written)
    stream.write("not flushed yet")
    assert written.getvalue() == b""
    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(sys, name, stream)
    monkeypatch.setattr(sys, other, broken())
    with pytest.raises(EndOfProcessError, match=r"^7$"):
        output.end_process(7)
    assert written.getvalue() == b"not flushed yet"


def test_a_file_replaces_what_a_link_leads_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "file").chmod(0o600)
    (tmp_path / "link").symlink_to(tmp_path / "file")
    output.write_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("target", ["nothing", "/dev/null", "/tmp"])
def test_a_link_to_anything_but_a_file_of_ones_own_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(PermissionError, match="leads to no file of your own"):
        output.write_file(tmp_path / "link", b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "link"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_link_to_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"theirs")
    os.chown(tmp_path / "file", 65534, 65534)
    (tmp_path / "link").symlink_to("file")
    with pytest.raises(PermissionError, match="leads to no file of your own"):
        output.write_file(tmp_path / "link", b"new")
    assert (tmp_path / "file").read_bytes() == b"theirs"


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        output.write_file(tmp_path / "folder", b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "home"]
