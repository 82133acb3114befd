"""Find the proxy for a request in the environment, connect to it, and word its refusals."""

from __future__ import annotations

import base64
import http.client
import importlib.util
import os
import re
import socket
import ssl
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes, urlsplit

from moonshot_status.api import connect, no_proxy
from moonshot_status.api.base_url import is_loopback
from moonshot_status.core import causes, log
from moonshot_status.core.errors import ProblemError
from moonshot_status.core.text import unquoted

VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
"""The environment variables for a proxy, in order of priority."""
NO_PROXY_VARIABLES = ("no_proxy", "NO_PROXY")
"""The environment variables that list hosts without a proxy, in order of priority."""
PORTS = {
    "http": 80, "https": 443,
    **dict.fromkeys(("socks", "socks4", "socks4a", "socks5", "socks5h"), 1080),
}  # fmt: skip
"""The default port of each scheme."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,19})://")
# What ends the login in a URL, or belongs to an IPv6 address.
_UNREADABLE = frozenset("/?#[]")
_TLS_ALERT = "\x15\x03"


@dataclass(frozen=True)
class Route:
    """A proxy: its scheme, name and port, and the user name and password for it, if any."""

    scheme: str
    name: str
    port: int
    login: tuple[bytes, bytes] | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        """The name and port, for messages."""
        return f"[{self.name}]:{self.port}" if ":" in self.name else f"{self.name}:{self.port}"

    @property
    def is_socks(self) -> bool:
        """Whether the proxy speaks SOCKS, and not HTTP."""
        return self.scheme.startswith("socks")

    @property
    def headers(self) -> dict[str, str]:
        """The header with the login for a proxy that speaks HTTP, if there is one."""
        return {"proxy-authorization": f"Basic {_encoded(self.login)}"} if self.login else {}


def route_for(url: str) -> Route | None:
    """Return the proxy for this URL, or None. Loopback and plain http never use one.

    ``HTTPS_PROXY`` wins over ``ALL_PROXY``, lower case over upper case, and ``NO_PROXY`` lists
    hosts without a proxy. Raises ProblemError of kind ``proxy``.
    """
    target, variable = urlsplit(url), first_set(*VARIABLES)
    host, port = target.hostname or "", target.port or PORTS["https"]
    if variable is None or target.scheme != "https" or is_loopback(host):
        return None
    exempting = first_set(*NO_PROXY_VARIABLES)
    if exempting and no_proxy.is_listed(host, port, unquoted(os.environ[exempting])):
        return None
    return _route(unquoted(os.environ[variable]))


def first_set(*variables: str) -> str | None:
    """Return the first of these environment variables that is not blank, or None."""
    return next((name for name in variables if unquoted(os.environ.get(name, ""))), None)


def proxy_variable() -> str:
    """Return the name of the variable that is used, of those that are set."""
    return first_set(*VARIABLES) or "HTTPS_PROXY"


def _route(written: str) -> Route:
    with_scheme = _SCHEME.match(written)
    scheme = with_scheme[1].lower() if with_scheme else "http"
    login, _, place = written[with_scheme.end() if with_scheme else 0 :].rpartition("@")
    if scheme not in PORTS:
        raise ProblemError(causes.PROXY_SCHEME, variable=proxy_variable(), scheme=scheme)
    if unreadable := sorted(_UNREADABLE.intersection(login)):
        escapes = ", ".join(f"{char} as {quote(char, safe='')}" for char in unreadable)
        raise ProblemError(causes.PROXY_CHARACTERS, variable=proxy_variable(), escapes=escapes)
    try:
        parts = urlsplit(f"//{place}")
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _invalid_address() from error
    if not host or not host.isprintable() or " " in host or port == 0 or "://" in place:
        raise _invalid_address()
    route = Route(scheme, host, port or PORTS[scheme], _login(login))
    if route.is_socks and importlib.util.find_spec("socks") is None:
        raise ProblemError(causes.SOCKS_MISSING, variable=proxy_variable())
    return route


def _login(written: str) -> tuple[bytes, bytes] | None:
    """Return the user name and password in this part of a URL, and mask them from now on."""
    if not written:
        return None
    user, _, password = (part.encode("utf-8", "surrogateescape") for part in written.partition(":"))
    login = unquote_to_bytes(user), unquote_to_bytes(password)
    for secret in (password, login[1]):
        log.register_secret(secret.decode("utf-8", "surrogateescape"))
    log.register_secret(_encoded(login))
    return login


def _encoded(login: tuple[bytes, bytes]) -> str:
    return base64.b64encode(b":".join(login)).decode()


def _invalid_address() -> ProblemError:
    """Return the error for an invalid proxy URL; it may contain a password and is not in it."""
    return ProblemError(causes.PROXY_ADDRESS, variable=proxy_variable())


def open_socket(route: Route, timeout: float) -> socket.socket:
    """Connect to the proxy. Raises TimeoutError after ``timeout`` seconds, and ProblemError."""
    try:
        return connect.open_socket(route.name, route.port, timeout)
    except TimeoutError:
        raise
    except OSError as error:
        not_found = isinstance(error, socket.gaierror)
        cause = causes.PROXY_NOT_FOUND if not_found else causes.PROXY_UNREACHABLE
        raise ProblemError(cause, proxy=route.host, variable=proxy_variable()) from error


def tls_problem(error: BaseException, route: Route) -> ProblemError:
    """Return the problem with the TLS handshake with a proxy."""
    is_untrusted = isinstance(error, ssl.SSLCertVerificationError)
    cause = causes.PROXY_CERTIFICATE if is_untrusted else causes.PROXY_WITHOUT_TLS
    return ProblemError(cause, proxy=route.host, variable=proxy_variable())


def problem(error: BaseException, route: Route) -> ProblemError:
    """Return the problem with a proxy that speaks HTTP and did not open a tunnel."""
    refusal = re.match(r"Tunnel connection failed: (\d+)", str(error))
    if refusal:
        return _refusal(int(refusal[1]), route)
    cause = causes.PROXY_CLOSED
    if isinstance(error, http.client.HTTPException) and not isinstance(error, OSError):
        is_alert = str(error).startswith(_TLS_ALERT)
        cause = causes.PROXY_WANTS_TLS if is_alert else causes.PROXY_NOT_HTTP
    return ProblemError(cause, proxy=route.host, variable=proxy_variable())


def _refusal(status: int, route: Route) -> ProblemError:
    """Return the problem with the tunnel that the proxy refused with this HTTP status."""
    cause = _REFUSALS.get(status, causes.PROXY_REFUSES)
    if status == http.client.PROXY_AUTHENTICATION_REQUIRED and route.login:
        cause = causes.PROXY_LOGIN_REJECTED
    return ProblemError(cause, proxy=route.host, variable=proxy_variable(), status=status)


_REFUSALS = {
    403: causes.PROXY_FORBIDS,
    407: causes.PROXY_WANTS_LOGIN,
    511: causes.PROXY_PORTAL,
    **dict.fromkeys((502, 503, 504), causes.PROXY_REACHES_NOBODY),
}
