"""A SOCKS proxy on loopback, versions 4, 4a and 5, that connects every name to one server."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import BinaryIO

from kit.raw_server import TIMEOUT_SECONDS, RawServer, relay

_GRANTED_4 = 90


class SocksServer(RawServer):
    """Connects any name or address to ``target``, a port on loopback.

    With a ``login`` it wants that user name and password. With a ``refusal`` it answers each
    request with that number. If it ``says`` something, it answers that to the first bytes, and
    closes the connection.
    """

    def __init__(
        self, target: int = 0, *, login: tuple[bytes, bytes] | None = None,
        refusal: int = 0, says: bytes | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self._target, self._login, self._refusal, self._says = target, login, refusal, says
        self.requests: list[tuple[int, str]] = []
        """The version of each request, and the name or address and the port that it names."""
        self.logins: list[tuple[bytes, bytes]] = []
        """The user name and password of each login; the user id alone in version 4."""

    def _serve(self, connection: socket.socket, data: bytearray) -> None:
        connection.settimeout(TIMEOUT_SECONDS)
        with suppress(OSError, IndexError), connection, connection.makefile("rb") as stream:
            if self._says is not None:
                data += connection.recv(1024)
                connection.sendall(self._says)
                return
            version = stream.read(1)[0]
            is_granted = self._negotiate_4 if version == 4 else self._negotiate_5
            if is_granted(connection, stream):
                with socket.create_connection(("127.0.0.1", self._target)) as origin:
                    relay(connection, origin)

    def _negotiate_4(self, connection: socket.socket, stream: BinaryIO) -> bool:
        port, address = int.from_bytes(stream.read(3)[1:], "big"), stream.read(4)
        self.logins.append((_until_zero(stream), b""))
        is_name = address[:3] == bytes(3)
        name = _until_zero(stream).decode() if is_name else socket.inet_ntoa(address)
        self.requests.append((4, f"{name}:{port}"))
        connection.sendall(bytes([0, self._refusal or _GRANTED_4]) + bytes(6))
        return not self._refusal

    def _negotiate_5(self, connection: socket.socket, stream: BinaryIO) -> bool:
        offered, wanted = _counted(stream), 2 if self._login else 0
        if wanted not in offered:
            connection.sendall(b"\x05\xff")
            return False
        connection.sendall(bytes([5, wanted]))
        if self._login:
            stream.read(1)
            self.logins.append((_counted(stream), _counted(stream)))
            connection.sendall(bytes([1, self.logins[-1] != self._login]))
        kind = stream.read(4)[3]
        if kind == 3:
            name = _counted(stream).decode()
        else:
            family, length = (socket.AF_INET, 4) if kind == 1 else (socket.AF_INET6, 16)
            name = socket.inet_ntop(family, stream.read(length))
        self.requests.append((5, f"{name}:{int.from_bytes(stream.read(2), 'big')}"))
        connection.sendall(bytes([5, self._refusal, 0, 1]) + bytes(6))
        return not self._refusal


def _counted(stream: BinaryIO) -> bytes:
    return stream.read(stream.read(1)[0])


def _until_zero(stream: BinaryIO) -> bytes:
    return b"".join(iter(lambda: stream.read(1), b"\0"))
