"""What the tests of setup share."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip waiting for the disk: the files of a test need not survive a power cut."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
