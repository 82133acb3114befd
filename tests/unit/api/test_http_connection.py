"""What is connected to, for an API and the proxy in front of it."""

from __future__ import annotations

import pytest

from moonshot_status.api.http_connection import Target
from moonshot_status.api.proxy import Route

ENDPOINTS = [
    (None, ("api.example", 8443)),
    (Route("http", "proxy.example", 80), ("proxy.example", 80)),
    (Route("socks5", "::1", 7890), ("::1", 7890)),
]


@pytest.mark.parametrize(("route", "endpoint"), ENDPOINTS)
def test_the_endpoint_is_the_proxy_if_there_is_one(
    route: Route | None, endpoint: tuple[str, int]
) -> None:
    assert Target("https", "api.example", 8443, route).endpoint == endpoint
