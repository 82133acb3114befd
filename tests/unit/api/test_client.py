"""The request for the balance, against servers that misbehave byte by byte."""

from __future__ import annotations

import gc
import gzip
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import pytest
import trustme
from kit.raw_server import (
    BALANCE,
    RESET,
    RawServer,
    Step,
    chunked,
    drip,
    free_port,
    http,
    tls_for,
    trust,
)
from kit.support import KEY

from moonshot_status.api import client, http_connection
from moonshot_status.api.client import fetch_balance
from moonshot_status.core.account import Balance
from moonshot_status.core.errors import Problem, ProblemError

SHOWN = Balance(Decimal("49.58894"), Decimal("46.58893"), Decimal("3.00001"))
HEAD = b"HTTP/1.1 200 OK\r\n"
SECRETIVE = b'{"error":{"type":"x","message":"org-secret ak-secret proj-secret"}}'
PAGE = b"<html><body>org-secret</body></html>"
BOMB = gzip.compress(bytes(64 << 20), 1)
GZIP, CHUNKED = "Content-Encoding: gzip", "Transfer-Encoding: chunked"


def problem_of(base_url: str, timeout: float = 60) -> Problem:
    with pytest.raises(ProblemError) as caught:
        fetch_balance(base_url, KEY, timeout)
    problem = caught.value.problem
    assert KEY not in f"{problem.message} {problem.hint}"
    assert "secret" not in f"{problem.message} {problem.hint}"
    return problem


def assert_timeout(base_url: str, deadline: float = 0.4) -> None:
    start = time.monotonic()
    assert problem_of(base_url, deadline).kind.value == "timeout"
    assert deadline - 0.02 <= time.monotonic() - start < deadline * 20


def kind_after(*steps: Step) -> str:
    with RawServer(*steps) as server:
        kind = problem_of(server.url).kind.value
    assert len(server.received) == 1
    return kind


WHOLE = {
    "plain": http("200 OK", BALANCE),
    "until the end": HEAD + b"\r\n" + BALANCE,
    "chunked": http("200 OK", chunked(BALANCE), CHUNKED),
    "gzip": http("200 OK", gzip.compress(BALANCE), GZIP),
    "chunked gzip": http("200 OK", chunked(gzip.compress(BALANCE)), GZIP, CHUNKED),
    "byte order mark": http("200 OK", b"\xef\xbb\xbf" + BALANCE),
    "another type": http("200 OK", BALANCE, "Content-Type: text/html"),
    "the longest": http("200 OK", BALANCE.ljust(64 * 1024)),
    "HTTP/1.0": b"HTTP/1.0 200 \r\n\r\n" + BALANCE,
    "continue": b"HTTP/1.1 100 Continue\r\n\r\n" + http("200 OK", BALANCE),
    "interim responses": b"".join(
        b"HTTP/1.1 %d Soon\r\nLink: </x>\r\n\r\n" % status for status in (103, 100, 102, 103, 199)
    )
    + http("200 OK", BALANCE),
    "many headers": http("200 OK", BALANCE, *(["X: y"] * 500)),
}


@pytest.mark.parametrize("name", WHOLE)
def test_reads_the_balance(name: str) -> None:
    with RawServer(WHOLE[name]) as server:
        assert fetch_balance(server.url, KEY, 5) == SHOWN


def test_a_response_in_many_pieces_is_one_response() -> None:
    answer = http("200 OK", BALANCE)
    steps = [step for i in range(len(answer)) for step in (answer[i : i + 1], 0.001)]
    with RawServer(*steps) as server:
        assert fetch_balance(server.url, KEY, 5) == SHOWN


@pytest.mark.parametrize("prefix", ["", "/some/gateway"])
def test_sends_one_plain_get(prefix: str) -> None:
    with RawServer(http("200 OK", BALANCE, "Set-Cookie: a=b")) as server:
        fetch_balance(server.url + prefix, KEY, 5)
    (request,) = server.received
    head, _, body = request.decode().partition("\r\n\r\n")
    line, *lines = head.split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert line == f"GET {prefix}/v1/users/me/balance HTTP/1.1"
    assert headers.pop("User-Agent").startswith("moonshot-status/")
    assert headers == {
        "Host": f"127.0.0.1:{server.port}",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Authorization": f"Bearer {KEY}",
    }
    assert body == ""


def test_nobody_there_is_offline() -> None:
    assert problem_of(f"http://127.0.0.1:{free_port()}").kind.value == "offline"


def test_an_unknown_name_is_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert problem_of("https://api.moonshot.ai").kind.value == "offline"


@pytest.mark.parametrize("steps", [[], [RESET]], ids=["closed", "reset"])
def test_a_connection_lost_before_the_status_line_is_offline(steps: list[Step]) -> None:
    assert kind_after(*steps) == "offline"


BROKEN: dict[str, list[Step]] = {
    "reset": [http("200 OK", BALANCE[:30], "Content-Length: 99"), 0.1, RESET],
    "short": [http("200 OK", BALANCE, f"Content-Length: {len(BALANCE) + 1}")],
    "bad chunk": [http("200 OK", b"zz\r\n" + BALANCE, CHUNKED)],
    "no last chunk": [http("200 OK", chunked(BALANCE)[:-5], CHUNKED)],
    "long": [http("200 OK", b" " * (64 * 1024) + BALANCE)],
    "endless": [HEAD + b"\r\n" + b" " * (1 << 20)],
    "bad gzip": [http("200 OK", b"no gzip at all", GZIP)],
    "short gzip": [http("200 OK", gzip.compress(BALANCE)[:-12], GZIP)],
    "long gzip": [http("200 OK", gzip.compress(b" " * (64 * 1024) + BALANCE), GZIP)],
    "no length": [http("200 OK", b"", "Content-Length: x")],
    "many headers": [HEAD + b"X: y\r\n" * 2000 + b"\r\n" + BALANCE],
    "long header": [HEAD + b"X: " + b"y" * 70_000 + b"\r\n\r\n" + BALANCE],
    "HTTP/0.9": [b"<html>org-secret</html>\r\n"],
    "blank": [b"\r\n\r\n"],
    "status in words": [b"HTTP/1.1 abc org-secret\r\n\r\n"],
    "status zero": [b"HTTP/1.1 000 None\r\n\r\n"],
    "another protocol": [b"SSH-2.0-OpenSSH_9.6\r\n", 0.1],
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_response_is_a_bad_response(name: str) -> None:
    assert kind_after(*BROKEN[name]) == "bad-response"


def test_two_different_lengths_are_a_bad_response_and_leave_nothing_open() -> None:
    kind = kind_after(http("200 OK", BALANCE, "Content-Length: 1, 2"), 0.2, RESET)
    gc.collect()  # would warn about it
    assert kind == "bad-response"


def test_a_connection_is_closed_whatever_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", fail)
    with RawServer(http("200 OK", BALANCE)) as server:
        target = http_connection.find_target(server.url.replace("http:", "https:"))
        with pytest.raises(ValueError, match=r"^$"):
            http_connection.open_connection(target, 60)
        gc.collect()  # would warn about it


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip"])
def test_a_gzip_bomb_takes_little_memory(encoding: str) -> None:
    body = BOMB if encoding == "gzip" else gzip.compress(BOMB)
    with RawServer(http("200 OK", body, f"Content-Encoding: {encoding}")) as server:
        tracemalloc.start()
        try:
            assert problem_of(server.url).kind.value == "bad-response"
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
        finally:
            tracemalloc.stop()


KINDS = {
    "bad-response": [101, 201, 204, 206, 600, 999],
    "redirected": [300, 301, 302, 303, 304, 307, 308],
    "api-error": [400, 402, 407, 422],
    "unauthorized": [401],
    "forbidden": [403],
    "not-found": [404],
    "rate-limited": [429],
    "server-error": [500, 502, 503, 504, 511, 521],
}


# With these, only the API's own JSON is the API's word.
NEEDS_JSON = [401, 403, 511]


@pytest.mark.parametrize("body", [SECRETIVE, PAGE, b""], ids=["json", "html", "empty"])
@pytest.mark.parametrize(
    ("kind", "status"), [(kind, status) for kind in KINDS for status in KINDS[kind]]
)
def test_every_status_has_its_kind(kind: str, status: int, body: bytes) -> None:
    is_page = status in NEEDS_JSON and body != SECRETIVE
    expected = "bad-response" if is_page else kind
    assert kind_after(http(f"{status} org-secret", body)) == expected


@pytest.mark.parametrize("status", [102, 103, 199])
def test_a_connection_lost_after_an_interim_response_is_offline(status: int) -> None:
    assert kind_after(http(f"{status} org-secret")) == "offline"


@pytest.mark.parametrize("status", [400, 401, 402, 403, 429])
def test_a_used_up_quota_is_suspended(status: int) -> None:
    body = b'{"error":{"type":"exceeded_current_quota_error","message":"org-secret"}}'
    assert kind_after(http(f"{status} X", body)) == "suspended"


@pytest.mark.parametrize("body", [PAGE, b"", b"[]", b"{}", b"null", BALANCE + b"x", BALANCE[:-1]])
def test_a_success_without_a_balance_is_a_bad_response(body: bytes) -> None:
    assert kind_after(http("200 OK", body)) == "bad-response"


def test_a_failure_whose_body_is_broken_keeps_its_kind() -> None:
    assert kind_after(http("404 Not Found", b"no gzip", GZIP)) == "not-found"
    assert kind_after(http("401 Unauthorized", b"no gzip", GZIP)) == "bad-response"


def test_retry_after_is_passed_on() -> None:
    with RawServer(http("503 Busy", b"", "retry-after: 7")) as server:
        assert problem_of(server.url).retry_after == 7


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_key_follows_no_redirect(status: int) -> None:
    with RawServer(http("200 OK", BALANCE)) as other:
        kind = kind_after(http(f"{status} There", b"", f"Location: {other.url}/elsewhere"))
    assert (kind, other.received) == ("redirected", [])


SLOW: dict[str, list[Step]] = {
    "status line": drip(b"H"),
    "headers": [HEAD, *drip(b"X: y\r\n")],
    "body": [HEAD + b"\r\n", *drip(b" ")],
    "chunks": [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *drip(b"1\r\n \r\n")],
    "continue": drip(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "silence": [60.0],
}


@pytest.mark.parametrize("name", SLOW)
def test_one_deadline_for_the_whole_exchange(name: str) -> None:
    with RawServer(*SLOW[name]) as server:
        assert_timeout(server.url)


def test_the_deadline_ends_a_tls_handshake_that_hangs() -> None:
    with RawServer(60.0) as server:
        assert_timeout(f"https://127.0.0.1:{server.port}")


@pytest.fixture
def hanging_lookup(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    done = threading.Event()

    def hang(*_: object, **__: object) -> None:
        done.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield
    done.set()


def test_the_deadline_ends_a_name_lookup_that_hangs(hanging_lookup: None) -> None:
    assert_timeout("https://api.moonshot.ai")


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trust(monkeypatch, tmp_path)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_trusts_the_authority_that_the_environment_names(trusted: None, host: str) -> None:
    with RawServer(http("200 OK", BALANCE), tls=tls_for(host)) as server:
        assert fetch_balance(f"https://{host}:{server.port}", KEY, 5) == SHOWN


LONG_AGO = datetime(2001, 1, 1, tzinfo=timezone.utc)
UNTRUSTED: dict[str, Callable[[], ssl.SSLContext]] = {
    "another name": lambda: tls_for("api.moonshot.ai"),
    "expired": lambda: tls_for("127.0.0.1", not_before=LONG_AGO, not_after=LONG_AGO),
    "unknown authority": lambda: tls_for("127.0.0.1", by=trustme.CA()),
}


@pytest.mark.parametrize("name", UNTRUSTED)
def test_a_certificate_that_is_not_good_is_a_tls_problem(trusted: None, name: str) -> None:
    with RawServer(http("200 OK", BALANCE), tls=UNTRUSTED[name]()) as server:
        assert problem_of(server.url).kind.value == "tls"
    assert server.received == [b""]


def test_trusts_nobody_whom_the_system_does_not_know() -> None:
    with RawServer(http("200 OK", BALANCE), tls=tls_for("127.0.0.1")) as server:
        assert problem_of(server.url).kind.value == "tls"


@pytest.mark.parametrize(
    ("steps", "kind"),
    [([http("400 Bad Request")], "tls"), ([], "offline"), ([RESET], "offline")],
    ids=["speaks plain http", "closes", "resets"],
)
def test_a_server_that_does_not_speak_tls(steps: list[Step], kind: str) -> None:
    with RawServer(*steps) as server:
        assert problem_of(f"https://127.0.0.1:{server.port}").kind.value == kind
    assert KEY.encode() not in b"".join(server.received)


@pytest.mark.parametrize("steps", [[3.0], [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", 3.0]])
def test_a_socket_that_is_silent_ends_the_exchange_by_itself(steps: list[Step]) -> None:
    with RawServer(*steps) as server, pytest.raises(ProblemError) as caught:
        client._exchange(http_connection.find_target(server.url), client.PATH, KEY, 0.2)
    assert caught.value.problem.kind.value == "timeout"
