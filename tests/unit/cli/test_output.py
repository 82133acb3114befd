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
    (tmp_path / "link").symlink_to(tmp_path / "file")
    output.write_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        output.write_file(tmp_path / "folder", b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "home"]
