"""Every fault of the network, on an empty store and over a stored balance, in several formats.

``json`` meets the fault in a process of its own, as a bar starts it; a failure has a waiting time,
so the other formats are answered from the store.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import sqlite3
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import trustme
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from kit import menus
from kit.raw_server import BALANCE, RESET, Changeable, RawServer, Step, drip, http, tls_for, trust
from kit.support import KEY, Run

from moonshot_status import formats, schemas
from moonshot_status.cli import main
from moonshot_status.config.settings import Options
from moonshot_status.core import paths
from moonshot_status.core.errors import Kind
from moonshot_status.polling import demo, poll
from moonshot_status.store.database import FILE_NAME

pytestmark = pytest.mark.slow

HOST, PASSWORD = "balance.test", "geheim7"
LEAK = "org-leak7 <b>|</b> %{F#f00}"
LOGIN = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
SECRETS = re.compile(f"leak7|F#f00|{PASSWORD}|{LOGIN}|{KEY}|Traceback".encode())
BEFORE, NEWER = "12.34567", "49.58894"
QUICK, START = 3.0, 1.5  # Seconds: an exchange that is not slow, a process on a busy machine.
LONG_AGO = datetime(2001, 1, 1, tzinfo=timezone.utc)
TRUSTED = partial(tls_for, "127.0.0.1", HOST)
EXPIRED = partial(TRUSTED, not_before=LONG_AGO, not_after=LONG_AGO)
STRANGE = partial(TRUSTED, by=trustme.CA())


@dataclass(frozen=True)
class Fault:
    """What happens on the way, and the kind of problem that it is; None if it is none.

    ``place``: the endpoint over ``http`` or ``https``, the endpoint behind a ``tunnel``, the
    ``proxy`` itself, or one that is called an ``https proxy``. Steps of None: nobody is there.
    """

    kind: Kind | None
    steps: Sequence[Step] | None
    place: str = "http"
    tls: Callable[[], ssl.SSLContext | None] = TRUSTED


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
PORTAL = [http("200 OK", HTML, "Content-Type: text/html")]

STATUSES = {
    201: (Kind.BAD_RESPONSE, BALANCE),
    204: (Kind.BAD_RESPONSE, BALANCE),
    401: (Kind.UNAUTHORIZED, error("invalid_authentication_error")),
    403: (Kind.FORBIDDEN, error("permission_denied_error")),
    404: (Kind.NOT_FOUND, json.dumps({"code": 5, "error": "url.not_found", "ua": LEAK}).encode()),
    418: (Kind.API_ERROR, json.dumps({"code": LEAK, "scode": LEAK, "message": LEAK}).encode()),
    429: (Kind.RATE_LIMITED, error("rate_limit_reached_error")),
    **{s: (Kind.SERVER_ERROR, error("server_error")) for s in (500, 502, 503, 504)},
}

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
    "negative chunk": Fault(Kind.BAD_RESPONSE, [CHUNKS + b"-1\r\n" + PAST_THE_LIMIT, 6.0]),
    "bad chunk": Fault(Kind.BAD_RESPONSE, [CHUNKS + b"leak7\r\n" + BALANCE]),
    "no last chunk": Fault(Kind.BAD_RESPONSE, [CHUNKS + b"9\r\n" + BALANCE[:9] + b"\r\n"]),
    "gzip": Fault(None, [http("200 OK", gzip.compress(BALANCE), GZIP)]),
    "bad gzip": Fault(Kind.BAD_RESPONSE, [http("200 OK", LEAK.encode(), GZIP)]),
    "short gzip": Fault(Kind.BAD_RESPONSE, [http("200 OK", gzip.compress(BALANCE)[:-12], GZIP)]),
    "gzip bomb": Fault(Kind.BAD_RESPONSE, [http("200 OK", gzip.compress(bytes(64 << 20)), GZIP)]),
    "empty body": Fault(Kind.BAD_RESPONSE, [http("200 OK")]),
    "truncated JSON": Fault(Kind.BAD_RESPONSE, [http("200 OK", BALANCE[:-9])]),
    "NaN": Fault(Kind.BAD_RESPONSE, [http("200 OK", BALANCE.replace(NEWER.encode(), b"NaN"))]),
    "error with 200": Fault(Kind.API_ERROR, [http("200 OK", error("server_error"))]),
    # Slowness.
    "silence": Fault(Kind.TIMEOUT, [5.0]),
    "dripping status line": Fault(Kind.TIMEOUT, drip(b"H")),
    "dripping headers": Fault(Kind.TIMEOUT, [HEAD, *drip(COOKIE)]),
    "dripping body": Fault(Kind.TIMEOUT, [HEAD + b"\r\n", *drip(b" ")]),
    "dripping chunks": Fault(Kind.TIMEOUT, [CHUNKS, *drip(b"1\r\n \r\n")]),
    "endless continue": Fault(Kind.TIMEOUT, drip(b"HTTP/1.1 100 Continue\r\n\r\n")),
    "silent TLS": Fault(Kind.TIMEOUT, [5.0], "https", lambda: None),
    "silent proxy": Fault(Kind.TIMEOUT, [5.0], "proxy"),
    # The protocol.
    "switching protocols": Fault(Kind.BAD_RESPONSE, [http(f"101 {LEAK}")]),
    "early hints alone": Fault(Kind.BAD_RESPONSE, [http(f"103 {LEAK}")]),
    "HTTP/0.9": Fault(Kind.BAD_RESPONSE, [HTML + b"\r\n"]),
    # TLS.
    "wrong name": Fault(Kind.TLS, [GOOD], "https", lambda: tls_for("leak7.test")),
    "expired": Fault(Kind.TLS, [GOOD], "https", EXPIRED),
    "unknown CA": Fault(Kind.TLS, [GOOD], "https", STRANGE),
    "plain http on the TLS port": Fault(Kind.TLS, [http("400 X", HTML)], "https", lambda: None),
    "closed in the handshake": Fault(Kind.OFFLINE, [], "https", lambda: None),
    # The proxy.
    "proxy works": Fault(None, [GOOD], "tunnel"),
    "proxy works, API fails": Fault(Kind.SERVER_ERROR, [http("503 X", HTML)], "tunnel"),
    "proxy is down": Fault(Kind.PROXY, None, "proxy"),
    "proxy closes": Fault(Kind.PROXY, [b""], "proxy"),
    "proxy without its TLS": Fault(Kind.PROXY, [http("400 X", HTML)], "https proxy"),
    "proxy forbids": Fault(Kind.PROXY, [http(f"403 {LEAK}", HTML)], "proxy"),
    "proxy reaches nobody": Fault(Kind.PROXY, [http(f"502 {LEAK}", HTML)], "proxy"),
    "proxy wants a login": Fault(Kind.PROXY, [http(f"407 {LEAK}", HTML)], "proxy"),
    # Captive portals.
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
        f"{status} with {what}": Fault(kind, [http(f"{status} {LEAK}", body)])
        for status, (kind, document) in STATUSES.items()
        for what, body in {"JSON": document, "HTML": HTML, "nothing": b""}.items()
    },
    "403 of the quota": Fault(Kind.SUSPENDED, [http(f"403 {LEAK}", QUOTA)]),
    "429 of the quota": Fault(Kind.SUSPENDED, [http(f"429 {LEAK}", QUOTA)]),
}


@contextmanager
def network(fault: Fault, before: str | None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where the endpoint was well once, if there was a balance before, and then goes wrong."""
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
            origin.received.clear()
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
    assert KEY.encode() not in b"".join(proxy.received)
    assert fault.kind is not Kind.TLS or KEY.encode() not in b"".join(origin.received)


def replies(run: Run, fault: Fault) -> dict[str, subprocess.CompletedProcess[bytes]]:
    """What each format prints; ``json`` is the first and must keep to the deadline."""
    soon, late, timeout = (1.0, 1.2, 1.0) if fault.kind is Kind.TIMEOUT else (0.0, QUICK, 20.0)
    began = time.monotonic()
    done = {"json": run("--format", "json", "--timeout", str(timeout))}
    assert soon <= time.monotonic() - began <= late + START
    return done | {
        name: in_process("--format", name, "--timeout", str(timeout)) for name in HEADLINES
    }


def in_process(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """The command line without a process of its own, whose start would be most of the time."""
    done = CliRunner().invoke(main.main, arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return subprocess.CompletedProcess(
        arguments, done.exit_code, done.stdout_bytes, done.stderr_bytes
    )


def of_waybar(text: str) -> str:
    module = json.loads(text)
    assert set(module) == {"text", "alt", "tooltip", "class"}
    for member in ("tooltip", "text"):
        markup = ElementTree.fromstring(f"<m>{module[member]}</m>")  # noqa: S314
    return "".join(markup.itertext())


def of_i3blocks(text: str) -> str:
    lines = text.splitlines()
    assert len(lines) in (2, 3)
    return lines[0]


HEADLINES: dict[str, Callable[[str], str]] = {
    "plain": str.rstrip,
    "waybar": of_waybar,
    "i3blocks": of_i3blocks,
    "xbar": lambda text: menus.parse(text)[0].text,
    "swiftbar": lambda text: menus.parse(text, frozenset(menus.SWIFTBAR_KEYS))[0].text,
}
"""What stands in the bar itself, read strictly; the other formats say the same."""


def headline(fault: Fault, stored: bool) -> str:
    """The pattern of what has to stand in the bar."""
    if fault.kind is None:
        return r"\$49\.58"
    balance = r"\$12\.34 · as of (\d{4}-\d\d-\d\d )?\d\d:\d\d" if stored else "—"
    return f"{balance} · {fault.kind.label}"


def check_json(document: dict[str, Any], fault: Fault, stored: bool) -> None:
    Draft202012Validator(schemas.load("output")).validate(document)
    available = NEWER if fault.kind is None else BEFORE if stored else None
    assert document["stale"] == (stored and fault.kind is not None)
    assert str(document["balance"] and document["balance"]["available"]) == str(available)
    problem = document["problem"] or {"kind": None, "retry_at": None}
    assert problem["kind"] == (fault.kind and fault.kind.value)
    assert (problem["retry_at"] is None) == (fault.kind in (None, Kind.UNAUTHORIZED))


def readings() -> list[str]:
    with closing(sqlite3.connect(paths.state_folder() / FILE_NAME)) as db:
        return [digits for (digits,) in db.execute("SELECT available FROM reading ORDER BY id")]


@pytest.fixture(autouse=True)
def settings(own_file: Callable[[Any], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    trust(monkeypatch, own_file({"max_age": 0}).parent)


@pytest.mark.parametrize("stored", [False, True], ids=["empty", "stored"])
@pytest.mark.parametrize("name", FAULTS)
def test_the_formats_cope(
    name: str, stored: bool, run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = FAULTS[name]
    with network(fault, BEFORE if stored else None, monkeypatch):
        done = replies(run, fault)
    check_json(json.loads(done["json"].stdout), fault, stored)
    nothing_to_show = fault.kind is not None and not stored
    for form, read in HEADLINES.items():
        assert re.fullmatch(headline(fault, stored), read(done[form].stdout.decode())), form
    for form, reply in done.items():
        assert reply.stderr == b""
        assert reply.stdout.endswith(b"\n")
        assert reply.stdout.count(b"\n") == 1 or form in ("i3blocks", "xbar", "swiftbar")
        assert reply.returncode == (nothing_to_show and form in ("plain", "json"))
        assert not SECRETS.search(reply.stdout)
    assert readings() == [BEFORE] * stored + [NEWER] * (fault.kind is None) * len(done)
    assert not any(SECRETS.search(file.read_bytes()) for file in home.rglob("*") if file.is_file())


@pytest.mark.parametrize(("before", "level"), [("0.58211", "critical"), ("0", "empty")])
def test_an_urgent_balance_stays_urgent(
    before: str, level: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with network(FAULTS["503 with HTML"], before, monkeypatch):
        done = replies(run, FAULTS["503 with HTML"])
    codes = {form: reply.returncode for form, reply in done.items() if reply.returncode}
    assert codes == {"i3blocks": 33}
    assert json.loads(done["waybar"].stdout)["class"] == [level, "stale", "server-error"]
    assert len(done["i3blocks"].stdout.splitlines()) == 3


def test_every_kind_of_fault_is_there() -> None:
    assert {*HEADLINES} < {*formats.names()}
    local = {Kind.NO_KEY, Kind.BAD_KEY, Kind.WRONG_PRODUCT, Kind.CONFIG, Kind.STORE, Kind.INTERNAL}
    assert {fault.kind for fault in FAULTS.values()} == {None, *Kind} - local
