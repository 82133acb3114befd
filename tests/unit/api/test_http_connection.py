"""What is connected to, for an API and the proxy in front of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from moonshot_status.api.http_connection import Target

ENDPOINTS = {
    None: ("api.example", 8443),
    "http://proxy.example": ("proxy.example", 80),
    "https://proxy.example": ("proxy.example", 443),
    "socks5h://proxy.example": ("proxy.example", 1080),
    "socks5://[::1]:7890": ("::1", 7890),
}


@pytest.mark.parametrize("url", ENDPOINTS)
def test_the_endpoint_is_the_proxy_if_there_is_one(url: str | None) -> None:
    route: Any = url and SimpleNamespace(url=url)
    assert Target("https", "api.example", 8443, route).endpoint == ENDPOINTS[url]
