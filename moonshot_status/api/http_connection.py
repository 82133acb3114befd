"""Open HTTP connections to the API: directly or through a proxy, with TLS beyond loopback.

With ``client``, the only module that imports urllib3.
"""

from __future__ import annotations

import http.client
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from urllib3 import connection as urllib3_connection
from urllib3 import exceptions

from moonshot_status.api import connect, proxy, tls
from moonshot_status.api.proxy import Route
from moonshot_status.core import causes, log
from moonshot_status.core.errors import ProblemError

PORTS = {"http": 80, "https": 443}
_SOCKS_PORT = 1080
# curl accepts more than the 100 that http.client does.
http.client._MAXHEADERS = 1000  # type: ignore[attr-defined]


_NOT_HTTP = (http.client.HTTPException, exceptions.InvalidHeader)


class _Response(http.client.HTTPResponse):
    """Skips all interim responses (RFC 9110, 15.2), not only those with status 100."""

    def begin(self) -> None:
        super().begin()
        while http.client.PROCESSING <= self.status < http.client.OK:
            # Without headers, the superclass reads on.
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()


class _HTTPConnection(urllib3_connection.HTTPConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        return connect.open_socket(self.host, self.port, self.timeout or 0)


class _HTTPSConnection(_HTTPConnection, urllib3_connection.HTTPSConnection):
    pass


HTTPConnection = _HTTPConnection | _HTTPSConnection


@dataclass(frozen=True)
class Target:
    """What to connect to: the host and port of the API, and the proxy in front of it, if any."""

    scheme: str
    host: str
    port: int
    route: Route | None

    @property
    def name(self) -> str:
        """The host, with the port if it is not the default one, for messages."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def endpoint(self) -> tuple[str, int]:
        """The host and port to connect to: the proxy's, if there is one, else the API's."""
        if self.route is None:
            return self.host, self.port
        parts = urlsplit(self.route.url)
        return parts.hostname or "", parts.port or PORTS.get(parts.scheme, _SOCKS_PORT)


def find_target(url: str) -> Target:
    """Return what to connect to for the URL. Raises ProblemError of kind ``proxy``."""
    parts = urlsplit(url)
    port = parts.port or PORTS[parts.scheme]
    return Target(parts.scheme, parts.hostname or "", port, proxy.route_for(url))


def open_connection(target: Target, timeout: float) -> HTTPConnection:
    """Connect to the target, through the proxy and with TLS, without sending a request.

    ``timeout`` in seconds limits each step. Raises ProblemError.
    """
    if target.route:
        log.log(f"through the proxy {target.route.host}")
    opened = _unconnected(target, timeout)
    try:
        opened.connect()
    except (OSError, UnicodeError, http.client.HTTPException, exceptions.HTTPError) as error:
        is_through_proxy = opened.has_connected_to_proxy
        opened.close()
        if target.route and not is_through_proxy and not isinstance(error, TimeoutError):
            raise proxy.problem(error, target.route) from error
        raise problem(error, target, timeout) from error
    return opened


def _unconnected(target: Target, timeout: float) -> HTTPConnection:
    host, port = target.endpoint
    if target.scheme == "http":
        return _HTTPConnection(host, port, timeout=timeout)
    context, route = tls.make_context(), target.route
    if route is None:
        return _HTTPSConnection(host, port, timeout=timeout, ssl_context=context)
    config = urllib3_connection.ProxyConfig(context, False, None, None)
    opened = _HTTPSConnection(host, port, timeout=timeout, ssl_context=context, proxy_config=config)
    scheme = urlsplit(route.url).scheme
    opened.set_tunnel(target.host, target.port, route.headers, scheme)
    return opened


def problem(error: BaseException, target: Target, timeout: float) -> ProblemError:
    """Return the problem with a connection that failed before a status line arrived."""
    log.log(f"no answer: {type(error).__name__}")
    if isinstance(error, (TimeoutError, exceptions.TimeoutError)):
        return ProblemError(causes.NO_RESPONSE, host=target.name, seconds=timeout)
    if tls.is_failure(error):
        return tls.problem(error, target.name)
    if target.route:
        return proxy.problem(error, target.route)
    if isinstance(error, _NOT_HTTP) and not isinstance(error, http.client.RemoteDisconnected):
        return ProblemError(causes.NOT_HTTP, host=target.name)
    return ProblemError(causes.OFFLINE, host=target.name)
