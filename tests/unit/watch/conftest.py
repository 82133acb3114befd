"""Fixtures for the parts of ``watch``."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Both ends of a pipe: reading, writing."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


@pytest.fixture
def sigio() -> Iterator[list[int]]:
    """The SIGIO signals received; without a handler the first one would end the tests."""
    received: list[int] = []
    before = signal.signal(signal.SIGIO, lambda number, _: received.append(number))
    yield received
    signal.signal(signal.SIGIO, before)
