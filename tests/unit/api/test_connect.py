"""Connecting to one of several addresses: simulated to the millisecond, and with real sockets."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import TYPE_CHECKING, Any

import pytest
from kit.raw_server import (
    BALANCE,
    RawServer,
    TunnelProxy,
    free_port,
    http,
    silent_port,
    tls_for,
    trust,
)
from kit.support import KEY

from moonshot_status.api import connect
from moonshot_status.api.client import fetch_balance
from moonshot_status.api.connect import Address, find_addresses, open_socket, try_addresses
from moonshot_status.core.errors import ProblemError

if TYPE_CHECKING:
    from typing_extensions import Self

Patch = pytest.MonkeyPatch
HOST = "api.moonshot.ai"
IPV4, IPV6 = [f"192.0.2.{n}" for n in range(9)], [f"2001:db8::{n}" for n in range(9)]
SILENT = (1e9, 0)
REFUSED, NO_ROUTE, NO_NETWORK, NO_FAMILY = (
    errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EAFNOSUPPORT,
)  # fmt: skip


@dataclass
class Network:
    """A clock, and a network of which each address has an outcome: seconds, and an errno or 0.

    An outcome after no seconds is that of the system call. ``attempts`` has the time at which each
    address was tried, in order.
    """

    outcomes: dict[str, tuple[float, int]]
    now: float = 1000.0
    attempts: list[tuple[float, str]] = field(default_factory=list)
    sockets: list[Socket] = field(default_factory=list)

    def open(self) -> list[str]:
        """Return the addresses of the sockets that are not closed."""
        return [sock.ip for sock in self.sockets if sock.is_open]

    def socket(self, family: int, _: int) -> Socket:
        if (family, NO_FAMILY) in self.outcomes.values():
            self.attempts.append((self.now - 1000, "no family"))
            raise OSError(NO_FAMILY, os.strerror(NO_FAMILY))
        self.sockets.append(Socket(self))
        return self.sockets[-1]


class Socket:
    """A socket of the simulated network."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.is_open = True
        self.options: list[tuple[int, int, int]] = []
        self.ip, self.due, self.status, self.timeout = "", 0.0, 0, 0.0

    def setblocking(self, flag: bool) -> None:
        assert not flag

    def setsockopt(self, *option: int) -> None:
        self.options.append(option)  # type: ignore[arg-type]

    def connect_ex(self, sockaddr: tuple[Any, ...]) -> int:
        self.ip = sockaddr[0]
        self.network.attempts.append((round(self.network.now - 1000, 3), self.ip))
        seconds, self.status = self.network.outcomes[self.ip]
        self.due = self.network.now + seconds
        return errno.EINPROGRESS if seconds else self.status

    def getsockopt(self, *_: int) -> int:
        assert self.is_open
        assert self.due <= self.network.now
        return self.status

    def settimeout(self, seconds: float) -> None:
        self.timeout = seconds

    def close(self) -> None:
        self.is_open = False


class Selector:
    """A selector of the simulated network, which passes the time until something happens."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.keys: dict[Socket, selectors.SelectorKey] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        assert self.network.now  # nothing to close

    def register(self, sock: Socket, events: int, data: object) -> None:
        assert events == selectors.EVENT_WRITE
        self.keys[sock] = selectors.SelectorKey(sock, 0, events, data)  # type: ignore[arg-type]

    def unregister(self, sock: Socket) -> None:
        del self.keys[sock]

    def get_map(self) -> dict[Socket, selectors.SelectorKey]:
        return self.keys

    def select(self, timeout: float) -> list[tuple[selectors.SelectorKey, int]]:
        assert 0 <= timeout < 100
        until = self.network.now + timeout
        self.network.now = min([until, *(max(sock.due, self.network.now) for sock in self.keys)])
        return [(key, 2) for sock, key in self.keys.items() if sock.due <= self.network.now]


@pytest.fixture
def simulate(monkeypatch: Patch) -> Callable[..., Network]:
    """Replace the clock and the network, and have the name lead to these addresses."""

    def simulate(outcomes: dict[str, tuple[float, int]]) -> Network:
        network = Network(outcomes)
        answer = [
            (socket.AF_INET6 if ":" in ip else socket.AF_INET, 1, 6, "", (ip, 443))
            for ip in outcomes
        ]
        replaced = SimpleNamespace(**{**vars(socket), "socket": network.socket})
        replaced.getaddrinfo = lambda *_: answer
        monkeypatch.setattr(connect, "socket", replaced)
        monkeypatch.setattr(connect, "time", SimpleNamespace(monotonic=lambda: network.now))
        polling = SimpleNamespace(
            DefaultSelector=lambda: Selector(network), EVENT_WRITE=selectors.EVENT_WRITE
        )
        monkeypatch.setattr(connect, "selectors", polling)
        return network

    return simulate


def connected(network: Network, timeout: float = 10) -> str:
    """Return the address of the connection, after checking that no other one was left open."""
    found = open_socket(HOST, 443, timeout)
    assert isinstance(found, Socket)
    assert network.open() == [found.ip]
    assert found.options == [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    assert found.timeout == timeout
    return found.ip


FIRST, SECOND, THIRD = IPV6[1], IPV4[1], IPV6[2]
RACES: dict[str, tuple[list[tuple[float, int]], int, list[float]]] = {
    # The outcome of each address, the number of the one that wins, and when each one is tried.
    "answers": ([(0.02, 0)], 0, [0]),
    "answers at once": ([(0, 0)], 0, [0]),
    "first answers": ([(0.02, 0), (0.02, 0)], 0, [0]),
    "first refuses": ([(0.02, REFUSED), (0.02, 0)], 1, [0, 0.02]),
    "first has no network": ([(0, NO_NETWORK), (0.02, 0)], 1, [0, 0]),
    "first is silent": ([SILENT, (0.02, 0)], 1, [0, 0.25]),
    "first is late, second silent": ([(0.4, 0), SILENT], 0, [0, 0.25]),
    "first is late, second refuses": ([(0.4, 0), (0.02, REFUSED)], 0, [0, 0.25]),
    "first is later than the second": ([(0.4, 0), (0.1, 0)], 1, [0, 0.25]),
    "both at once": ([(0.5, 0), (0.25, 0)], 0, [0, 0.25]),
    "second is silent": ([(0.02, REFUSED), SILENT, (0.02, 0)], 2, [0, 0.02, 0.27]),
    "mixed": ([SILENT, (0, NO_ROUTE), SILENT, (0.3, REFUSED), (9, 0)], 4,
              [0, 0.25, 0.25, 0.5, 0.75]),
    "the last of many": ([SILENT] * 15 + [(0.5, 0)], 15, [n / 4 for n in range(16)]),
}  # fmt: skip


@pytest.mark.parametrize("ips", [IPV6, IPV4, [FIRST, SECOND, THIRD, IPV4[2], IPV6[3]]])
@pytest.mark.parametrize("name", RACES)
def test_the_first_address_that_answers_is_used(
    simulate: Callable[..., Network], ips: list[str], name: str
) -> None:
    outcomes, winner, times = RACES[name]
    ips = [ips[n] if n < len(ips) else f"{ips[0]}{n}" for n in range(len(outcomes))]
    if name == "the last of many":
        ips = [f"192.0.2.{n}" for n in range(len(outcomes))]
    network = simulate(dict(zip(ips, outcomes, strict=True)))
    assert connected(network) == ips[winner]
    assert network.attempts == list(zip(times, ips, strict=False))


def test_with_little_time_all_addresses_are_tried_in_the_first_half_of_it(
    simulate: Callable[..., Network],
) -> None:
    network = simulate({f"192.0.2.{n}": SILENT for n in range(19)} | {"192.0.2.20": (0.4, 0)})
    assert connected(network, 1) == "192.0.2.20"
    assert [at for at, _ in network.attempts] == pytest.approx([n / 40 for n in range(20)])


def test_a_kernel_without_ipv6(simulate: Callable[..., Network]) -> None:
    network = simulate({FIRST: (socket.AF_INET6, NO_FAMILY), SECOND: (0.02, 0)})
    assert connected(network) == SECOND
    assert network.attempts == [(0, "no family"), (0, SECOND)]


FAILURES: dict[str, tuple[list[tuple[float, int]], int, float]] = {
    # The outcome of each address, the error that is raised, and after how many seconds.
    "refused": ([(0.02, REFUSED)] * 2, REFUSED, 0.04),
    "silent": ([SILENT] * 3, errno.ETIMEDOUT, 10),
    "refused and silent": ([(0.02, REFUSED), SILENT], errno.ETIMEDOUT, 10),
    "silent and refused": ([SILENT, (0.02, REFUSED)], errno.ETIMEDOUT, 10),
    "too late": ([(10.5, 0)], errno.ETIMEDOUT, 10),
    "no network": ([(0, NO_NETWORK)] * 2, NO_NETWORK, 0),
    "the system gives up": ([(3, errno.ETIMEDOUT), (0.1, REFUSED)], errno.ETIMEDOUT, 3),
    "no network, then refused": ([(0, NO_NETWORK), (0.1, REFUSED)], REFUSED, 0.1),
    "refused, then no network": ([(0.1, REFUSED), (0, NO_NETWORK)], REFUSED, 0.1),
    "two reasons of this machine": ([(0, NO_ROUTE), (0, NO_NETWORK)], NO_ROUTE, 0),
}


@pytest.mark.parametrize("name", FAILURES)
def test_without_an_answer_the_error_that_says_most_is_raised(
    simulate: Callable[..., Network], name: str
) -> None:
    outcomes, expected, seconds = FAILURES[name]
    network = simulate(dict(zip(IPV6, outcomes, strict=False)))
    with pytest.raises(OSError, match=r".") as caught:
        open_socket(HOST, 443, 10)
    assert caught.value.errno == expected
    assert isinstance(caught.value, TimeoutError) == (expected == errno.ETIMEDOUT)
    assert network.now == pytest.approx(1000 + seconds)
    assert network.open() == []


def test_if_the_lookup_took_all_of_the_time_nothing_is_tried(
    simulate: Callable[..., Network],
) -> None:
    network = simulate({FIRST: (0.1, 0), SECOND: (0.1, 0)})
    with pytest.raises(TimeoutError):
        open_socket(HOST, 443, 0)
    assert network.attempts == []


def test_every_address_can_be_tried(simulate: Callable[..., Network]) -> None:
    outcomes = [(0.1, 0), SILENT, (1, 0), (0.1, REFUSED), (3, NO_ROUTE), (0.1, 0)]
    network = simulate(dict(zip(IPV4, outcomes, strict=False)))
    addresses = find_addresses(HOST, 443, 10)
    results = try_addresses(addresses, 10)
    assert list(results) == addresses
    found = [error and error.errno for error in results.values()]
    assert found == [None, errno.ETIMEDOUT, None, REFUSED, errno.ETIMEDOUT, None]
    assert network.now == pytest.approx(1000 + 0.1 + 2.5)
    assert network.open() == []


def test_if_none_answers_every_address_gets_all_of_the_time(
    simulate: Callable[..., Network],
) -> None:
    network = simulate({FIRST: SILENT, SECOND: (9, REFUSED)})
    results = try_addresses(find_addresses(HOST, 443, 10), 10)
    assert [error and error.errno for error in results.values()] == [errno.ETIMEDOUT, REFUSED]
    assert network.now == pytest.approx(1010)


A, B, C = (IPV4[n] for n in (1, 2, 3))
X, Y, Z = (IPV6[n] for n in (1, 2, 3))
ORDERS = [
    ([X, Y, Z, A, B], [X, A, Y, B, Z]),
    ([A, B, C, X], [A, X, B, C]),
    ([A, X, B, Y], [A, X, B, Y]),
    ([X, Y], [X, Y]),
    ([A, A, X, A, X, B], [A, X, B]),
]


@pytest.mark.parametrize(("found", "tried"), ORDERS)
def test_the_families_take_turns(monkeypatch: Patch, found: list[str], tried: list[str]) -> None:
    lead_to(monkeypatch, *((ip, 443) for ip in found))
    assert [address.ip for address in find_addresses(HOST, 443, 60)] == tried


def test_the_scope_of_a_link_local_address_is_kept(monkeypatch: Patch) -> None:
    lead_to(monkeypatch, ("fe80::1", 443, 0, 7))
    assert find_addresses(HOST, 443, 60) == [Address(socket.AF_INET6, ("fe80::1", 443, 0, 7))]


def lead_to(monkeypatch: Patch, *sockaddrs: tuple[Any, ...]) -> None:
    """Have every name but 127.0.0.1 lead to these addresses."""
    real = socket.getaddrinfo
    answer = [
        (socket.AF_INET6 if ":" in sockaddr[0] else socket.AF_INET, 1, 6, "", sockaddr)
        for sockaddr in sockaddrs
    ]
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *more: real(host, *more) if host == "127.0.0.1" else answer,
    )


# The name lookup. Answers of a lookup of both families, and of one of IPv4 alone.
BOTH = [(socket.AF_INET6, 1, 6, "", (X, 443)), (socket.AF_INET, 1, 6, "", (A, 443))]
ONLY_IPV4 = BOTH[1:]
UNKNOWN = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
NOT_THIS_FAMILY = socket.gaierror(-9, "Address family for hostname not supported")
Answer = Any


@pytest.fixture
def name_server(monkeypatch: Patch) -> Iterator[Callable[[Answer, Answer], None]]:
    """Have the lookups answer this, in order; the first one is the lookup of both families.

    An answer of None comes after the test. The other ones wait for ``later`` if it is an event.
    """
    over = threading.Event()

    def serve(both: Answer, ipv4: Answer) -> None:
        def look_up(host: str, port: int, family: int, kind: int) -> Answer:
            assert (host, port, kind) == (HOST, 443, socket.SOCK_STREAM)
            answer = ipv4 if family == socket.AF_INET else both
            if callable(answer):
                answer = answer()
            if answer is None:
                over.wait(60)
            if answer is None or isinstance(answer, Exception):
                raise answer or UNKNOWN
            return answer

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    yield serve
    over.set()


def ips(timeout: float = 60) -> list[str]:
    return [address.ip for address in find_addresses(HOST, 443, timeout)]


LOOKUPS: dict[str, tuple[Answer, Answer, list[str]]] = {
    "both": (BOTH, ONLY_IPV4, [X, A]),
    "IPv4 is not answered": (BOTH, None, [X, A]),
    "IPv6 is not answered": (None, ONLY_IPV4, [A]),
    "IPv6 alone": (BOTH[:1], NOT_THIS_FAMILY, [X]),
    "IPv6 breaks both": (UNKNOWN, ONLY_IPV4, [A]),
}


@pytest.mark.parametrize("name", LOOKUPS)
def test_a_name_has_addresses_if_either_lookup_has(
    name_server: Callable[[Answer, Answer], None], name: str
) -> None:
    both, ipv4, expected = LOOKUPS[name]
    name_server(both, ipv4)
    assert ips() == expected


@pytest.mark.parametrize("first", ["both", "ipv4"])
def test_an_answer_that_comes_a_little_later_counts(
    name_server: Callable[[Answer, Answer], None], monkeypatch: Patch, first: str
) -> None:
    monkeypatch.setattr(connect, "_RESOLUTION_DELAY_SECONDS", 60)
    if first == "both":
        name_server(UNKNOWN, slowly(ONLY_IPV4))
        assert ips() == [A]
    else:
        name_server(slowly(BOTH), ONLY_IPV4)
        assert ips() == [X, A]


def slowly(answer: Answer) -> Callable[[], Answer]:
    """Return a call that returns the answer when the other lookup's has long been there."""

    def wait() -> Answer:
        time.sleep(0.2)
        return answer

    return wait


def test_a_host_without_ipv4_may_be_looked_up_for_as_long_as_it_takes(
    name_server: Callable[[Answer, Answer], None], monkeypatch: Patch
) -> None:
    monkeypatch.setattr(connect, "_RESOLUTION_DELAY_SECONDS", 0)
    name_server(slowly(BOTH[:1]), NOT_THIS_FAMILY)
    assert ips() == [X]


@pytest.mark.parametrize("ipv4", [NOT_THIS_FAMILY, None])
def test_the_error_is_that_of_both_families(
    name_server: Callable[[Answer, Answer], None], ipv4: Answer
) -> None:
    name_server(UNKNOWN, ipv4)
    with pytest.raises(socket.gaierror) as caught:
        ips()
    assert caught.value is UNKNOWN


@pytest.mark.parametrize("ipv4", [NOT_THIS_FAMILY, None])
def test_a_lookup_ends_at_the_timeout(
    name_server: Callable[[Answer, Answer], None], ipv4: Answer
) -> None:
    name_server(None, ipv4)
    with pytest.raises(TimeoutError):
        ips(0.1)


@pytest.mark.parametrize("host", ["a..b", "a" * 64, "x.invalid." + "a" * 70])
def test_what_is_no_name_is_not_found(host: str) -> None:
    with pytest.raises(socket.gaierror):
        open_socket(host, 443, 60)


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
def test_localhost_is_this_machine_whatever_its_name_leads_to(
    simulate: Callable[..., Network], ip: str
) -> None:
    network = simulate({IPV4[1]: (0.1, 0), "127.0.0.1": (0, REFUSED), "::1": (0, REFUSED)})
    network.outcomes[ip] = (0, 0)
    found = open_socket("localhost", 443, 10)
    assert isinstance(found, Socket)
    assert found.ip == ip
    assert IPV4[1] not in {tried for _, tried in network.attempts}


# With real sockets.
DEAD = {
    "first refuses": ["refusing", "alive"],
    "first is silent": ["silent", "alive"],
    "last is silent": ["alive", "silent"],
    "mixed": ["refusing", "silent", "alive", "another that refuses"],
}


@pytest.mark.parametrize("name", DEAD)
@pytest.mark.parametrize("way", ["http", "https", "http proxy", "https proxy"])
def test_a_dead_address_costs_no_balance(
    monkeypatch: Patch, tmp_path: Path, name: str, way: str
) -> None:
    trust(monkeypatch, tmp_path)
    with ExitStack() as stack:
        tls = None if way == "http" else tls_for(HOST)
        alive = stack.enter_context(RawServer(http("200 OK", BALANCE), tls=tls)).port
        if "proxy" in way:
            tls = tls_for("proxy.example") if way == "https proxy" else None
            alive = stack.enter_context(TunnelProxy(alive, tls)).port
            monkeypatch.setenv("HTTPS_PROXY", f"{way.split()[0]}://proxy.example:3128")
        ports = {"alive": alive, "silent": stack.enter_context(silent_port())}
        lead_to(monkeypatch, *(("127.0.0.1", ports.get(kind, free_port())) for kind in DEAD[name]))
        url = f"{'http' if way == 'http' else 'https'}://{HOST}"
        assert str(fetch_balance(url, KEY, 20).available) == "49.58894"


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["refusing", "refusing too"], "offline"),
        (["silent"], "timeout"),
        (["refusing", "silent"], "timeout"),
    ],
)
def test_if_all_addresses_are_dead(monkeypatch: Patch, kinds: list[str], expected: str) -> None:
    with silent_port() as silent:
        ports = {"silent": silent}
        lead_to(monkeypatch, *(("127.0.0.1", ports.get(kind, free_port())) for kind in kinds))
        with pytest.raises(ProblemError) as caught:
            fetch_balance(f"https://{HOST}", KEY, 0.4 if "silent" in kinds else 60)
    assert caught.value.problem.kind.value == expected


def test_the_connection_is_ready_for_a_request(monkeypatch: Patch) -> None:
    with RawServer() as server, silent_port() as silent:
        lead_to(monkeypatch, ("127.0.0.1", silent), ("127.0.0.1", server.port))
        with open_socket(HOST, 443, 20) as found:
            assert found.getpeername() == ("127.0.0.1", server.port)
            assert found.gettimeout() == 20
            no_delay = found.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert no_delay
