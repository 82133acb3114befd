"""Connect through a SOCKS proxy with PySocks, which comes with the extra ``socks``."""

from __future__ import annotations

import socket

from moonshot_status.api import proxy
from moonshot_status.api.proxy import Route
from moonshot_status.core import causes
from moonshot_status.core.errors import ProblemError

# The versions of the protocol, by scheme; ``socks`` is what GNOME and v2rayN write.
_SOCKS_4 = ("socks4", "socks4a")
_RESOLVED_HERE = ("socks4", "socks5")
_REFUSALS = {
    2: causes.SOCKS_FORBIDS,
    **dict.fromkeys((3, 4, 5, 6), causes.SOCKS_REACHES_NOBODY),
}


def open_socket(route: Route, host: str, port: int, timeout: float) -> socket.socket:
    """Return a connection to the host through the proxy.

    ``timeout`` in seconds limits each step. Raises TimeoutError and ProblemError.
    """
    import socks

    destination = _address(host, port, route) if route.scheme in _RESOLVED_HERE else host
    connected = proxy.open_socket(route, timeout)
    opened = socks.socksocket(
        connected.family, connected.type, connected.proto, connected.detach()
    )  # fmt: skip
    opened.settimeout(timeout)
    # Not set_proxy(), which takes no bytes. The proxy gets an address or else resolves the name.
    opened.proxy = (None, None, None, True, *(route.login or (None, None)))
    is_socks_4 = route.scheme in _SOCKS_4
    negotiate = opened._negotiate_SOCKS4 if is_socks_4 else opened._negotiate_SOCKS5
    try:
        # Not connect(), which would connect to the proxy itself.
        negotiate(destination, port)
    except BaseException as error:
        opened.close()
        if isinstance(error, OSError) and not isinstance(error, TimeoutError):
            raise _problem(error, route) from error
        raise
    return opened  # type: ignore[no-any-return]


def _address(host: str, port: int, route: Route) -> str:
    """Return an address of the host: IPv4 if it has one, because most proxies reach only those."""
    is_socks_4 = route.scheme in _SOCKS_4
    family = socket.AF_INET if is_socks_4 else socket.AF_UNSPEC
    try:
        found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ProblemError(
            causes.SOCKS_LOOKUP,
            host=host,
            variable=proxy.proxy_variable(),
            scheme=route.scheme,
            remote="socks4a" if is_socks_4 else "socks5h",
        ) from error
    addresses = sorted(found, key=lambda entry: entry[0] is not socket.AF_INET)
    return str(addresses[0][4][0])


def _problem(error: OSError, route: Route) -> ProblemError:
    """Return the problem with a proxy that did not connect, by PySocks' error."""
    import socks

    if isinstance(error, (socks.SOCKS5Error, socks.SOCKS4Error)):
        status, _, reply = str(error).partition(": ")
        return _refusal(int(status, 16), reply, route)
    cause = causes.PROXY_WITHOUT_SOCKS
    if isinstance(error, socks.SOCKS5AuthError):
        cause = causes.SOCKS_LOGIN_REJECTED if route.login else causes.SOCKS_LOGIN
    elif not isinstance(error, socks.ProxyError) or "closed" in str(error):
        cause = causes.PROXY_CLOSED
    return ProblemError(cause, proxy=route.host, variable=proxy.proxy_variable())


def _refusal(status: int, reply: str, route: Route) -> ProblemError:
    """Return the problem with a connection that the proxy refused with this number."""
    cause = _REFUSALS.get(status, causes.SOCKS_REFUSED)
    variable = proxy.proxy_variable()
    return ProblemError(cause, proxy=route.host, variable=variable, status=status, reply=reply)
