"""Updates on standard output: each once, and only the newest."""

from __future__ import annotations

import os

from moonshot_status.watch.output import OutputWriter


def test_an_update_is_written_once_and_an_outdated_one_never(pipe: tuple[int, int]) -> None:
    output = OutputWriter(pipe[1])
    assert not output.is_waiting
    for update in (b"1\n", b"2\n", b"3\n"):
        output.show(update)
    assert output.is_waiting
    output.write()
    output.show(b"3\n")
    assert not output.is_waiting
    assert os.read(pipe[0], 100) == b"3\n"


def test_an_update_that_was_begun_is_completed_before_the_newest(pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[1], False)
    output, long, read = OutputWriter(pipe[1]), b"x" * 200_000 + b"\n", b""
    output.show(long)
    output.write()
    output.show(b"outdated\n")
    output.write()
    output.show(b"new\n")
    while output.is_waiting:
        read += os.read(pipe[0], 65536)
        output.write()
    read += os.read(pipe[0], 65536)
    assert read == long + b"new\n"
