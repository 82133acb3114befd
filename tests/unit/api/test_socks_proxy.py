"""Requests through a SOCKS proxy on loopback that connects every name to a local server."""

from __future__ import annotations

import gc
import socket
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from kit.raw_server import BALANCE, RawServer, free_port, http, tls_for, trust
from kit.socks_server import SocksServer
from kit.support import KEY

from moonshot_status.api import proxy
from moonshot_status.api.client import fetch_balance
from moonshot_status.core import log
from moonshot_status.core.errors import Kind, Problem, ProblemError

HOST = "api.moonshot.ai"
PASSWORD = "geheim7"
BY_THE_PROXY = {"socks5h": 5, "socks": 5, "socks4a": 4}
ON_THIS_MACHINE = {"socks5": 5, "socks4": 4}
ADDRESSES = ["2001:db8::1", "192.0.2.7"]


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The addresses of names besides that of loopback; a test may add some."""
    found: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host: str, port: int, family: int = 0, *more: Any, **named: Any) -> Any:
        if host == "127.0.0.1":
            return real(host, port, family, *more, **named)
        entries = [real(address, port, type=socket.SOCK_STREAM)[0] for address in found[host]]
        entries = [entry for entry in entries if family in (0, entry[0])]
        if not entries:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return entries

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    found[HOST] = []
    return found


@pytest.fixture
def origin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RawServer]:
    trust(monkeypatch, tmp_path)
    with RawServer(http("200 OK", BALANCE), tls=tls_for(HOST)) as server:
        yield server


def works() -> bool:
    return fetch_balance(f"https://{HOST}", KEY, 5).available == Decimal("49.58894")


def problem_of(timeout: float = 5) -> Problem:
    with pytest.raises(ProblemError) as caught:
        fetch_balance(f"https://{HOST}", KEY, timeout)
    problem = caught.value.problem
    assert PASSWORD not in f"{problem.message} {problem.hint}"
    assert "ALL_PROXY" in problem.hint
    return problem


def lead_through(
    monkeypatch: pytest.MonkeyPatch, server: RawServer, scheme: str = "socks5h", login: str = ""
) -> str:
    """Name the server in the environment, and return its place as messages name it."""
    place = f"127.0.0.1:{server.port}"
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://{login}{place}")
    return place


@pytest.mark.parametrize("scheme", BY_THE_PROXY)
def test_the_proxy_looks_the_name_up(
    origin: RawServer, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    with SocksServer(origin.port) as server:
        lead_through(monkeypatch, server, scheme)
        assert works()
    assert server.requests == [(BY_THE_PROXY[scheme], f"{HOST}:443")]
    assert f"Bearer {KEY}".encode() in origin.received[0]


@pytest.mark.parametrize("addresses", [ADDRESSES, ADDRESSES[1:]])
@pytest.mark.parametrize("scheme", ON_THIS_MACHINE)
def test_this_machine_looks_the_name_up_and_prefers_ipv4(
    origin: RawServer, monkeypatch: pytest.MonkeyPatch, names: dict[str, list[str]], scheme: str,
    addresses: list[str],
) -> None:  # fmt: skip
    names[HOST] = addresses
    with SocksServer(origin.port) as server:
        lead_through(monkeypatch, server, scheme.upper())
        assert works()
    assert server.requests == [(ON_THIS_MACHINE[scheme], "192.0.2.7:443")]


def test_an_ipv6_address_where_there_is_no_other(
    origin: RawServer, monkeypatch: pytest.MonkeyPatch, names: dict[str, list[str]]
) -> None:
    names[HOST] = ADDRESSES[:1]
    with SocksServer(origin.port) as server:
        lead_through(monkeypatch, server, "socks5")
        assert works()
    assert server.requests == [(5, "2001:db8::1:443")]


@pytest.mark.parametrize(
    ("scheme", "addresses", "remote"),
    [("socks5", [], "socks5h"), ("socks4", [], "socks4a"), ("socks4", ADDRESSES[:1], "socks4a")],
)
def test_a_name_that_this_machine_does_not_find(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, list[str]], scheme: str,
    addresses: list[str], remote: str,
) -> None:  # fmt: skip
    names[HOST] = addresses
    with SocksServer() as server:
        lead_through(monkeypatch, server, scheme)
        problem = problem_of()
    assert server.requests == []
    assert (problem.kind, HOST in problem.message) == (Kind.OFFLINE, True)
    assert f"Write {remote}:// in ALL_PROXY" in problem.hint


def test_tls_is_verified_for_the_name_of_the_api(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trust(monkeypatch, tmp_path)
    with RawServer(tls=tls_for("127.0.0.1")) as api, SocksServer(api.port) as server:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://127.0.0.1:{server.port}")
        with pytest.raises(ProblemError) as caught:
            fetch_balance(f"https://{HOST}", KEY, 5)
    assert caught.value.problem.kind is Kind.TLS
    assert api.received == [b""]


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        (f"me:{PASSWORD}@", (b"me", PASSWORD.encode())),
        ("m%40e:p%3Aa%25ss%2F%23%20:x@", (b"m@e", b"p:a%ss/# :x")),
        ("me:caf%E9@", (b"me", b"caf\xe9")),
        ("я:密码@", ("я".encode(), "密码".encode())),
    ],
)
def test_sends_the_login_in_the_url(
    origin: RawServer, monkeypatch: pytest.MonkeyPatch, written: str, sent: tuple[bytes, bytes]
) -> None:
    with SocksServer(origin.port, login=sent) as server:
        lead_through(monkeypatch, server, "socks5h", written)
        assert works()
    assert server.logins == [sent]


def test_version_4_has_a_user_and_no_password(
    origin: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SocksServer(origin.port) as server:
        lead_through(monkeypatch, server, "socks4a", f"me:{PASSWORD}@")
        assert works()
    assert server.logins == [(b"me", b"")]


@pytest.mark.parametrize(
    ("login", "words"),
    [("", "wants a login"), (f"me:{PASSWORD}@", "rejected the login")],
)
def test_a_login_that_is_missing_or_wrong(
    monkeypatch: pytest.MonkeyPatch, login: str, words: str
) -> None:
    with SocksServer(login=(b"you", b"x")) as server:
        place = lead_through(monkeypatch, server, "socks5h", login)
        problem = problem_of()
    assert problem.message == f"The SOCKS proxy {place} {words}"
    assert problem.kind is Kind.PROXY


REFUSALS = {
    1: "refused the connection", 2: "does not allow", 3: "cannot reach the API",
    4: "cannot reach the API", 5: "cannot reach the API", 6: "cannot reach the API",
    7: "refused the connection", 8: "refused the connection", 99: "refused the connection",
}  # fmt: skip


@pytest.mark.parametrize("scheme", ["socks5h", "socks4a"])
@pytest.mark.parametrize("number", [*REFUSALS, 91, 92, 93])
def test_a_refusal_has_its_number(
    monkeypatch: pytest.MonkeyPatch, scheme: str, number: int
) -> None:
    with SocksServer(refusal=number) as server:
        place = lead_through(monkeypatch, server, scheme)
        problem = problem_of()
    assert problem.kind is Kind.PROXY
    assert f"The proxy {place} " in problem.message
    assert REFUSALS.get(number, "refused the connection") in problem.message
    assert f"(SOCKS error {number}: " in problem.message


@pytest.mark.parametrize(
    ("says", "words"),
    [
        (b"", "closed the connection without an answer"),
        (b"\x05", "closed the connection without an answer"),
        (b"\x05\x00", "closed the connection without an answer"),
        (b"\x05\x02", "wants a login"),
        (b"\x05\x01", "does not speak"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak"),
    ],
)
def test_a_proxy_that_does_not_keep_to_the_protocol(
    monkeypatch: pytest.MonkeyPatch, says: bytes, words: str
) -> None:
    with SocksServer(says=says) as server:
        place = lead_through(monkeypatch, server)
        problem = problem_of()
    assert problem.kind is Kind.PROXY
    assert place in problem.message
    assert words in problem.message


def test_a_proxy_that_closes_the_connection_after_it_was_made(
    origin: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SocksServer(free_port()) as server:
        place = lead_through(monkeypatch, server)
        problem = problem_of()
    assert problem.kind is Kind.PROXY
    assert problem.message == f"The connection through the proxy {place} was closed"


def test_a_proxy_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("ALL_PROXY", f"socks5h://me:{PASSWORD}@127.0.0.1:{port}")
    problem = problem_of()
    assert problem.kind is Kind.PROXY
    assert problem.message == f"The proxy 127.0.0.1:{port} cannot be reached"


def test_a_proxy_whose_name_is_unknown(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, list[str]]
) -> None:
    names["socks.example"] = []
    monkeypatch.setenv("ALL_PROXY", "socks5h://socks.example")
    problem = problem_of()
    assert problem.message == "The host name of the proxy socks.example:1080 was not found"


def test_a_proxy_that_is_silent_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("ALL_PROXY", f"socks5h://{place}")
        problem = problem_of(timeout=0.3)
        route = proxy.route_for(f"https://{HOST}")
        assert route is not None
        with pytest.raises(TimeoutError):
            open_through(route, 0.1)
    assert problem.kind is Kind.TIMEOUT
    assert problem.message == f"No answer from {HOST} through the proxy {place} within 0.3 s"


def test_a_name_that_cannot_be_sent_leaves_no_connection_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with SocksServer() as server:
        lead_through(monkeypatch, server)
        route = proxy.route_for(f"https://{HOST}")
        assert route is not None
        with pytest.raises(UnicodeError):
            open_through(route, 5, host=f"{'x' * 64}.example")
        gc.collect()  # would warn about it


def open_through(route: proxy.Route, timeout: float, host: str = HOST) -> None:
    from moonshot_status.api import socks_proxy

    socks_proxy.open_socket(route, host, 443, timeout)


@pytest.mark.parametrize("scheme", [*BY_THE_PROXY, *ON_THIS_MACHINE])
def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setitem(sys.modules, "socks", None)
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://me:{PASSWORD}@127.0.0.1:7890")
    with pytest.raises(ProblemError) as caught:
        fetch_balance(f"https://{HOST}", KEY, 5)
    problem = caught.value.problem
    assert problem.kind is Kind.PROXY
    assert problem.message == "ALL_PROXY names a SOCKS proxy, which needs PySocks"
    for words in ("pip install -e '.[socks]'", "pipx inject", "HTTPS_PROXY=http://127.0.0.1:PORT"):
        assert words in problem.hint


def test_without_the_extra_another_proxy_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socks", None)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:7891")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:7890")
    route = proxy.route_for(f"https://{HOST}")
    assert route is not None
    assert (route.scheme, route.host) == ("http", "127.0.0.1:7890")


def test_loopback_never_takes_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(http("200 OK", BALANCE)) as api, SocksServer() as server:
        lead_through(monkeypatch, server)
        assert fetch_balance(api.url, KEY, 5)
    assert server.received == []


def test_debug_masks_the_login(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log.turn_on()
    with SocksServer(login=(b"you", b"x")) as server:
        place = lead_through(monkeypatch, server, "socks5h", f"me:{PASSWORD}@")
        problem_of()
        log.log(f"the password is {PASSWORD}")
    told = capsys.readouterr().err
    assert f"through the proxy {place}" in told
    assert "the password is ***" in told
    assert PASSWORD not in told
