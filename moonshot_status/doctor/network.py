"""Check the connection to the API without a key: proxy, name lookup, connection, TLS.

Only the account's own host is looked up and connected to, or the proxy in front of it.
"""

from __future__ import annotations

import errno
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from queue import Empty
from typing import cast

from moonshot_status.api import client, connect, http_connection, proxy
from moonshot_status.api.base_url import is_loopback
from moonshot_status.api.connect import Address
from moonshot_status.api.http_connection import Target
from moonshot_status.core.errors import Kind, ProblemError
from moonshot_status.core.regions import Region
from moonshot_status.doctor import certificates
from moonshot_status.doctor.context import Context
from moonshot_status.doctor.finding import Finding, State, absent, fail, hint, ok, untried

_STEPS = _LOOKUP, _CONNECTION, _TLS = "name lookup", "connection", "TLS"
REQUIRED = ("proxy", *_STEPS)
"""The steps that must not fail if a request is to be made."""
_OFFICIAL = {region.host for region in Region}
_UNUSABLE = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.ENETUNREACH)
# The addresses that VPN programs make up for names, by default.
_FAKE = ("198.18.0.0/15", "fc00::/18")
_THIS_MACHINE = ("0.0.0.0/32", "127.0.0.0/8", "::/128", "::1/128")
_PRIVATE = (
    "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
    "fc00::/7", "fe80::/10",
)  # fmt: skip


@dataclass(frozen=True)
class Probe:
    """The connection to examine, and its time limit.

    ``timeout`` is in seconds; ``deadline`` is when it ends, on the monotonic clock.
    """

    target: Target
    timeout: float
    deadline: float

    @property
    def seconds_left(self) -> float:
        """The time until the deadline."""
        return max(self.deadline - time.monotonic(), 0.001)


def findings(context: Context) -> Iterator[Finding]:
    """Yield the proxy, the CA certificates and each step up to a TLS connection."""
    base_url, timeout = context.settings.account.base_url, context.settings["timeout"]
    if not base_url:
        yield from _untried("the settings do not say where the API is")
        return
    try:
        target = http_connection.find_target(base_url)
    except ProblemError as error:
        yield fail("proxy", error.problem.message, error.problem.hint)
        yield from _untried("the proxy cannot be used")
        return
    yield _proxy(target)
    if target.scheme == "https":
        yield from certificates.findings()
    yield from _steps(Probe(target, timeout, time.monotonic() + timeout))


def _proxy(target: Target) -> Finding:
    if route := target.route:
        login = ", with a login" if route.login else ""
        return ok("proxy", f"{proxy.proxy_variable()} leads through {route.host}{login}")
    if proxy.first_set("http_proxy", "HTTP_PROXY"):
        fact = "HTTP_PROXY does not count here: the API is asked by https"
        return hint("proxy", fact, "Set HTTPS_PROXY if the network wants a proxy.")
    if variable := proxy.first_set(*proxy.VARIABLES):
        return ok("proxy", f"{variable} does not count for {target.host}")
    return absent("proxy", "none is named")


def _untried(why: str, *names: str) -> Iterator[Finding]:
    yield from (untried(name, why) for name in names or _STEPS)


def _steps(probe: Probe) -> Iterator[Finding]:
    """Yield each step; those after a failed one are not tried."""
    lookup, addresses = _lookup(probe)
    yield lookup
    if lookup.state is State.FAIL:
        yield from _untried(f"see {_LOOKUP}", _CONNECTION, _TLS)
        return
    connection = _connection(probe, addresses)
    yield connection
    failed = connection.state is State.FAIL
    yield untried(_TLS, f"see {_CONNECTION}") if failed else _tls(probe)


def _lookup(probe: Probe) -> tuple[Finding, list[Address]]:
    host, port = probe.target.endpoint
    try:
        addresses = connect.find_addresses(host, port, probe.seconds_left)
    except TimeoutError:
        fix = "No name server answers: look at /etc/resolv.conf, VPN and Wi-Fi."
        return fail(_LOOKUP, f"{host} is not found within {probe.timeout:g} s", fix), []
    except OSError as error:
        fact = f"{host} is not found: {error.strerror or 'no name'}"
        return fail(_LOOKUP, fact, _lookup_fix(probe, host)), []
    return _found(host, addresses), addresses


def _lookup_fix(probe: Probe, host: str) -> str:
    if probe.target.route:
        return f"{proxy.proxy_variable()} names that host."
    if host in _OFFICIAL:
        return "Is there a network connection? Look at name servers, VPN and Wi-Fi."
    return "Is the base URL right, and is there a network connection?"


def _found(host: str, addresses: list[Address]) -> Finding:
    """Return the finding on the addresses to which the name leads."""
    private = f" ({', '.join(address.ip for address in addresses)})"
    # Filters give such addresses for the names that they block.
    if _is_in(addresses, _THIS_MACHINE) and not is_loopback(host):
        fix = "A filter does that: look for the name in /etc/hosts, Pi-hole and the like."
        return fail(_LOOKUP, f"{host} leads to this machine itself", fix, private)
    if host in _OFFICIAL and _is_in(addresses, _PRIVATE) and not _is_in(addresses, _FAKE):
        fix = "The network's own name server says so: a login page, a filter or a company's."
        return hint(_LOOKUP, f"{host} leads to a private address", fix, private)
    return ok(_LOOKUP, f"{host} is found", private)


def _version(address: Address) -> str:
    return "IPv6" if ":" in address.ip else "IPv4"


def _is_in(addresses: Iterable[Address], networks: Iterable[str]) -> bool:
    """Return whether one of the addresses is in one of the networks."""
    ips = [ip_address(address.ip.partition("%")[0]) for address in addresses]
    return any(ip in ip_network(network) for ip in ips for network in networks)


def _connection(probe: Probe, addresses: list[Address]) -> Finding:
    host, port = probe.target.endpoint
    place = f"{host} port {port}"
    results = connect.try_addresses(addresses, probe.seconds_left)
    errors = {address: error for address, error in results.items() if error}
    private = f" ({'; '.join(f'{address.ip}: {e.strerror}' for address, e in errors.items())})"
    if len(errors) == len(results):
        return _unreachable(probe, place, errors, private)
    # A machine without IPv6 has no route to it, which costs no time.
    dead = {address: e for address, e in errors.items() if e.errno not in _UNUSABLE}
    if not dead or is_loopback(host):
        return ok(_CONNECTION, f"{place} answers")
    alive = [address for address in results if address not in errors]
    return _partly_reachable(place, dead, alive, private)


def _partly_reachable(
    place: str, dead: dict[Address, OSError], alive: list[Address], private: str
) -> Finding:
    """Return the finding on a host of which some addresses answer and others do not."""
    of_dead, of_alive = ({_version(address) for address in group} for group in (dead, alive))
    verb = "do not" if len(dead) > 1 else "does not"
    if of_dead == {"IPv4", "IPv6"} - of_alive:
        (broken,), (working,) = of_dead, of_alive
        fact = f"{place} answers; its {broken} address{'es' * (len(dead) > 1)} {verb}"
        fix = (
            f"{broken} is broken on this network; requests fall back to {working} within a second."
        )
    else:
        fact = f"{place} answers; {len(dead)} of its {len(dead) + len(alive)} addresses {verb}"
        fix = "Requests fall back to its other addresses within a second."
    if all(isinstance(error, ConnectionError) for error in dead.values()):
        return ok(_CONNECTION, fact, private)
    return hint(_CONNECTION, fact, fix, private)


def _unreachable(probe: Probe, place: str, errors: dict[Address, OSError], private: str) -> Finding:
    """Return the finding on a host of which no address answers."""
    error = connect.main_error(errors.values())
    if isinstance(error, TimeoutError):
        fact = f"{place} does not answer within {probe.timeout:g} s"
        fix = "A firewall may swallow it, or the network wants a proxy in HTTPS_PROXY."
    else:
        fact, fix = f"{place} cannot be reached: {error.strerror}", _connection_fix(probe)
    if _is_in(errors, _FAKE):
        fix = (
            "A VPN or proxy program makes up such addresses, and seems to be off: start it, or "
            "clear the DNS cache."
        )
    return fail(_CONNECTION, fact, fix, private)


def _connection_fix(probe: Probe) -> str:
    if probe.target.route:
        return f"{proxy.proxy_variable()} names that proxy: is it right, and is the proxy running?"
    if is_loopback(probe.target.host):
        return "Nothing listens there: is the base URL right, and is the program behind it running?"
    return "Is there a network connection? A firewall may be in between."


def _tls(probe: Probe) -> Finding:
    target = probe.target
    if target.scheme != "https":
        return absent(_TLS, "none: plain http, which stays on this machine")
    try:
        return ok(_TLS, f"{_handshake(probe)}, and the certificate is good")
    except ProblemError as error:
        problem = error.problem
    if problem.kind is Kind.OFFLINE:
        fix = "A firewall may do that, or no TLS is spoken on that port."
        return fail(_TLS, f"{target.host} hangs up in the middle of the handshake", fix)
    name = "proxy" if problem.kind is Kind.PROXY else _TLS
    return fail(name, f"{problem.message}{certificates.clock(problem)}", problem.hint)


def _handshake(probe: Probe) -> str | None:
    """Connect as a poll does, without a request; return the protocol that was agreed on.

    Raises ProblemError.
    """
    target, seconds = probe.target, probe.seconds_left

    def connect_and_close() -> str | None:
        with closing(http_connection.open_connection(target, seconds)) as opened:
            return cast("ssl.SSLSocket", opened.sock).version()

    try:
        return client.run_with_deadline(seconds, connect_and_close)
    except Empty as error:
        raise http_connection.problem(TimeoutError(), target, probe.timeout) from error
