"""Requests through a proxy on loopback that connects every host name to a local server."""

from __future__ import annotations

import base64
import os
import socket
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trustme
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

from moonshot_status.api import proxy
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
@pytest.mark.parametrize("form", ["http://127.0.0.1:{}", "127.0.0.1:{}", " http://localhost:{}/ "])
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
    ],
    ids=["plain", "no password", "percent", "colon", "cyrillic", "chinese", "latin 1"],
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


REFUSALS: dict[str, list[Step]] = {
    "forbidden": [http("403 Forbidden", b"<html>no</html>")],
    "bad gateway": [http("502 Bad Gateway")],
    "another 407": [http("502 upstream said 407")],
    "redirect": [http("302 Found", b"", "Location: http://login.example/")],
    "closes": [],
    "resets": [RESET],
    "garbage": [b"SSH-2.0-OpenSSH_9.6\r\n", 0.1],
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with RawServer(*REFUSALS[name]) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PASSWORD}@127.0.0.1:{server.port}")
        problem = problem_of()
    assert problem.kind is Kind.PROXY
    assert "login" not in f"{problem.message} {problem.hint}"
    assert "HTTPS_PROXY" in problem.hint


def test_a_proxy_that_wants_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = http("407 Proxy Authentication Required", b"", "Proxy-Authenticate: Basic")
    with RawServer(answer) as server:
        monkeypatch.setenv("https_proxy", server.url)
        problem = problem_of()
    assert problem.kind is Kind.PROXY
    assert "login" in problem.message
    assert "https_proxy" in problem.hint
    assert len(server.received) == 1


def test_a_proxy_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PASSWORD}@127.0.0.1:{free_port()}")
    assert problem_of().kind is Kind.PROXY


def test_a_proxy_whose_name_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    lead(monkeypatch, {})
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert problem_of().kind is Kind.PROXY


def test_a_proxy_that_is_silent_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(60.0) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        assert problem_of(timeout=0.3).kind is Kind.TIMEOUT


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
        "socks5://me:geheim7@127.0.0.1:1080",
        "ftp://127.0.0.1",
        "http://",
        "http://me:geheim7@",
        "http://[::1",
        "http://me:geheim7@127.0.0.1:99999",
        "http://me:ge/geheim7@127.0.0.1:3128",
        "http://me:geheim7@127.0.0.1:port",
        "http://me:geheim7@bad host:3128",
        "://",
    ],
)
def test_an_address_that_is_none(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("ALL_PROXY", written)
    problem = problem_of()
    assert problem.kind is Kind.PROXY
    assert "ALL_PROXY" in problem.hint


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
