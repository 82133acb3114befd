"""The end of the process: everything is written, whatever has become of the streams."""

from __future__ import annotations

import io
import os
import sys

import pytest

from moonshot_status import output


class EndOfProcessError(Exception):
    """In place of the end."""


@pytest.mark.parametrize("is_closed", [False, True])
def test_leaves_with_the_status_and_flushes_what_there_is(
    monkeypatch: pytest.MonkeyPatch, is_closed: bool
) -> None:
    def leave(status: int) -> None:
        raise EndOfProcessError(status)

    stream = io.StringIO()
    if is_closed:
        stream.close()
    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", stream)
    with pytest.raises(EndOfProcessError, match="7"):
        output.leave(7)
