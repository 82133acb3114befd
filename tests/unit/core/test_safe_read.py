"""Whatever a path leads to, reading it ends: with the content, or with an error in words."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from moonshot_status.core import safe_read
from moonshot_status.core.paths import ForeignPathError
from moonshot_status.core.safe_read import SIZE_LIMIT, read, read_own


@pytest.fixture(autouse=True)
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_read, "_PIPES", {})


def pipe(content: bytes) -> tuple[Path, int]:
    """Return the path of a pipe that has this content, and the end to write into."""
    reading, writing = os.pipe()
    os.write(writing, content)
    return Path(f"/dev/fd/{reading}"), writing


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(path))


def test_a_file_is_returned_with_its_status(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for size in (0, 1, 1 << 17, SIZE_LIMIT):
        path.write_bytes(b"x" * size)
        content, status = read(path)
        assert (len(content), status.st_ino) == (size, path.stat().st_ino)
        assert read_own(path) == content
    path.write_bytes(b"x" * (SIZE_LIMIT + 1))
    for reader in (read, read_own):
        with pytest.raises(OSError, match="it is larger than 1 MiB"):
            reader(path)
    assert len(read(path, limit=SIZE_LIMIT + 1)[0]) == SIZE_LIMIT + 1


@pytest.mark.parametrize("create", [os.mkfifo, Path.mkdir, unix_socket])
@pytest.mark.parametrize("reader", [read, read_own])
def test_what_is_no_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    create: Callable[[Path], None], reader: Callable[[Path], object],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    create(tmp_path / "a")
    with pytest.raises(OSError, match=r"it is not a regular file|Is a directory") as caught:
        reader(tmp_path / "a")
    assert caught.value.filename == str(tmp_path / "a")


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full", "/dev/random"])
def test_devices_are_refused_and_the_null_device_is_empty(device: str) -> None:
    assert read(Path("/dev/null"))[0] == b""
    with pytest.raises(OSError, match="it is not a regular file"):
        read(Path(device))


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "missing")


def test_a_pipe_is_read_to_its_end_and_remembered() -> None:
    path, writing = pipe(b"{}")
    threading.Timer(0.05, lambda: (os.write(writing, b"\n"), os.close(writing))).start()
    for _ in range(2):
        assert read(path, pipe=True)[0] == b"{}\n"


def test_a_pipe_whose_writer_is_gone_is_read() -> None:
    path, writing = pipe(b"{}")
    os.close(writing)
    assert read(path, pipe=True)[0] == b"{}"


def test_a_named_pipe_waits_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    threading.Timer(0.05, lambda: (tmp_path / "pipe").write_bytes(b"{}")).start()
    assert read(tmp_path / "pipe", pipe=True)[0] == b"{}"


def test_a_writer_that_writes_nothing_makes_an_empty_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    threading.Timer(0.05, lambda: (tmp_path / "pipe").write_bytes(b"")).start()
    assert read(tmp_path / "pipe", pipe=True)[0] == b""


@pytest.mark.parametrize("content", [None, b"{"])
def test_a_writer_that_does_not_end_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    monkeypatch.setattr(safe_read, "_PIPE_SECONDS", 0.05)
    path = tmp_path / "pipe"
    os.mkfifo(path)
    if content is not None:
        path, _ = pipe(content)
    started = time.monotonic()
    with pytest.raises(TimeoutError, match=r"nothing more was written into it within 0\.05 s"):
        read(path, pipe=True)
    assert time.monotonic() - started < 5


def test_an_endless_pipe_is_too_large() -> None:
    path, writing = pipe(b"x" * 4096)
    os.close(writing)
    with pytest.raises(OSError, match="it is larger than 0 MiB"):
        read(path, limit=4095, pipe=True)


def test_the_programs_own_files_are_no_symlinks(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    assert read(tmp_path / "link")[0] == b"x"
    with pytest.raises(OSError, match="symbolic links"):
        read_own(tmp_path / "link")


def test_the_programs_own_files_are_no_other_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"x")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(ForeignPathError, match="it belongs to another user"):
        read_own(tmp_path / "file")


def test_only_a_pipe_is_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    assert safe_read.is_pipe(tmp_path / "pipe")
    assert safe_read.is_pipe(tmp_path / "link")
    assert not safe_read.is_pipe(tmp_path)
    assert not safe_read.is_pipe(tmp_path / "missing")
