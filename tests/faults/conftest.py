"""What the tests of faults share: one endpoint, and the process from which runs are forked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kit import stored
from kit.forks import Forks, forks
from kit.support import KEY

from moonshot_status.polling import demo

GOOD = demo.balance("49.58894", "46.58893", "3.00001")


@pytest.fixture(scope="session")
def endpoint() -> Iterator[demo.Server]:
    """Provide one endpoint for all tests: stopping one takes as long as several tests."""
    with demo.serving(GOOD, (KEY,)) as server:
        yield server


@pytest.fixture
def server(endpoint: demo.Server, monkeypatch: pytest.MonkeyPatch) -> demo.Server:
    """Provide the endpoint for ``KEY`` as it is at first; the environment leads to it."""
    endpoint.response = GOOD
    endpoint.requests.clear()
    monkeypatch.setenv("MOONSHOT_BASE_URL", endpoint.base_url)
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    return endpoint


@pytest.fixture
def file(home: Path) -> Path:
    """Provide the path of the store."""
    return stored.store_file(home)


@pytest.fixture(autouse=True)
def _adopted(adopted: None) -> None:
    """Wait after each test for its background processes."""


@pytest.fixture(scope="session")
def program() -> Iterator[Forks]:
    """Provide the process from which runs of the program are forked."""
    with forks() as program:
        yield program
