"""The tests notice a warning in a process of the program."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.support import Run
from kit.watching import Stream

DEPRECATED = 'import warnings\nwarnings.warn("old", DeprecationWarning)\n'
UNCLOSED = "open(__file__)\n"


@pytest.fixture
def at_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file whose code every Python process runs first."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "sitecustomize.py"


def test_a_warning_is_raised(run: Run, at_start: Path) -> None:
    at_start.write_text(DEPRECATED, encoding="utf-8")
    assert b"Error in sitecustomize" in run("--version").stderr


def test_a_warning_that_cannot_be_raised_fails_the_test(run: Run, at_start: Path) -> None:
    at_start.write_text(UNCLOSED, encoding="utf-8")
    with pytest.raises(AssertionError, match="ResourceWarning: unclosed file"):
        run("--version")
    stream = Stream("--version")
    stream.process.wait()
    with pytest.raises(AssertionError, match="ResourceWarning: unclosed file"):
        stream.end()
