"""The proxy that the environment names, if the request goes through one."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from moonshot_status import debug
from moonshot_status.endpoint import is_loopback
from moonshot_status.errors import Kind, ProblemError

VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
"""What may name a proxy, the first that is set before the others."""


@dataclass(frozen=True)
class Route:
    """A proxy's address without its credentials, and the headers that carry them."""

    url: str
    host: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)


def for_url(url: str) -> Route | None:
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
        raise unusable() from error
    if parts.scheme not in ("http", "https") or not host:
        raise unusable()
    name = f"[{host}]" if ":" in host else host
    place = f"{name}:{port}" if port else name
    return Route(f"{parts.scheme}://{place}", place, _headers(parts.username, parts.password))


def _headers(user: str | None, password: str | None) -> dict[str, str]:
    if user is None:
        return {}
    words = [unquote(word, errors="surrogateescape") for word in (user, password or "")]
    encoded = base64.b64encode(":".join(words).encode("utf-8", "surrogateescape")).decode()
    for secret in (password or "", words[1], encoded):
        debug.hide(secret)
    return {"proxy-authorization": f"Basic {encoded}"}


def unusable() -> ProblemError:
    """For an address that is none. It may hold a password, so it is not repeated."""
    return ProblemError(
        Kind.PROXY,
        "The proxy that the environment names cannot be used",
        f"{variable()} wants an address such as http://proxy.example:3128.",
    )


def failed(cause: BaseException) -> ProblemError:
    """For a proxy that refuses, is down or wants a login."""
    login = str(cause).startswith("Tunnel connection failed: 407")
    return ProblemError(
        Kind.PROXY,
        "The proxy wants a login" if login else "The proxy does not let the request through",
        f"{variable()} names the proxy; the API key has nothing to do with it.",
    )


def variable() -> str:
    """The one that counts, of those that are set."""
    return next((name for name in VARIABLES if os.environ.get(name)), "HTTPS_PROXY")
