"""Check the connection to the API without a key: proxy, name lookup, connection, TLS.

Only the account's own host is looked up and connected to, or the proxy in front of it.
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

from moonshot_status.api import client, proxy, tls
from moonshot_status.api.base_url import is_loopback
from moonshot_status.api.proxy import Route
from moonshot_status.core.errors import ProblemError
from moonshot_status.core.regions import Region
from moonshot_status.doctor import certificates
from moonshot_status.doctor.context import Context
from moonshot_status.doctor.finding import Finding, State, absent, fail, hint, ok, untried

_STEPS = _LOOKUP, _CONNECTION, _TLS = "name lookup", "connection", "TLS"
REQUIRED = ("proxy", *_STEPS)
"""The steps that must not fail if a request is to be made."""
_PORTS = {"http": 80, "https": 443}
_T = TypeVar("_T")


@dataclass(frozen=True)
class Probe:
    """The connection to examine: the base URL, the proxy in front of it, and the time limit.

    ``timeout`` is in seconds; ``deadline`` is when it ends, on the monotonic clock.
    """

    target: SplitResult
    route: Route | None
    timeout: float
    deadline: float

    @property
    def endpoint(self) -> tuple[str, int]:
        """The host and port to connect to: the proxy's, if there is one, else the API's."""
        parts = urlsplit(self.route.url) if self.route else self.target
        return parts.hostname or "", parts.port or _PORTS[parts.scheme]

    def run(self, call: Callable[[], _T]) -> _T:
        """Return the call's result. Raises TimeoutError at the deadline."""
        try:
            return client.run_with_deadline(max(self.deadline - time.monotonic(), 0.001), call)
        except Empty as error:
            raise TimeoutError from error


def findings(context: Context) -> Iterator[Finding]:
    """Yield the proxy, the CA certificates and each step up to a TLS connection."""
    base_url, timeout = context.settings.account.base_url, context.settings["timeout"]
    if not base_url:
        yield from _untried("the settings do not say where the API is")
        return
    target = urlsplit(base_url)
    try:
        route = proxy.route_for(base_url)
    except ProblemError as error:
        yield fail("proxy", error.problem.message, error.problem.hint)
        yield from _untried("the proxy cannot be used")
        return
    yield _proxy(route, target)
    if target.scheme == "https":
        yield certificates.authorities()
    yield from _steps(Probe(target, route, timeout, time.monotonic() + timeout))


def _proxy(route: Route | None, target: SplitResult) -> Finding:
    if route:
        login = ", with a login" if route.headers else ""
        return ok("proxy", f"{proxy.proxy_variable()} leads through {route.host}{login}")
    if any(os.environ.get(name) for name in ("http_proxy", "HTTP_PROXY")):
        fact = "HTTP_PROXY does not count here: the API is asked by https"
        return hint("proxy", fact, "Set HTTPS_PROXY if the network wants a proxy.")
    if any(os.environ.get(name) for name in proxy.VARIABLES):
        return ok("proxy", f"{proxy.proxy_variable()} does not count for {target.hostname}")
    return absent("proxy", "none is named")


def _untried(why: str) -> Iterator[Finding]:
    yield from (untried(name, why) for name in _STEPS)


def _steps(probe: Probe) -> Iterator[Finding]:
    """Yield each step; those after a failed one are not tried."""
    failed = ""
    for name, check in ((_LOOKUP, _lookup), (_CONNECTION, _connection), (_TLS, _tls)):
        finding = untried(name, f"see {failed}") if failed else check(probe)
        yield finding
        if finding.state is State.FAIL:
            failed = name


def _lookup(probe: Probe) -> Finding:
    host, port = probe.endpoint
    try:
        found = probe.run(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except TimeoutError:
        fix = "No name server answers: look at /etc/resolv.conf, VPN and Wi-Fi."
        return fail(_LOOKUP, f"{host} is not found within {probe.timeout:g} s", fix)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "no name"
        return fail(_LOOKUP, f"{host} is not found: {why}", _lookup_fix(probe, host))
    addresses = sorted({str(entry[4][0]) for entry in found})
    ips = [ip_address(address.partition("%")[0]) for address in addresses]
    private = f" ({', '.join(addresses)})"
    # Filters give such addresses for the names that they block.
    if is_loopback(host) or not any(ip.is_loopback or ip.is_unspecified for ip in ips):
        return ok(_LOOKUP, f"{host} is found", private)
    fix = "A filter does that: look for the name in /etc/hosts, Pi-hole and the like."
    return fail(_LOOKUP, f"{host} leads to this machine itself", fix, private)


def _lookup_fix(probe: Probe, host: str) -> str:
    if probe.route:
        return f"{proxy.proxy_variable()} names that host."
    if host in {region.host for region in Region}:
        return "Is there a network connection? Look at name servers, VPN and Wi-Fi."
    return "Is the base URL right, and is there a network connection?"


def _connection(probe: Probe) -> Finding:
    host, port = probe.endpoint
    place = f"{host} port {port}"
    try:
        probe.run(lambda: socket.create_connection((host, port), probe.timeout).close())
    except TimeoutError:
        fix = "A firewall may swallow it, or the network wants a proxy in HTTPS_PROXY."
        return fail(_CONNECTION, f"{place} does not answer within {probe.timeout:g} s", fix)
    except OSError as error:
        fact = f"{place} cannot be reached: {error.strerror}"
        return fail(_CONNECTION, fact, _connection_fix(probe))
    return ok(_CONNECTION, f"{place} answers")


def _connection_fix(probe: Probe) -> str:
    if probe.route:
        return f"{proxy.proxy_variable()} names that proxy: is it right, and is the proxy running?"
    if is_loopback(probe.target.hostname or ""):
        return "Nothing listens there: is the base URL right, and is the program behind it running?"
    return "Is there a network connection? A firewall may be in between."


def _tls(probe: Probe) -> Finding:
    if probe.target.scheme != "https":
        return absent(_TLS, "none: plain http, which stays on this machine")
    if probe.route and probe.route.url.startswith("https:"):
        return untried(_TLS, "the proxy itself speaks TLS; the request will tell")
    try:
        return ok(_TLS, f"{probe.run(lambda: _handshake(probe))}, and the certificate is good")
    except TimeoutError:
        fact = f"no handshake within {probe.timeout:g} s"
        return fail(_TLS, fact, "Something in the network swallows it.")
    except (OSError, HTTPException) as error:
        return _handshake_failure(probe, error)


def _handshake_failure(probe: Probe, error: Exception) -> Finding:
    host = probe.target.hostname or ""
    if isinstance(error, ssl.SSLError) and tls.is_failure(error):
        return certificates.explain(error, host)
    if probe.route:
        problem = proxy.problem(error, probe.route).problem
        return fail("proxy", problem.message, problem.hint)
    fix = "A firewall may do that, or no TLS is spoken on that port."
    return fail(_TLS, f"{host} hangs up in the middle of the handshake", fix)


def _handshake(probe: Probe) -> str | None:
    """Return the protocol that was agreed on; neither a key nor a request is sent."""
    host, port = probe.endpoint
    trust = ssl.create_default_context()
    connection = HTTPSConnection(host, port, timeout=probe.timeout, context=trust)
    if probe.route:
        target = probe.target.port or _PORTS["https"]
        connection.set_tunnel(probe.target.hostname or "", target, headers=probe.route.headers)
    with closing(connection):
        connection.connect()
        protocol: str | None = connection.sock.version()
        return protocol
