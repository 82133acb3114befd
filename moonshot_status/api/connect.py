"""Open TCP connections."""

from __future__ import annotations

import socket


def open_socket(host: str, port: int, timeout: float) -> socket.socket:
    """Connect to the host.

    Raises OSError: socket.gaierror if the name is not found, TimeoutError after ``timeout`` seconds
    without a connection, or that of the address that was refused.
    """
    connected = socket.create_connection((host, port), timeout)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected
