"""Match hosts with ``NO_PROXY``, in the forms of curl, Go and Python; pure."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network


def is_listed(host: str, port: int, listed: str) -> bool:
    """Return whether the list names the host; an IPv6 address is without brackets.

    Entries are separated by commas or whitespace. An entry is ``*`` for every host, a domain with
    or without ``.`` or ``*.`` before it, an IP address, or a network such as ``10.0.0.0/8``. It may
    end with a port; an IPv6 address then needs brackets.
    """
    host = host.lower().rstrip(".")
    return any(_matches(entry, host, port) for entry in re.split(r"[\s,]+", listed.lower()))


def _matches(entry: str, host: str, port: int) -> bool:
    name, wanted_port = _split(entry)
    if wanted_port not in ("", str(port)):
        return False
    address, network = _network(host), _network(name)
    if isinstance(address, IPv4Network) and isinstance(network, IPv4Network):
        return address.subnet_of(network)
    if isinstance(address, IPv6Network) and isinstance(network, IPv6Network):
        return address.subnet_of(network)
    domain = name.removeprefix("*.").strip(".")
    return name == "*" or (bool(domain) and not address and f".{host}".endswith(f".{domain}"))


def _split(entry: str) -> tuple[str, str]:
    """Return the entry without brackets and port, and its port; empty if there is none."""
    name, _, port = entry.rpartition(":")
    if not name or (":" in name and not name.endswith("]")):
        name, port = entry, ""  # The colon is one of an IPv6 address.
    return name.replace("[", "").replace("]", ""), port


def _network(written: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(written, strict=False)
    except ValueError:
        return None
