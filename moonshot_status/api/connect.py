"""Open TCP connections: look up a name, and try its addresses in the spirit of RFC 8305.

A module of its own, because importing asyncio takes longer than a whole request.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable
from contextlib import closing, suppress
from itertools import chain, zip_longest
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, cast

from moonshot_status.core import log

_STAGGER_SECONDS = 0.25
_RESOLUTION_DELAY_SECONDS = 0.3


class Address(NamedTuple):
    """An IP address and port to connect to, as the socket module wants them."""

    family: int
    sockaddr: tuple[Any, ...]

    @property
    def ip(self) -> str:
        """The IP address alone."""
        return str(self.sockaddr[0])


Attempt = tuple[Address, "socket.socket | OSError"]


def open_socket(host: str, port: int, timeout: float) -> socket.socket:
    """Connect to the address of the host that answers first; ``timeout`` in seconds is for all.

    Raises socket.gaierror if the name is not found, TimeoutError if an address was still silent at
    the end, or else the error of an address, see ``main_error``.
    """
    until = time.monotonic() + timeout
    addresses = find_addresses(host, port, timeout)
    errors = []
    with closing(_attempts(addresses, until - time.monotonic())) as attempts:
        for address, result in attempts:
            if not isinstance(result, OSError):
                result.settimeout(timeout)
                return result
            log.log(f"no connection to {address.ip}: {result.strerror}")
            errors.append(result)
    raise main_error(errors)


def try_addresses(addresses: list[Address], timeout: float) -> dict[Address, OSError | None]:
    """Connect to all of the addresses; return the error of each, or None if it answers.

    ``timeout`` is in seconds; after the first answer, a quarter of it is left for the others.
    """
    errors: dict[Address, OSError | None] = dict.fromkeys(addresses)
    for address, result in _attempts(addresses, timeout):
        if isinstance(result, OSError):
            errors[address] = result
        else:
            result.close()
    return errors


def main_error(errors: Iterable[OSError]) -> OSError:
    """Return the error that says most: silence until the end, then a refusal, then no route."""
    return max(errors, key=lambda e: (isinstance(e, TimeoutError), isinstance(e, ConnectionError)))


def find_addresses(host: str, port: int, timeout: float) -> list[Address]:
    """Return the addresses of the host, IPv6 and IPv4 in turn; ``localhost`` is not looked up.

    Raises socket.gaierror, or TimeoutError after ``timeout`` seconds.
    """
    if host == "localhost":
        ipv4, ipv6 = ("127.0.0.1", port), ("::1", port, 0, 0)
        return [Address(socket.AF_INET, ipv4), Address(socket.AF_INET6, ipv6)]
    by_family: dict[int, dict[Address, None]] = {}
    for family, _, _, _, sockaddr in _look_up(host, port, timeout):
        by_family.setdefault(family, {})[Address(family, sockaddr)] = None
    in_turn = chain.from_iterable(zip_longest(*by_family.values()))
    return [address for address in in_turn if address]


def _look_up(host: str, port: int, timeout: float) -> list[Any]:
    """Return the answer of getaddrinfo for both families.

    A name server that ignores questions for IPv6 delays that one for seconds. So IPv4 is looked up
    separately, too, and is enough if the other answer is not there shortly afterwards.
    """
    until = time.monotonic() + timeout
    answers: SimpleQueue[tuple[int, list[Any] | Exception]] = SimpleQueue()

    def ask(family: int) -> None:
        try:
            answers.put((family, socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)))
        except Exception as error:  # noqa: BLE001 - raised again below
            answers.put((family, error))

    for family in (socket.AF_UNSPEC, socket.AF_INET):
        threading.Thread(target=ask, args=(family,), daemon=True).start()
    found: dict[int, list[Any] | Exception] = {}
    with suppress(Empty):
        while len(found) < 2 and not isinstance(found.get(socket.AF_UNSPEC), list):
            asked, answer = answers.get(timeout=max(until - time.monotonic(), 0))
            found[asked] = answer
            if asked == socket.AF_UNSPEC or isinstance(answer, list):
                until = min(until, time.monotonic() + _RESOLUTION_DELAY_SECONDS)
    both = found.get(socket.AF_UNSPEC, TimeoutError(errno.ETIMEDOUT, "No answer"))
    ipv4 = found.get(socket.AF_INET)
    answer = ipv4 if isinstance(ipv4, list) and not isinstance(both, list) else both
    if isinstance(answer, UnicodeError):
        raise socket.gaierror(socket.EAI_NONAME, "Not a host name") from answer
    if isinstance(answer, Exception):
        raise answer
    return answer


def _attempts(addresses: list[Address], timeout: float) -> Generator[Attempt, None, None]:
    """Connect to the addresses; yield each with its socket or error, in the order of the results.

    The next attempt begins after 250 ms, earlier if there are many, or as soon as another one has
    ended. What is silent at the end of ``timeout``, or of a quarter of it after the first
    connection, comes last, with TimeoutError. Closing the iterator ends all other attempts.
    """
    stagger = min(_STAGGER_SECONDS, timeout / 2 / len(addresses))
    next_start = time.monotonic()
    until = next_start + timeout
    waiting = deque(addresses)
    with selectors.DefaultSelector() as selector:
        try:
            while (waiting or selector.get_map()) and (now := time.monotonic()) < until:
                if waiting and now >= next_start:
                    address = waiting.popleft()
                    if error := _begin(selector, address):
                        yield address, error
                    else:
                        next_start = now + stagger
                    continue
                wake = min(next_start, until) if waiting else until
                for key, _ in selector.select(wake - now):
                    next_start = now
                    result = _end(selector, key)
                    if not isinstance(result, OSError):
                        until = min(until, time.monotonic() + timeout / 4)
                    yield key.data, result
            for address in [*(key.data for key in selector.get_map().values()), *waiting]:
                yield address, TimeoutError(errno.ETIMEDOUT, "No answer")
        finally:
            for key in selector.get_map().values():
                cast("socket.socket", key.fileobj).close()


def _begin(selector: selectors.BaseSelector, address: Address) -> OSError | None:
    """Start to connect to the address; return the error if that fails at once."""
    try:
        connecting = socket.socket(address.family, socket.SOCK_STREAM)
    except OSError as error:  # A kernel without this family.
        return error
    connecting.setblocking(False)
    connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    status = connecting.connect_ex(address.sockaddr)
    if status not in (0, errno.EINPROGRESS):
        connecting.close()
        return OSError(status, os.strerror(status))
    selector.register(connecting, selectors.EVENT_WRITE, address)
    return None


def _end(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> socket.socket | OSError:
    """Return the connected socket, or the error with which connecting to it has failed."""
    connecting = cast("socket.socket", key.fileobj)
    selector.unregister(connecting)
    status = connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if not status:
        return connecting
    connecting.close()
    return OSError(status, os.strerror(status))
