"""The proxy that the environment names, if the request goes through one."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from moonshot_status.api.base_url import is_loopback
from moonshot_status.core import causes, log
from moonshot_status.core.errors import ProblemError

VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
"""What may name a proxy, the first that is set before the others."""


@dataclass(frozen=True)
class Route:
    """A proxy's address without its credentials, and the headers that carry them."""

    url: str
    host: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)


def route_for(url: str) -> Route | None:
    """The way to this https address; http stays on the machine and never takes one.

    ``HTTPS_PROXY``, else ``ALL_PROXY``, unless ``NO_PROXY`` names the host; lower case wins.
    Raises ProblemError of kind ``proxy``.
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
    if parts.scheme not in ("http", "https") or not host:
        raise invalid_address()
    name = f"[{host}]" if ":" in host else host
    place = f"{name}:{port}" if port else name
    return Route(f"{parts.scheme}://{place}", place, _headers(parts.username, parts.password))


def _headers(user: str | None, password: str | None) -> dict[str, str]:
    if user is None:
        return {}
    words = [unquote(word, errors="surrogateescape") for word in (user, password or "")]
    encoded = base64.b64encode(":".join(words).encode("utf-8", "surrogateescape")).decode()
    for secret in (password or "", words[1], encoded):
        log.register_secret(secret)
    return {"proxy-authorization": f"Basic {encoded}"}


def invalid_address() -> ProblemError:
    """Return the error for a proxy address that cannot be used; it may hold a password."""
    return ProblemError(causes.PROXY_ADDRESS, variable=proxy_variable())


def proxy_failure(cause: BaseException) -> ProblemError:
    """Return the error for a proxy that refuses, is down or wants a login."""
    login = str(cause).startswith("Tunnel connection failed: 407")
    return ProblemError(
        causes.PROXY_LOGIN if login else causes.PROXY_REFUSED, variable=proxy_variable()
    )


def proxy_variable() -> str:
    """The one that counts, of those that are set."""
    return next((name for name in VARIABLES if os.environ.get(name)), "HTTPS_PROXY")
