"""The way to the API, step by step and without a key: proxy, name lookup, connection, TLS.

Only the host that the account's key belongs to is looked for, or the proxy that leads there.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException, HTTPSConnection
from ipaddress import ip_address
from queue import Empty
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from moonshot_status.api import client, proxy
from moonshot_status.api.base_url import is_loopback
from moonshot_status.api.proxy import Route
from moonshot_status.core.errors import ProblemError
from moonshot_status.doctor import certificates
from moonshot_status.doctor.context import Context
from moonshot_status.doctor.finding import Finding, State, absent, fail, hint, ok, untried

_STEPS = ("name lookup", "connection", "TLS")
NEEDED = ("proxy", *_STEPS)
"""The steps without which no request can be made."""
_PORTS = {"http": 80, "https": 443}
_T = TypeVar("_T")


@dataclass(frozen=True)
class Way:
    """To the address of the account; ``until`` is the moment, of the monotonic clock, to end at."""

    target: SplitResult
    route: Route | None
    until: float
    limit: float

    @property
    def first(self) -> tuple[str, int]:
        """The host and port to connect to: the proxy's, or the API's own."""
        parts = urlsplit(self.route.url) if self.route else self.target
        return parts.hostname or "", parts.port or _PORTS[parts.scheme]

    def within(self, call: Callable[[], _T]) -> _T:
        """Raises TimeoutError when the time is up."""
        try:
            return client.run_with_deadline(max(self.until - time.monotonic(), 0.001), call)
        except Empty as error:
            raise TimeoutError from error


def findings(case: Context) -> Iterator[Finding]:
    if not case.settings.account.base_url:
        yield from _untried("the settings do not say where the API is")
        return
    target = urlsplit(case.settings.account.base_url)
    try:
        route = proxy.route_for(case.settings.account.base_url)
    except ProblemError as error:
        yield fail("proxy", error.problem.message, error.problem.hint)
        yield from _untried("the proxy cannot be used")
        return
    yield _proxy(route, target)
    if target.scheme == "https":
        yield certificates.authorities()
    limit = case.settings.timeout
    yield from _steps(Way(target, route, time.monotonic() + limit, limit))


def _proxy(route: Route | None, target: SplitResult) -> Finding:
    if route:
        login = ", with a login" if route.headers else ""
        return ok("proxy", f"{proxy.proxy_variable()} leads through {route.host}{login}")
    if any(os.environ.get(name) for name in ("http_proxy", "HTTP_PROXY")):
        return hint(
            "proxy",
            "HTTP_PROXY does not count here: the API is asked by https",
            "Set HTTPS_PROXY if the network wants a proxy.",
        )
    if any(os.environ.get(name) for name in proxy.VARIABLES):
        return ok("proxy", f"{proxy.proxy_variable()} does not count for {target.hostname}")
    return absent("proxy", "none is named")


def _untried(why: str) -> Iterator[Finding]:
    yield from (untried(name, why) for name in _STEPS)


def _steps(way: Way) -> Iterator[Finding]:
    """One after the other; after the first that fails the rest is not tried."""
    checks = (_lookup, _connection, _tls)
    for number, check in enumerate(checks):
        finding = check(way)
        yield finding
        if finding.state is State.FAIL:
            rest = _STEPS[number + 1 :]
            yield from (untried(name, f"see {_STEPS[number]}") for name in rest)
            return


def _lookup(way: Way) -> Finding:
    host, port = way.first
    try:
        found = way.within(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except TimeoutError:
        return fail(
            _STEPS[0],
            f"{host} is not found within {way.limit:g} s",
            "No name server answers: look at /etc/resolv.conf, VPN and Wi-Fi.",
        )
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "no name"
        return fail(_STEPS[0], f"{host} is not found: {why}", _where_to_look(way, host))
    addresses = sorted({str(entry[4][0]) for entry in found})
    if is_loopback(host) or not any(_is_blocked(address) for address in addresses):
        return ok(_STEPS[0], f"{host} is found", f" ({', '.join(addresses)})")
    return fail(
        _STEPS[0],
        f"{host} leads to this machine itself",
        "A filter does that: look for the name in /etc/hosts, Pi-hole and the like.",
        f" ({', '.join(addresses)})",
    )


def _where_to_look(way: Way, host: str) -> str:
    if way.route:
        return f"{proxy.proxy_variable()} names that host."
    if host.startswith("api.moonshot."):
        return "Is there a network connection? Look at name servers, VPN and Wi-Fi."
    return "Is the base URL right, and is there a network connection?"


def _is_blocked(address: str) -> bool:
    found = ip_address(address.partition("%")[0])
    return found.is_loopback or found.is_unspecified


def _connection(way: Way) -> Finding:
    host, port = way.first
    place = f"{host} port {port}"
    try:
        way.within(lambda: socket.create_connection((host, port), way.limit).close())
    except TimeoutError:
        return fail(
            _STEPS[1],
            f"{place} does not answer within {way.limit:g} s",
            "A firewall may swallow it, or the network wants a proxy in HTTPS_PROXY.",
        )
    except OSError as error:
        return fail(_STEPS[1], f"{place} cannot be reached: {error.strerror}", _who_is_there(way))
    return ok(_STEPS[1], f"{place} answers")


def _who_is_there(way: Way) -> str:
    if way.route:
        return f"{proxy.proxy_variable()} names that proxy: is it right, and is the proxy running?"
    if is_loopback(way.target.hostname or ""):
        return "Nothing listens there: is the base URL right, and is the program behind it running?"
    return "Is there a network connection? A firewall may be in between."


def _tls(way: Way) -> Finding:
    if way.target.scheme != "https":
        return absent(_STEPS[2], "none: plain http, which stays on this machine")
    if way.route and way.route.url.startswith("https:"):
        return untried(_STEPS[2], "the proxy itself speaks TLS; the request will tell")
    try:
        return ok(_STEPS[2], way.within(lambda: _handshake(way)))
    except TimeoutError:
        return fail(
            _STEPS[2],
            f"no handshake within {way.limit:g} s",
            "Something in the network swallows it.",
        )
    except (OSError, HTTPException) as error:
        return _no_tls(way, error)


def _no_tls(way: Way, error: Exception) -> Finding:
    host = way.target.hostname or ""
    if isinstance(error, ssl.SSLError) and not isinstance(error, client.TLS_CUT_OFF):
        return certificates.explained(error, host)
    if way.route:
        problem = proxy.proxy_failure(error).problem
        return fail("proxy", problem.message, problem.hint)
    return fail(
        _STEPS[2],
        f"{host} hangs up in the middle of the handshake",
        "A firewall may do that, or no TLS is spoken on that port.",
    )


def _handshake(way: Way) -> str:
    """The protocol that both agree on. No key is sent, and no request made."""
    host, port = way.first
    connection = HTTPSConnection(
        host, port, timeout=way.limit, context=ssl.create_default_context()
    )
    if way.route:
        target = way.target.port or _PORTS["https"]
        connection.set_tunnel(way.target.hostname or "", target, headers=way.route.headers)
    with closing(connection):
        connection.connect()
        return f"{connection.sock.version()}, and the certificate is good"
