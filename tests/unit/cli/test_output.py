"""The end of the process: everything is written, whatever has become of the streams."""

from __future__ import annotations

import io
import os
import sys

import pytest

from moonshot_status.cli import output


class EndOfProcessError(Exception):
    """In place of the end."""


@pytest.mark.parametrize("names", [("stdout", "stderr"), ("stderr", "stdout")])
@pytest.mark.parametrize("is_closed", [False, True])
def test_leaves_with_the_status_and_flushes_what_there_is(
    monkeypatch: pytest.MonkeyPatch, is_closed: bool, names: tuple[str, str]
) -> None:
    def leave(status: int) -> None:
        raise EndOfProcessError(status)

    stream = io.StringIO()
    if is_closed:
        stream.close()
    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr(sys, names[0], None)
    monkeypatch.setattr(sys, names[1], stream)
    with pytest.raises(EndOfProcessError, match="7"):
        output.end_process(7)
