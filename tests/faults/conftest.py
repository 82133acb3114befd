"""What the tests of faults share: the process from which runs of the program are forked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kit.forks import Forks, forks


@pytest.fixture(scope="session")
def program() -> Iterator[Forks]:
    with forks() as program:
        yield program
