"""The two official hosts on loopback, behind a proxy that the environment names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kit.raw_server import RawServer, TunnelProxy, http, tls_for, trust
from moonshot_status.core.regions import Region
from moonshot_status.polling import demo

AMOUNTS = {Region.INTERNATIONAL: "49.58", Region.CHINA: "12.34"}
"""What each platform answers, so that the origin of a balance can be seen."""
_CONNECT = re.compile(rb"CONNECT (\S+):443 HTTP/1\.[01]\r\n")


class Seen(NamedTuple):
    """A request as it was read off the wire; ``key`` is empty if none was sent."""

    host: str
    path: str
    key: str


class _Proxy(TunnelProxy):
    """Connects the official names to their servers, and no others."""

    def __init__(self, ports: dict[str, int]) -> None:
        super().__init__(0)
        self.ports = ports

    def _answer(self, connection: Any, data: bytearray) -> None:
        found = _CONNECT.match(data)
        port = self.ports.get(found[1].decode()) if found else None
        if port is None:
            connection.sendall(http("502 Unknown host"))
        else:
            self._relay(connection, port)


class OfficialHosts:
    """A server for each region's host, with a certificate for that name, and the proxy."""

    def __init__(self, servers: dict[Region, RawServer], proxy: _Proxy) -> None:
        self.servers = servers
        self.proxy = proxy

    def seen(self, region: Region) -> list[Seen]:
        """Return the requests that the region's host has got."""
        return [_seen(data) for data in self.servers[region].received if data]

    @property
    def keys(self) -> dict[str, list[str]]:
        """The keys that each host has got, by region; all requests were meant for that host."""
        for region in Region:
            for request in self.seen(region):
                assert (request.host, request.path) == (region.host, "/v1/users/me/balance")
        return {region.value: [request.key for request in self.seen(region)] for region in Region}

    @property
    def asked(self) -> list[str]:
        """The hosts to which the proxy was asked to connect, in order."""
        found = [_CONNECT.match(data) for data in self.proxy.received]
        return [match[1].decode() if match else "?" for match in found]

    def assert_tight(self) -> None:
        """Check that the proxy, which reads along, has got no key."""
        assert not any(b"uthorization" in data for data in self.proxy.received)


def _seen(data: bytearray) -> Seen:
    line, *lines = data.decode().partition("\r\n\r\n")[0].split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    key = headers.get("Authorization", "").removeprefix("Bearer ")
    return Seen(headers["Host"], line.split(" ")[1], key)


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[OfficialHosts]:
    """Serve both hosts, and have the environment lead to them; the program has no switch for it."""
    trust(monkeypatch, folder)
    with ExitStack() as stack:
        servers = {
            region: stack.enter_context(
                RawServer(
                    http("200 OK", demo.balance(amount, amount, "0").body),
                    tls=tls_for(region.host),
                )
            )
            for region, amount in AMOUNTS.items()
        }
        ports = {region.host: server.port for region, server in servers.items()}
        proxy = stack.enter_context(_Proxy(ports))
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        yield OfficialHosts(servers, proxy)
