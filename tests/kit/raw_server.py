"""Servers on loopback that misbehave byte by byte, and a proxy that connects every name to one."""

from __future__ import annotations

import functools
import select
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme

if TYPE_CHECKING:
    from typing_extensions import Self

Step = bytes | float | None
"""Bytes to send, seconds to pause, or None to reset the connection."""
RESET: Step = None

BALANCE = (
    b'{"code":0,"data":{"available_balance":49.58894,"voucher_balance":46.58893,'
    b'"cash_balance":3.00001},"scode":"0x0","status":true}'
)
TIMEOUT_SECONDS = 5.0


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Return a response, with the length of its body unless a header already gives it."""
    lengths = ("content-length:", "transfer-encoding:")
    if not any(header.lower().startswith(lengths) for header in headers):
        headers = (*headers, f"Content-Length: {len(body)}")
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode() + body


def chunked(body: bytes) -> bytes:
    """Return the body in chunks of seven bytes."""
    pieces = (body[i : i + 7] for i in range(0, len(body), 7))
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


def drip(text: bytes) -> list[Step]:
    """Return the steps that send the text again and again, for a minute."""
    return [step for _ in range(1200) for step in (text, 0.05)]


class RawServer:
    """Reads a request, plays its steps and closes; the same for every connection.

    ``received`` is what each connection sent, in order; it is complete after the ``with`` block.
    """

    def __init__(self, *steps: Step, tls: ssl.SSLContext | None = None) -> None:
        self.steps = steps
        self.received: list[bytearray] = []
        self._tls = tls
        self._stopped = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        for thread in self._threads:
            thread.join(TIMEOUT_SECONDS)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            if self._stopped.is_set():
                connection.close()
                return
            data = bytearray()
            self.received.append(data)
            thread = threading.Thread(target=self._serve, args=(connection, data), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, data: bytearray) -> None:
        connection.settimeout(TIMEOUT_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            _read_head(connection, data)
            self._answer(connection, data)
        connection.close()

    def _answer(self, connection: socket.socket, data: bytearray) -> None:
        for step in self.steps:
            if step is None:
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return
            if isinstance(step, bytes):
                connection.sendall(step)
            elif self._stopped.wait(step):
                return
        if isinstance(connection, ssl.SSLSocket):
            connection.unwrap()
            return
        connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65536):
            data += piece


class TunnelProxy(RawServer):
    """Connects any name to ``target``, a port on loopback."""

    def __init__(self, target: int, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls=tls)
        self._target = target

    def _answer(self, connection: socket.socket, data: bytearray) -> None:  # noqa: ARG002
        self._relay(connection, self._target)

    def _relay(self, connection: socket.socket, port: int) -> None:
        """Open a tunnel to that port on loopback."""
        with socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS) as origin:
            origin.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            relay(connection, origin)


class Changeable(TunnelProxy):
    """A tunnel while it has no steps; ``steps`` and ``tls`` may change between connections.

    Without steps and without a target it closes each connection.
    """

    @property
    def tls(self) -> ssl.SSLContext | None:
        return self._tls

    @tls.setter
    def tls(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls

    def _answer(self, *exchange: Any) -> None:
        kind = RawServer if self.steps or not self._target else TunnelProxy
        kind._answer(self, *exchange)


def _read_head(connection: socket.socket, data: bytearray) -> None:
    """Read up to the empty line, or the first piece of a TLS handshake."""
    while not data.endswith(b"\r\n\r\n") and data[:1] != b"\x16":
        piece = connection.recv(65536)
        if not piece:
            return
        data += piece


def relay(one: socket.socket, other: socket.socket) -> None:
    """Pass data both ways until one side ends; in one thread, because TLS requires that."""
    ways = {one: other, other: one}
    with suppress(OSError):
        while True:
            ready = [s for s in ways if isinstance(s, ssl.SSLSocket) and s.pending()]
            ready = ready or select.select(ways, [], [], TIMEOUT_SECONDS)[0]
            if not ready:
                return
            for source in ready:
                piece = source.recv(65536)
                if not piece:
                    return
                ways[source].sendall(piece)


@contextmanager
def silent_port() -> Iterator[int]:
    """Provide a port that answers no attempt to connect: its queue of connections is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port: int = full.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            yield port


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port: int = unused.getsockname()[1]
        return port


@functools.cache
def authority() -> trustme.CA:
    """Return the authority whose certificates ``trust`` makes valid."""
    return trustme.CA()


def tls_for(*names: str, by: trustme.CA | None = None, **more: Any) -> ssl.SSLContext:
    """Return the TLS context of a server with a certificate for these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (by or authority()).issue_cert(*names, **more).configure_cert(context)
    return context


def trust(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Have the program trust the authority's certificates, and no others."""
    path = folder / "ca.pem"
    authority().cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
