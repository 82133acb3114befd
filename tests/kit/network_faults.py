"""The faults of the network, and the servers and settings with which the program meets one."""

from __future__ import annotations

import base64
import gzip
import json
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial

import pytest
import trustme

from kit.raw_server import BALANCE, RESET, Changeable, RawServer, Step, drip, http, tls_for
from kit.support import KEY
from moonshot_status.config.settings import Options
from moonshot_status.core.errors import Kind
from moonshot_status.polling import demo, poll

HOST, PASSWORD = "balance.test", "geheim7"
LEAK = "org-leak7 <b>|</b> %{F#f00}"
LOGIN = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
# Seconds for which a fault lasts that nothing but a deadline ends.
ENDLESS = 60.0
LONG_AGO = datetime(2001, 1, 1, tzinfo=timezone.utc)
TRUSTED = partial(tls_for, "127.0.0.1", HOST)
EXPIRED = partial(TRUSTED, not_before=LONG_AGO, not_after=LONG_AGO)
STRANGE = partial(TRUSTED, by=trustme.CA())


@dataclass(frozen=True)
class Fault:
    """A fault, and the kind of problem that it is; None if it is none.

    ``place`` is the endpoint over ``http`` or ``https``, the endpoint behind a ``tunnel``, the
    ``proxy`` itself, or one with the address of an ``https proxy``. With ``steps`` of None nothing
    listens there.
    """

    kind: Kind | None
    steps: Sequence[Step] | None
    place: str = "http"
    tls: Callable[[], ssl.SSLContext | None] = TRUSTED


def demanding(version: str) -> ssl.SSLContext:
    """Return the TLS context of a server that wants a client certificate."""
    context = TRUSTED()
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    return context


def error(named: str) -> bytes:
    return demo.error(400, named, LEAK).body


HEAD = b"HTTP/1.1 200 OK\r\n"
HTML = f"<html><script>location='{{elsewhere}}'</script>{LEAK}</html>".encode()
GOOD = http("200 OK", BALANCE)
COOKIE = f"Set-Cookie: {LEAK}\r\n".encode()
PAST_THE_LIMIT = b" " * (64 << 10) + BALANCE + LEAK.encode()
GZIP, CHUNKED = "Content-Encoding: gzip", "Transfer-Encoding: chunked"
CHUNKS = http("200 OK", b"", CHUNKED)
THERE = "Location: {elsewhere}/v1/users/me/balance"
QUOTA = error("exceeded_current_quota_error")
QUOTA_CODE = QUOTA.replace(b'"type"', b'"code"')
OVERLOADED = error("engine_overloaded_error")
PORTAL = [http("200 OK", HTML, "Content-Type: text/html")]

STATUSES: dict[int, tuple[Kind, bytes]] = {
    201: (Kind.BAD_RESPONSE, BALANCE),
    204: (Kind.BAD_RESPONSE, BALANCE),
    401: (Kind.UNAUTHORIZED, error("invalid_authentication_error")),
    403: (Kind.FORBIDDEN, error("permission_denied_error")),
    404: (Kind.NOT_FOUND, json.dumps({"code": 5, "error": "url.not_found", "ua": LEAK}).encode()),
    418: (Kind.API_ERROR, json.dumps({"code": LEAK, "scode": LEAK, "message": LEAK}).encode()),
    429: (Kind.RATE_LIMITED, error("rate_limit_reached_error")),
    **{s: (Kind.SERVER_ERROR, error("server_error")) for s in (500, 502, 503, 504, 511)},
}
# With these, a body that is not the API's own JSON is from something in between.
NEEDS_JSON = (401, 403, 511)
FORBIDDEN = json.dumps({"message": "Forbidden"}).encode()
NO_BALANCE = demo.error(400, "x", f"{LEAK} is suspended due to insufficient balance").body

FAULTS: dict[str, Fault] = {
    # The connection.
    "refused": Fault(Kind.OFFLINE, None),
    "closed": Fault(Kind.OFFLINE, []),
    "reset": Fault(Kind.OFFLINE, [RESET]),
    "reset in headers": Fault(Kind.OFFLINE, [HEAD + COOKIE, 0.1, RESET]),
    "reset in body": Fault(Kind.BAD_RESPONSE, [GOOD[:-9], 0.1, RESET]),
    "short body": Fault(Kind.BAD_RESPONSE, [GOOD[:-9]]),
    # The body.
    "more than its length": Fault(None, [GOOD + LEAK.encode()]),
    "cut by its length": Fault(Kind.BAD_RESPONSE, [http("200 OK", BALANCE, "Content-Length: 9")]),
    "past 64 KiB": Fault(Kind.BAD_RESPONSE, [http("200 OK", PAST_THE_LIMIT)]),
    "endless": Fault(Kind.BAD_RESPONSE, [HEAD + COOKIE + b"\r\n", b" " * (4 << 20)]),
    "negative chunk": Fault(Kind.BAD_RESPONSE, [CHUNKS + b"-1\r\n" + PAST_THE_LIMIT, ENDLESS]),
    "bad chunk": Fault(Kind.BAD_RESPONSE, [CHUNKS + b"leak7\r\n" + BALANCE]),
    "no last chunk": Fault(Kind.BAD_RESPONSE, [CHUNKS + b"9\r\n" + BALANCE[:9] + b"\r\n"]),
    "gzip": Fault(None, [http("200 OK", gzip.compress(BALANCE), GZIP)]),
    "bad gzip": Fault(Kind.BAD_RESPONSE, [http("200 OK", LEAK.encode(), GZIP)]),
    "short gzip": Fault(Kind.BAD_RESPONSE, [http("200 OK", gzip.compress(BALANCE)[:-12], GZIP)]),
    "gzip bomb": Fault(Kind.BAD_RESPONSE, [http("200 OK", gzip.compress(bytes(8 << 20)), GZIP)]),
    "empty body": Fault(Kind.BAD_RESPONSE, [http("200 OK")]),
    "truncated JSON": Fault(Kind.BAD_RESPONSE, [http("200 OK", BALANCE[:-9])]),
    "NaN": Fault(Kind.BAD_RESPONSE, [http("200 OK", BALANCE.replace(b"49.58894", b"NaN"))]),
    "error with 200": Fault(Kind.API_ERROR, [http("200 OK", error("server_error"))]),
    # Slowness.
    "silence": Fault(Kind.TIMEOUT, [ENDLESS]),
    "dripping status line": Fault(Kind.TIMEOUT, drip(b"H")),
    "dripping headers": Fault(Kind.TIMEOUT, [HEAD, *drip(COOKIE)]),
    "dripping body": Fault(Kind.TIMEOUT, [HEAD + b"\r\n", *drip(b" ")]),
    "dripping chunks": Fault(Kind.TIMEOUT, [CHUNKS, *drip(b"1\r\n \r\n")]),
    "endless continue": Fault(Kind.TIMEOUT, drip(b"HTTP/1.1 100 Continue\r\n\r\n")),
    "silent TLS": Fault(Kind.TIMEOUT, [ENDLESS], "https", lambda: None),
    "silent proxy": Fault(Kind.TIMEOUT, [ENDLESS], "proxy"),
    # The protocol.
    "switching protocols": Fault(Kind.BAD_RESPONSE, [http(f"101 {LEAK}")]),
    "early hints": Fault(None, [http(f"103 {LEAK}") + GOOD]),
    "early hints alone": Fault(Kind.OFFLINE, [http(f"103 {LEAK}")]),
    "HTTP/0.9": Fault(Kind.BAD_RESPONSE, [HTML + b"\r\n"]),
    # TLS.
    "wrong name": Fault(Kind.TLS, [GOOD], "https", lambda: tls_for("leak7.test")),
    "expired": Fault(Kind.TLS, [GOOD], "https", EXPIRED),
    "unknown CA": Fault(Kind.TLS, [GOOD], "https", STRANGE),
    "plain http on the TLS port": Fault(Kind.TLS, [http("400 X", HTML)], "https", lambda: None),
    "client certificate, TLS 1.3": Fault(Kind.TLS, [GOOD], "https", lambda: demanding("TLSv1_3")),
    "client certificate, TLS 1.2": Fault(Kind.TLS, [GOOD], "https", lambda: demanding("TLSv1_2")),
    "closed in the handshake": Fault(Kind.OFFLINE, [], "https", lambda: None),
    # The proxy.
    "proxy works": Fault(None, [GOOD], "tunnel"),
    "proxy works, API fails": Fault(Kind.SERVER_ERROR, [http("503 X", HTML)], "tunnel"),
    "proxy is down": Fault(Kind.PROXY, None, "proxy"),
    "proxy closes": Fault(Kind.PROXY, [b""], "proxy"),
    "proxy resets": Fault(Kind.PROXY, [RESET], "proxy"),
    "proxy without its TLS": Fault(Kind.PROXY, [http("400 X", HTML)], "https proxy"),
    "proxy with TLS": Fault(Kind.PROXY, [b"\x15\x03\x03\x00\x02\x02\x46"], "proxy"),
    "proxy is not HTTP": Fault(Kind.PROXY, [HTML + b"\r\n"], "proxy"),
    "proxy forbids": Fault(Kind.PROXY, [http(f"403 {LEAK}", HTML)], "proxy"),
    "proxy rejects the login": Fault(Kind.PROXY, [http(f"407 {LEAK}", HTML)], "proxy"),
    "proxy reaches nobody": Fault(Kind.PROXY, [http(f"502 {LEAK}", HTML)], "proxy"),
    "proxy is overloaded": Fault(Kind.PROXY, [http(f"503 {LEAK}", HTML)], "proxy"),
    "proxy redirects": Fault(Kind.PROXY, [http(f"302 {LEAK}", HTML, THERE)], "proxy"),
    "proxy closes the tunnel": Fault(Kind.PROXY, [http(f"200 {LEAK}")], "proxy"),
    # Captive portals.
    "portal of the proxy": Fault(Kind.PROXY, [http(f"511 {LEAK}", HTML)], "proxy"),
    "portal redirects": Fault(Kind.REDIRECTED, [http("302 Found", HTML, "Location: {elsewhere}")]),
    "portal answers": Fault(Kind.BAD_RESPONSE, PORTAL),
    "portal behind TLS": Fault(Kind.TLS, PORTAL, "https", STRANGE),
    "portal behind a proxy": Fault(Kind.TLS, PORTAL, "tunnel", STRANGE),
    # What the API says.
    **{
        f"{status} redirect": Fault(Kind.REDIRECTED, [http(f"{status} {LEAK}", HTML, THERE)])
        for status in (301, 302, 303, 307, 308)
    },
    **{
        f"{status} with {what}": Fault(
            Kind.BAD_RESPONSE if what != "JSON" and status in NEEDS_JSON else kind,
            [http(f"{status} {LEAK}", body)],
        )
        for status, (kind, document) in STATUSES.items()
        for what, body in {"JSON": document, "HTML": HTML, "nothing": b""}.items()
    },
    **{
        f"{status} of a gateway": Fault(Kind.BAD_RESPONSE, [http(f"{status} {LEAK}", FORBIDDEN)])
        for status in NEEDS_JSON
    },
    **{
        f"{status} of the quota": Fault(Kind.SUSPENDED, [http(f"{status} {LEAK}", QUOTA)])
        for status in (401, 403, 429)
    },
    "402 of the quota as a code": Fault(Kind.SUSPENDED, [http(f"402 {LEAK}", QUOTA_CODE)]),
    "400 without balance": Fault(Kind.SUSPENDED, [http(f"400 {LEAK}", NO_BALANCE)]),
    "429 of an overload": Fault(Kind.RATE_LIMITED, [http(f"429 {LEAK}", OVERLOADED)]),
}


@contextmanager
def network(fault: Fault, before: str | None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Provide an endpoint that works for a ``before``, if there is one, and then fails."""
    direct = fault.place in ("http", "https")
    with ExitStack() as stack:
        elsewhere = stack.enter_context(RawServer(GOOD))
        url = elsewhere.url.encode()
        origin = stack.enter_context(Changeable(0, None if fault.place == "http" else TRUSTED()))
        proxy = stack.enter_context(Changeable(origin.port))
        monkeypatch.setenv("MOONSHOT_BASE_URL", origin.url if direct else f"https://{HOST}/v1")
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PASSWORD}@127.0.0.1:{proxy.port}")
        if before is not None:
            origin.steps = (http("200 OK", demo.balance(before, before, "0").body),)
            assert poll.poll(Options(), ()).problem is None
            for server in (origin, proxy):
                server.received.clear()
        if fault.steps is None:
            stack.close()
        else:
            wrong = proxy if "proxy" in fault.place else origin
            wrong.steps = tuple(
                s.replace(b"{elsewhere}", url) if isinstance(s, bytes) else s for s in fault.steps
            )
            wrong.tls = fault.tls() if fault.place in ("https", "tunnel") else None
        if fault.place == "https proxy":
            monkeypatch.setenv("HTTPS_PROXY", f"https://127.0.0.1:{proxy.port}")
        yield
    assert elsewhere.received == []
    assert_sent_where_it_belongs(fault, b"".join(origin.received), b"".join(proxy.received))


def assert_sent_where_it_belongs(fault: Fault, to_origin: bytes, to_proxy: bytes) -> None:
    """Check that only the endpoint got the key, after TLS was verified, and the proxy the login."""
    key, login = KEY.encode(), LOGIN.encode()
    assert key not in to_proxy
    assert login not in to_origin
    if fault.kind is Kind.TLS:
        assert key not in to_origin
    # What was received is seen, so a secret in the wrong place would be.
    elif fault.steps is not None and fault.place == "http":
        assert key in to_origin
    elif fault.steps is not None and fault.place in ("proxy", "tunnel"):
        assert login in to_proxy
