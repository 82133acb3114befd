"""The official hosts, for keys that go nowhere else: a proxy that leads their names to a server."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kit.raw_server import RawServer, relay, tls_for, trust
from moonshot_status.core.regions import Region
from moonshot_status.polling import demo

_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class OfficialProxy(RawServer):
    """A proxy that ends the TLS of the official hosts, and passes requests on in plain http.

    ``target`` is the port of the server on loopback. ``names`` are those of the hosts that were
    asked for, in order.
    """

    def __init__(self, target: int) -> None:
        super().__init__()
        self._target = target
        self._certificates = tls_for(*(region.host for region in Region))

    @property
    def names(self) -> list[str]:
        found = (re.match(rb"CONNECT ([^: ]+)", request) for request in self.received)
        return [name[1].decode() for name in found if name]

    def _answer(self, connection: socket.socket, data: bytearray) -> None:  # noqa: ARG002
        with socket.create_connection(("127.0.0.1", self._target)) as origin:
            connection.sendall(_ESTABLISHED)
            with self._certificates.wrap_socket(connection, server_side=True) as inside:
                relay(inside, origin)


@contextmanager
def official_proxy(
    server: demo.Server, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> Iterator[OfficialProxy]:
    """Have the program reach the server by the names of the official hosts."""
    trust(monkeypatch, folder)
    with OfficialProxy(urlsplit(server.base_url).port or 0) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        yield proxy
