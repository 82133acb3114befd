"""An endpoint that keeps its clients waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kit.support import KEY, balance
from moonshot_status.polling import demo

_SECONDS = 120.0


class HeldServer(demo.Server):
    """Responds to its first request with ``first_amount``, to the second with a dollar more, etc.

    A response is sent when ``released`` is set, and ``delay`` seconds after the request at the
    earliest. ``times`` holds when each request arrived, by the clock that cannot be set.
    """

    def __init__(self) -> None:
        super().__init__(balance("0"), (KEY,))
        self.released = threading.Event()
        self.released.set()
        self.delay, self.first_amount = 0.0, 11
        self.times: list[float] = []

    def respond(self, method: str, path: str, key: str) -> demo.ServerResponse:
        self.times.append(time.monotonic())
        super().respond(method, path, key)
        response = balance(str(self.first_amount - 1 + len(self.requests)))
        time.sleep(self.delay)
        self.released.wait(_SECONDS)
        return response

    def wait_for_request(self, number: int) -> None:
        """Wait until this request has arrived, counted from 1."""
        until = time.monotonic() + _SECONDS
        while len(self.requests) < number:
            assert time.monotonic() < until, f"request {number} was not made"
            time.sleep(0.005)


@contextmanager
def held_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldServer]:
    """Provide the endpoint inside the block; the environment leads to it."""
    server = HeldServer()
    monkeypatch.setenv("MOONSHOT_BASE_URL", server.base_url)
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    try:
        yield server
    finally:
        server.released.set()
        server.stop()
