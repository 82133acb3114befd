"""Open HTTP connections to the API: directly or through a proxy, with TLS beyond loopback.

With ``client``, the only module that imports urllib3.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3 import connection as urllib3_connection
from urllib3 import exceptions

from moonshot_status.api import connect, proxy, socks_proxy, tls
from moonshot_status.api.proxy import PORTS, Route
from moonshot_status.core import causes, log
from moonshot_status.core.errors import ProblemError

# curl accepts more than the 100 that http.client does.
http.client._MAXHEADERS = 1000  # type: ignore[attr-defined]
_NOT_HTTP = (http.client.HTTPException, exceptions.InvalidHeader)


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
        return (self.route.name, self.route.port) if self.route else (self.host, self.port)


class _Response(http.client.HTTPResponse):
    """Skips all interim responses (RFC 9110, 15.2), not only those with status 100."""

    def begin(self) -> None:
        super().begin()
        while http.client.PROCESSING <= self.status < http.client.OK:
            # Without headers, the superclass reads on.
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()


class _HTTPConnection(urllib3_connection.HTTPConnection):
    def response_class(self, *arguments: Any, **more: Any) -> _Response:  # type: ignore[override]
        self._response = _Response(*arguments, **more)
        return self._response

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
        try:
            return super().getresponse()
        except exceptions.InvalidHeader:
            # urllib3 leaves a response open whose headers it does not accept.
            self._response.close()
            raise

    def _new_conn(self) -> socket.socket:
        return connect.open_socket(self.host, self.port, self.timeout or 0)


class _HTTPSConnection(_HTTPConnection, urllib3_connection.HTTPSConnection):
    pass


class _TunnelConnection(_HTTPSConnection):
    """Leads through a proxy that speaks HTTP. Raises ProblemError if the proxy fails."""

    def __init__(self, target: Target, route: Route, timeout: float, trust: ssl.SSLContext) -> None:
        config = urllib3_connection.ProxyConfig(trust, False, None, None)
        super().__init__(
            route.name, route.port, timeout=timeout, ssl_context=trust, proxy_config=config
        )
        self.set_tunnel(target.host, target.port, route.headers, route.scheme)
        self._route, self._timeout = route, timeout

    def _new_conn(self) -> socket.socket:
        return proxy.open_socket(self._route, self._timeout)

    def _connect_tls_proxy(self, hostname: str, sock: socket.socket) -> ssl.SSLSocket:
        try:
            return super()._connect_tls_proxy(hostname, sock)
        except TimeoutError:
            raise
        except OSError as error:
            raise proxy.tls_problem(error, self._route) from error

    def _tunnel(self) -> None:
        try:
            super()._tunnel()
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException) as error:
            raise proxy.problem(error, self._route) from error


class _SocksConnection(_HTTPSConnection):
    """Leads through a proxy that speaks SOCKS. Raises ProblemError if the proxy fails."""

    def __init__(self, target: Target, route: Route, timeout: float, trust: ssl.SSLContext) -> None:
        super().__init__(target.host, target.port, timeout=timeout, ssl_context=trust)
        self._route, self._timeout = route, timeout

    def _new_conn(self) -> socket.socket:
        return socks_proxy.open_socket(self._route, self.host, self.port, self._timeout)


HTTPConnection = _HTTPConnection | _HTTPSConnection


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
        opened.close()
        raise problem(error, target, timeout) from error
    except BaseException:
        opened.close()
        raise
    return opened


def _unconnected(target: Target, timeout: float) -> HTTPConnection:
    if target.scheme == "http":
        return _HTTPConnection(target.host, target.port, timeout=timeout)
    trust, route = tls.make_context(), target.route
    if route is None:
        return _HTTPSConnection(target.host, target.port, timeout=timeout, ssl_context=trust)
    through = _SocksConnection if route.is_socks else _TunnelConnection
    return through(target, route, timeout, trust)


def problem(error: BaseException, target: Target, timeout: float) -> ProblemError:
    """Return the problem with a connection that failed before a status line arrived."""
    log.log(f"no answer: {type(error).__name__}")
    route = target.route
    if isinstance(error, (TimeoutError, exceptions.TimeoutError)):
        if route:
            return ProblemError(
                causes.PROXY_NO_RESPONSE, host=target.name, seconds=timeout,
                proxy=route.host, variable=proxy.proxy_variable(),
            )  # fmt: skip
        return ProblemError(causes.NO_RESPONSE, host=target.name, seconds=timeout)
    if tls.is_failure(error):
        return tls.problem(error, target.name)
    if isinstance(error, _NOT_HTTP) and not isinstance(error, http.client.RemoteDisconnected):
        return ProblemError(causes.NOT_HTTP, host=target.name)
    if route:
        return ProblemError(causes.PROXY_LOST, proxy=route.host, variable=proxy.proxy_variable())
    return ProblemError(causes.OFFLINE, host=target.name)
