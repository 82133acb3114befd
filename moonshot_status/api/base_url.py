"""Validate and normalize base URLs, so that keys are sent to allowed hosts only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moonshot_status.core import causes
from moonshot_status.core.errors import ProblemError
from moonshot_status.core.regions import Region

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
# The domains of the provider. Its API has a host of its own in each region.
_PROVIDER = re.compile(r"(moonshot|kimi)\.(ai|cn|com)")
_KIMI_CODE = re.compile(r"api\.kimi\.\w+")
# The ends of paths that are one endpoint, and not what comes before all of them.
_ENDPOINTS = (
    "/chat/completions", "/users/me/balance", "/v1/completions", "/v1/embeddings", "/v1/files",
    "/v1/messages", "/v1/models",
)  # fmt: skip
_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)*")


def official_base_url(region: Region) -> str:
    """Return the base URL of the region's own API."""
    return f"https://{region.host}"


def normalize_base_url(written: str, region: Region, origin: str) -> str:
    """Return the URL in normal form: lower-case host, no default port, no ``/v1``.

    ``origin`` names the setting or variable for messages. Raises ProblemError of kind ``config``
    for a URL that is not allowed; the URL, which may contain a password, is not in it.
    """
    from urllib.parse import urlsplit

    if not re.fullmatch(r"[\x21-\x5b\x5d-\x7e]+", written):
        raise ProblemError(causes.URL_CHARACTERS, origin=origin)
    try:
        parts = urlsplit(written)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError as error:
        raise ProblemError(causes.URL_INVALID, origin=origin) from error
    if "@" in parts.netloc:
        raise ProblemError(causes.URL_CREDENTIALS, origin=origin)
    if "?" in written or "#" in written:
        raise ProblemError(causes.URL_QUERY, origin=origin)
    # Brackets are for IPv6; some versions of Python accept any name in them.
    is_host = _is_ipv6(host) if "[" in parts.netloc else _HOST.fullmatch(host)
    if port == 0 or not is_host or not _PATH.fullmatch(parts.path):
        raise ProblemError(causes.URL_INCOMPLETE, origin=origin)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise ProblemError(causes.URL_NOT_ENCRYPTED, origin=origin)
    _check_api(host, parts.path.rstrip("/"), region, origin)
    name = f"[{host}]" if ":" in host else host
    if port == {"https": 443, "http": 80}[parts.scheme]:
        port = None
    path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return f"{parts.scheme}://{name}{f':{port}' if port else ''}{path}"


def _check_api(host: str, path: str, region: Region, origin: str) -> None:
    """Raise ProblemError if the URL is known to be another API than that of the region."""
    for other in Region:
        if host == other.host and other is not region:
            raise ProblemError(
                causes.URL_OTHER_REGION, origin=origin, other=other.value, region=region.value
            )
    what = _other_api(host, path)
    if what:
        instead = f"{official_base_url(region)}/v1"
        raise ProblemError(causes.URL_OTHER_API, origin=origin, what=what, instead=instead)


def _other_api(host: str, path: str) -> str:
    """Return what the URL is instead of the API with the balance; empty if it may be that."""
    is_official = host in [region.host for region in Region]
    domain = ".".join(host.split(".")[-2:])
    if _KIMI_CODE.fullmatch(host):
        return "it is the API of Kimi Code, another product"
    if _PROVIDER.fullmatch(domain) and not is_official and not host.startswith("api"):
        return "it is a website, not the API"
    if is_official and "anthropic" in path.lower().split("/"):
        return "it is the API for Anthropic's clients, which has no balance"
    if path.endswith(_ENDPOINTS):
        return "it is a single endpoint, not the base of all of them"
    if is_official and path.strip("/") not in ("", "v1"):
        return "it has a path that the API does not have"
    return ""


def is_loopback(host: str) -> bool:
    """Return whether requests to this host stay on the machine; IPv6 is without brackets."""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _is_ipv6(host: str) -> bool:
    return ":" in host and "%" not in host and _address(host) is not None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    from ipaddress import ip_address

    try:
        return ip_address(host)
    except ValueError:
        return None
