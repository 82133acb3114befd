"""The base URL: where a key may be sent, and where it may not."""

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
_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)*")


def official_base_url(region: Region) -> str:
    return f"https://{region.host}"


def normalize_base_url(written: str, region: Region, where: str) -> str:
    """The address that somebody wrote at ``where``, normalised, without ``/v1``.

    Raises ProblemError of kind ``config``; the address, which may hold a password, is not in it.
    """
    from urllib.parse import urlsplit

    if not re.fullmatch(r"[\x21-\x5b\x5d-\x7e]+", written):
        raise ProblemError(causes.URL_CHARACTERS, where=where)
    try:
        parts = urlsplit(written)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError as error:
        raise ProblemError(causes.URL_INVALID, where=where) from error
    if "@" in parts.netloc:
        raise ProblemError(causes.URL_CREDENTIALS, where=where)
    if parts.query or parts.fragment or "?" in written or "#" in written:
        raise ProblemError(causes.URL_QUERY, where=where)
    # Brackets are for IPv6; some versions of Python let any name stand in them.
    is_host = _is_ipv6(host) if "[" in parts.netloc else _HOST.fullmatch(host)
    if port == 0 or not is_host or not _PATH.fullmatch(parts.path):
        raise ProblemError(causes.URL_INCOMPLETE, where=where)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise ProblemError(causes.URL_NOT_ENCRYPTED, where=where)
    for other in Region:
        if host == other.host and other is not region:
            raise ProblemError(
                causes.URL_OTHER_REGION, where=where, other=other.value, region=region.value
            )
    name = f"[{host}]" if ":" in host else host
    if port == {"https": 443, "http": 80}[parts.scheme]:
        port = None
    path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return f"{parts.scheme}://{name}{f':{port}' if port else ''}{path}"


def is_loopback(host: str) -> bool:
    """Whether requests to this host, an IPv6 address without its brackets, stay on the machine."""
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
