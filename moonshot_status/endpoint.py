"""The base URL: where a key may be sent, and where it may not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moonshot_status.account import Region
from moonshot_status.errors import Kind, ProblemError

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)*")


def official(region: Region) -> str:
    return f"https://{region.host}"


def base_url(written: str, region: Region, where: str) -> str:
    """The address that somebody wrote at ``where``, normalised, without ``/v1``.

    Raises ProblemError of kind ``config``; the address, which may hold a password, is not in it.
    """
    from urllib.parse import urlsplit

    if not re.fullmatch(r"[\x21-\x5b\x5d-\x7e]+", written):
        raise _refused(where, "it has characters that no address has")
    try:
        parts = urlsplit(written)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError as error:
        raise _refused(where, "it is no address") from error
    if "@" in parts.netloc:
        raise _refused(where, "a user name or password may not stand in it")
    if parts.query or parts.fragment or "?" in written or "#" in written:
        raise _refused(where, "it may not have a query or a fragment")
    # Brackets are for IPv6; some versions of Python let any name stand in them.
    is_host = _is_ipv6(host) if "[" in parts.netloc else _HOST.fullmatch(host)
    if port == 0 or not is_host or not _PATH.fullmatch(parts.path):
        raise _refused(where, "it has no usable host, port or path")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise _refused(where, "it must be https, or http to this machine")
    for other in Region:
        if host == other.host and other is not region:
            raise _refused(
                where,
                f"it is the {other.value} host, but the account's region is {region.value}",
                f'Set the region to "{other.value}" if that is where the key is from.',
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


def _refused(where: str, why: str, hint: str = "") -> ProblemError:
    return ProblemError(
        Kind.CONFIG,
        f"{where} cannot be used: {why}",
        hint or "An example is https://api.moonshot.ai/v1; without one, the region decides.",
    )
