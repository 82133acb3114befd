"""Requests through a proxy on loopback that connects every host name to a local server."""

from __future__ import annotations

import base64
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from kit.raw_server import (
    BALANCE,
    RESET,
    RawServer,
    Step,
    TunnelProxy,
    free_port,
    http,
    tls_for,
    trust,
)
from kit.support import KEY

from moonshot_status.api import connect, http_connection, proxy
from moonshot_status.api.client import fetch_balance
from moonshot_status.core import log
from moonshot_status.core.errors import Kind, Problem, ProblemError

HOST = "api.moonshot.ai"
PASSWORD = "geheim7"


@pytest.fixture
def origin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RawServer]:
    """The endpoint under its real names, with certificates that are trusted."""
    trust(monkeypatch, tmp_path)
    with RawServer(http("200 OK", BALANCE), tls=tls_for(HOST, "api.moonshot.cn")) as server:
        yield server


@pytest.fixture
def tunnel(origin: RawServer) -> Iterator[TunnelProxy]:
    with TunnelProxy(origin.port) as server:
        yield server


def works(host: str = HOST) -> bool:
    return fetch_balance(f"https://{host}", KEY, 5).available == Decimal("49.58894")


def problem_of(base_url: str = f"https://{HOST}", timeout: float = 5) -> Problem:
    with pytest.raises(ProblemError) as caught:
        fetch_balance(base_url, KEY, timeout)
    problem = caught.value.problem
    assert PASSWORD not in f"{problem.message} {problem.hint}"
    return problem


@pytest.mark.parametrize("host", [HOST, "api.moonshot.cn"])
def test_asks_through_the_proxy(
    tunnel: TunnelProxy, origin: RawServer, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
    assert works(host)
    (request,) = tunnel.received
    assert request.startswith(f"CONNECT {host}:443 HTTP/1.".encode())
    assert b"authorization" not in request.lower()
    assert KEY.encode() not in request
    assert f"Bearer {KEY}".encode() in origin.received[0]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "form",
    [
        "http://127.0.0.1:{}",
        "127.0.0.1:{}",
        " http://localhost:{}/ ",
        "'http://127.0.0.1:{}'",
        "HTTP://127.0.0.1:{}",
    ],
)
def test_each_variable_and_each_form_of_an_address(
    tunnel: TunnelProxy, monkeypatch: pytest.MonkeyPatch, name: str, form: str
) -> None:
    monkeypatch.setenv(name, form.format(tunnel.port))
    assert works()
    assert len(tunnel.received) == 1


@pytest.mark.parametrize(
    ("better", "worse"),
    [("https_proxy", "HTTPS_PROXY"), ("HTTPS_PROXY", "ALL_PROXY"), ("HTTPS_PROXY", "all_proxy")],
)
def test_which_variable_counts(monkeypatch: pytest.MonkeyPatch, better: str, worse: str) -> None:
    monkeypatch.setenv(worse, "http://worse.example:1")
    monkeypatch.setenv(better, "http://better.example:2")
    route = proxy.route_for(f"https://{HOST}")
    assert route is not None
    assert route.host == "better.example:2"


def test_a_proxy_that_speaks_tls(origin: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with TunnelProxy(origin.port, tls=tls_for("127.0.0.1")) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        assert works()


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        (f"me:{PASSWORD}", f"me:{PASSWORD}".encode()),
        ("me", b"me:"),
        ("m%40e:p%3Aa%25ss%2F%20", b"m@e:p:a%ss/ "),
        ("me:a:b+c", b"me:a:b+c"),
        ("я:%D0%BF%D0%B0%D1%80", "я:пар".encode()),
        ("me:密码", "me:密码".encode()),
        ("me:caf%E9", b"me:caf\xe9"),
        ("AREA\\me:a b@c", b"AREA\\me:a b@c"),
    ],
    ids=["plain", "no password", "percent", "colon", "cyrillic", "chinese", "latin 1", "area"],
)
def test_sends_the_login_that_stands_in_the_address(
    tunnel: TunnelProxy,
    origin: RawServer,
    monkeypatch: pytest.MonkeyPatch,
    written: str,
    sent: bytes,
) -> None:
    in_any_locale = os.fsdecode(written.encode())
    monkeypatch.setenv("HTTPS_PROXY", f"http://{in_any_locale}@127.0.0.1:{tunnel.port}")
    assert works()
    lines = tunnel.received[0].split(b"\r\n")
    (login,) = (line for line in lines if line.lower().startswith(b"proxy-authorization: basic "))
    assert base64.b64decode(login.split()[-1]) == sent
    assert b"proxy-authorization" not in origin.received[0].lower()


PAGE = b"<html>no</html>"
REFUSALS: dict[str, tuple[list[Step], str]] = {
    "forbidden": ([http("403 Forbidden", PAGE)], "does not allow the connection (HTTP 403)"),
    "bad gateway": ([http("502 Bad Gateway")], "cannot reach the API (HTTP 502)"),
    "unavailable": ([http("503 Unavailable", PAGE)], "cannot reach the API (HTTP 503)"),
    "gateway timeout": ([http("504 Timeout")], "cannot reach the API (HTTP 504)"),
    "another 407": ([http("502 upstream said 407")], "cannot reach the API (HTTP 502)"),
    "no CONNECT": ([http("405 No", PAGE)], "refused the connection (HTTP 405)"),
    "redirect": (
        [http("302 Found", b"", "Location: http://x.example/")],
        "refused the connection (HTTP 302)",
    ),
    "login page": ([http("511 Log in", PAGE)], "wants a login in a browser (HTTP 511)"),
    "rejected": ([http("407 geheim7")], "rejected the login (HTTP 407)"),
    "closes": ([], "closed the connection without an answer"),
    "resets": ([RESET], "closed the connection without an answer"),
    "garbage": ([b"SSH-2.0-OpenSSH_9.6\r\n", 0.1], "answered with something that is not HTTP"),
    "long": ([b"HTTP/1.1 200 " + b"x" * 70_000], "answered with something that is not HTTP"),
    "alert": ([b"\x15\x03\x03\x00\x02\x02\x46"], "wants TLS"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    steps, words = REFUSALS[name]
    with RawServer(*steps) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PASSWORD}@127.0.0.1:{server.port}")
        problem = problem_of()
    assert problem.kind is Kind.PROXY
    assert f"proxy 127.0.0.1:{server.port} {words}" in problem.message
    assert "HTTPS_PROXY" in problem.hint


def test_a_proxy_that_wants_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = http("407 Proxy Authentication Required", b"", "Proxy-Authenticate: Basic")
    with RawServer(answer) as server:
        monkeypatch.setenv("https_proxy", server.url)
        problem = problem_of()
    assert problem.kind is Kind.PROXY
    assert problem.message == f"The proxy 127.0.0.1:{server.port} wants a login (HTTP 407)"
    assert "https_proxy" in problem.hint
    assert len(server.received) == 1


HTTP_400: list[Step] = [http("400 Bad Request")]


@pytest.mark.parametrize("steps", [HTTP_400, [], [RESET]], ids=["http", "closes", "resets"])
def test_a_proxy_without_tls(
    origin: RawServer, monkeypatch: pytest.MonkeyPatch, steps: list[Step]
) -> None:
    with RawServer(*steps) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"https://me:{PASSWORD}@127.0.0.1:{server.port}")
        problem = problem_of()
    assert problem.kind is Kind.PROXY
    assert problem.message == f"The proxy 127.0.0.1:{server.port} does not speak TLS"
    assert "most proxies want http://" in problem.hint


def test_a_proxy_whose_certificate_is_not_trusted(
    origin: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TunnelProxy(origin.port, tls=tls_for("127.0.0.1", by=trustme.CA())) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"https://me:{PASSWORD}@127.0.0.1:{server.port}")
        problem = problem_of()
    assert problem.kind is Kind.PROXY
    assert problem.message == (
        f"The certificate of the proxy 127.0.0.1:{server.port} cannot be trusted"
    )
    assert server.received == [b""]


def test_http_to_a_proxy_that_wants_tls(origin: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with TunnelProxy(origin.port, tls=tls_for("127.0.0.1")) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.port}")
        problem = problem_of()
    assert problem.kind is Kind.PROXY
    assert "https" in problem.hint


def test_a_proxy_that_closes_the_tunnel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trust(monkeypatch, tmp_path)
    with RawServer() as api, TunnelProxy(api.port) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        problem = problem_of()
    assert problem.kind is Kind.PROXY
    assert problem.message == f"The connection through the proxy 127.0.0.1:{server.port} was closed"


def test_what_is_not_http_behind_a_proxy_is_the_apis(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trust(monkeypatch, tmp_path)
    with RawServer(b"SSH-2.0\r\n", tls=tls_for(HOST)) as api, TunnelProxy(api.port) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        assert problem_of().kind is Kind.BAD_RESPONSE


def test_a_proxy_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PASSWORD}@127.0.0.1:{port}")
    problem = problem_of()
    assert problem.kind is Kind.PROXY
    assert problem.message == f"The proxy 127.0.0.1:{port} cannot be reached"


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("http://proxy.example:3128", "proxy.example:3128"),
        ("proxy.example", "proxy.example:80"),
        ("https://proxy.example", "proxy.example:443"),
        ("http://[fd00::1]", "[fd00::1]:80"),
        ("http://a..b:1", "a..b:1"),
    ],
)
def test_a_proxy_whose_name_is_unknown(
    monkeypatch: pytest.MonkeyPatch, written: str, place: str
) -> None:
    lead(monkeypatch, {})
    monkeypatch.setenv("HTTPS_PROXY", written)
    problem = problem_of()
    assert problem.kind is Kind.PROXY
    assert problem.message == f"The host name of the proxy {place} was not found"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_silent_is_a_timeout(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    with RawServer(60.0) as server:
        place = f"127.0.0.1:{server.port}"
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://{place}")
        problem = problem_of(timeout=0.3)
        with pytest.raises(ProblemError) as caught:
            http_connection.open_connection(http_connection.find_target(f"https://{HOST}"), 0.1)
    assert problem.kind is caught.value.problem.kind is Kind.TIMEOUT
    assert problem.message == f"No answer from {HOST} through the proxy {place} within 0.3 s"


def test_a_proxy_that_does_not_accept_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(connect, "open_socket", hang)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    assert problem_of().kind is Kind.TIMEOUT


def test_what_the_api_says_behind_a_proxy_is_the_apis(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trust(monkeypatch, tmp_path)
    with RawServer(http("407 X"), tls=tls_for(HOST)) as api, TunnelProxy(api.port) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        assert problem_of().kind is Kind.API_ERROR


def test_a_proxy_that_opens_tls_needs_a_trusted_authority(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trust(monkeypatch, tmp_path)
    strange = tls_for(HOST, by=trustme.CA())
    with RawServer(tls=strange) as api, TunnelProxy(api.port) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        assert problem_of().kind is Kind.TLS
    assert api.received == [b""]


@pytest.mark.parametrize(
    "written",
    [
        "http://",
        "http://me:geheim7@",
        "http://[::1",
        "http://me:geheim7@127.0.0.1:99999",
        "http://127.0.0.1:0",
        "http://me:geheim7@127.0.0.1:port",
        "http://me:geheim7@bad host:3128",
        "socks5:127.0.0.1:1080",
        "1http://127.0.0.1:3128",
        "http://http://127.0.0.1:3128",
        "://",
        "@",
    ],
)
def test_an_address_that_is_none(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("ALL_PROXY", written)
    problem = problem_of()
    assert problem.kind is Kind.PROXY
    assert problem.message == "The proxy that the environment names cannot be used"
    assert "ALL_PROXY" in problem.hint


@pytest.mark.parametrize("scheme", ["ftp", "quic", "ss", "VMess", "socks6"])
def test_a_scheme_that_is_not_supported(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://me:{PASSWORD}#x@127.0.0.1")
    problem = problem_of()
    assert problem.kind is Kind.PROXY
    assert problem.message == f"ALL_PROXY names a {scheme.lower()}:// proxy, which is not supported"
    assert "socks5h" in problem.hint


@pytest.mark.parametrize(
    ("login", "escapes"),
    [
        (f"me:{PASSWORD}#x", "# as %23."),
        (f"me:/{PASSWORD}", "/ as %2F."),
        (f"m?e:{PASSWORD}", "? as %3F."),
        (f"me:[{PASSWORD}]", "[ as %5B, ] as %5D."),
        (f"me:{PASSWORD}?#/@", "# as %23, / as %2F, ? as %3F."),
        (f"me:a://{PASSWORD}", "/ as %2F."),
    ],
)
@pytest.mark.parametrize("scheme", ["http://", "socks5h://", ""])
def test_a_login_that_ends_the_host_of_a_url(
    monkeypatch: pytest.MonkeyPatch, scheme: str, login: str, escapes: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"{scheme}{login}@127.0.0.1:3128")
    problem = problem_of()
    assert problem.kind is Kind.PROXY
    assert problem.message == "The proxy URL in HTTPS_PROXY cannot be read"
    assert problem.hint == f"In its user name and password, write {escapes}"


@pytest.mark.parametrize("blank", ["", " ", "''", '" "', "\t"])
def test_a_blank_variable_is_unset(monkeypatch: pytest.MonkeyPatch, blank: str) -> None:
    monkeypatch.setenv("https_proxy", blank)
    monkeypatch.setenv("HTTPS_PROXY", blank)
    monkeypatch.setenv("no_proxy", blank)
    assert proxy.route_for(f"https://{HOST}") is None
    assert proxy.proxy_variable() == "HTTPS_PROXY"
    monkeypatch.setenv("ALL_PROXY", " 'http://all.example:3' ")
    route = proxy.route_for(f"https://{HOST}")
    assert route is not None
    assert (route.host, proxy.proxy_variable()) == ("all.example:3", "ALL_PROXY")
    monkeypatch.setenv("NO_PROXY", f"'{HOST}'")
    assert proxy.route_for(f"https://{HOST}") is None


def test_the_case_of_a_variable_is_not_mixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("Https_Proxy", "http://127.0.0.1:3128")
    assert proxy.route_for(f"https://{HOST}") is None


@given(st.text() | st.text("htps5:/@[]#?%. \\\t\udcff\uff0f", min_size=1))
def test_any_variable_is_a_proxy_or_a_problem(written: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "ALL_PROXY", written.replace("\0", ""))
        with suppress(ProblemError):
            route = proxy.route_for(f"https://{HOST}")
            assert route is None or (route.name and route.port and route.host)


def lead(monkeypatch: pytest.MonkeyPatch, names: dict[str, int]) -> None:
    """Let these names, and loopback, be the only ones that lead anywhere."""
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *more: Any, **named: Any) -> Any:
        if host in names:
            return real("127.0.0.1", names[host], *more, **named)
        if host != "127.0.0.1":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(host, port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize("exempt", [HOST, "moonshot.ai", "a.example, .moonshot.ai", "*"])
def test_a_host_without_a_proxy(
    origin: RawServer, monkeypatch: pytest.MonkeyPatch, name: str, exempt: str
) -> None:
    lead(monkeypatch, {HOST: origin.port})
    with RawServer(http("403 No")) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        monkeypatch.setenv(name, exempt)
        assert works()
    assert server.received == []


@pytest.mark.parametrize("exempt", ["moonshot.cn", "oonshot.ai", "", "api.moonshot.ai.example"])
def test_another_host_without_a_proxy(
    tunnel: TunnelProxy, monkeypatch: pytest.MonkeyPatch, exempt: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
    monkeypatch.setenv("NO_PROXY", exempt)
    assert works()
    assert len(tunnel.received) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_loopback_never_takes_a_proxy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scheme: str
) -> None:
    trust(monkeypatch, tmp_path)
    tls = tls_for("127.0.0.1") if scheme == "https" else None
    with RawServer(http("200 OK", BALANCE), tls=tls) as api, RawServer() as server:
        for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "http_proxy"):
            monkeypatch.setenv(name, server.url)
        assert works(f"127.0.0.1:{api.port}") if tls else fetch_balance(api.url, KEY, 5)
    assert server.received == []


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8443", "127.9.9.9", "[::1]:8443"])
def test_the_names_of_loopback(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert proxy.route_for(f"https://{host}") is None


def test_debug_masks_the_login(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log.turn_on()
    with RawServer(http("407 Login")) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PASSWORD}@127.0.0.1:{server.port}")
        problem_of()
    told = capsys.readouterr().err
    assert f"through the proxy 127.0.0.1:{server.port}" in told
    assert PASSWORD not in told
    assert base64.b64encode(f"me:{PASSWORD}".encode()).decode() not in told
