"""Find the proxy for a request in the environment."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from moonshot_status.api.base_url import is_loopback
from moonshot_status.core import causes, log
from moonshot_status.core.errors import ProblemError

VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
"""The environment variables for a proxy, in order of priority."""


@dataclass(frozen=True)
class Route:
    """A proxy's URL without credentials, its host and port, and the headers with credentials."""

    url: str
    host: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)


def route_for(url: str) -> Route | None:
    """Return the proxy for this URL, or None. Loopback and plain http never use one.

    ``HTTPS_PROXY`` wins over ``ALL_PROXY``, lower case over upper case, and ``NO_PROXY`` lists
    hosts without a proxy. Raises ProblemError of kind ``proxy``.
    """
    from urllib.request import (  # type: ignore[attr-defined]
        getproxies_environment,
        proxy_bypass_environment,
    )

    target = urlsplit(url)
    proxies = getproxies_environment()
    written = (proxies.get("https") or proxies.get("all") or "").strip()
    if not written or target.scheme != "https" or is_loopback(target.hostname or ""):
        return None
    if proxy_bypass_environment(target.netloc, proxies):
        return None
    return _route(written if "://" in written else f"http://{written}")


def _route(written: str) -> Route:
    try:
        parts = urlsplit(written)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise invalid_address() from error
    if parts.scheme not in ("http", "https") or not host or not host.isprintable() or " " in host:
        raise invalid_address()
    name = f"[{host}]" if ":" in host else host
    address = f"{name}:{port}" if port else name
    return Route(f"{parts.scheme}://{address}", address, _headers(parts.username, parts.password))


def _headers(user: str | None, password: str | None) -> dict[str, str]:
    """Return the header for these percent-encoded credentials, if there are any."""
    if user is None:
        return {}
    login = [unquote(part, errors="surrogateescape") for part in (user, password or "")]
    encoded = base64.b64encode(":".join(login).encode("utf-8", "surrogateescape")).decode()
    for secret in (password or "", login[1], encoded):
        log.register_secret(secret)
    return {"proxy-authorization": f"Basic {encoded}"}


def invalid_address() -> ProblemError:
    """Return the error for an invalid proxy URL; it may contain a password and is not in it."""
    return ProblemError(causes.PROXY_ADDRESS, variable=proxy_variable())


def problem(error: BaseException, route: Route) -> ProblemError:
    """Return the problem with a proxy that is down, refuses the request or requires a login."""
    login = str(error).startswith("Tunnel connection failed: 407")
    return ProblemError(
        causes.PROXY_LOGIN if login else causes.PROXY_REFUSED, variable=proxy_variable()
    )


def proxy_variable() -> str:
    """Return the name of the variable that is used, of those that are set."""
    return next((name for name in VARIABLES if os.environ.get(name)), "HTTPS_PROXY")
