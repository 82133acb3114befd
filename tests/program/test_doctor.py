"""``moonshot-status doctor``: the right cause for each broken setup, and nothing private."""

from __future__ import annotations

import errno
import itertools
import json
import os
import re
import shlex
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import trustme
from kit import stored
from kit.raw_server import (
    BALANCE,
    RESET,
    RawServer,
    Step,
    TunnelProxy,
    drip,
    free_port,
    http,
    silent_port,
    tls_for,
    trust,
)
from kit.socks_server import SocksServer
from kit.support import KEY, PROGRAM, REPOSITORY, Run

import moonshot_status
from moonshot_status import schemas
from moonshot_status.api import connect
from moonshot_status.api.base_url import is_loopback
from moonshot_status.api.connect import Address
from moonshot_status.config import api_key, codexbar, file_trust, key_sources
from moonshot_status.config.settings import SETTINGS, Setting
from moonshot_status.core import bar_path, log, paths
from moonshot_status.core.regions import Region
from moonshot_status.doctor import key_command as key_command_check
from moonshot_status.doctor import menu_bars, network, report, request, whitespace
from moonshot_status.doctor import waybar as waybar_check
from moonshot_status.doctor.context import Context
from moonshot_status.doctor.finding import State, untried
from moonshot_status.polling import balance, demo
from moonshot_status.store import accounts
from moonshot_status.store.database import FILE_NAME

HOST = Region.INTERNATIONAL.host
PASSWORD = "canary-password"
USER = "alice-canary"
NOBODY = 65534
# Root without its right to ignore permissions.
AS_A_USER = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]
STATES = {state.sign: state.value for state in State}
Patch = pytest.MonkeyPatch


@dataclass
class Bench:
    """A working setup, to be broken: the program and the key are where bars find them."""

    home: Path
    server: demo.Server
    patch: Patch
    stack: ExitStack
    folder: Path

    def settings(self, written: Any, mode: int = 0o600) -> Path:
        path = self.home / ".config" / "moonshot-status" / "config.json"
        text = written if isinstance(written, str) else json.dumps(written)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def use(self, **more: Any) -> None:
        """Write settings that lead to the server, and more."""
        self.settings({"api_key": KEY, "base_url": self.server.base_url, **more})

    def serve(self, *steps: Step, tls: Any = None, **more: Any) -> RawServer:
        """Start a server that plays these steps, and write settings that lead to it."""
        server = self.stack.enter_context(RawServer(*steps, tls=tls))
        self.use(base_url=server.url, **more)
        return server

    def command(self, script: str, name: str = "get-key") -> Path:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    def write(self, place: str, text: str, mode: int = 0o644) -> Path:
        path = self.home / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def codexbar(self, **entry: str) -> None:
        provider = {"id": "moonshot", **entry}
        self.write(".codexbar/config.json", json.dumps({"providers": [provider]}), 0o600)

    @property
    def store(self) -> Path:
        return self.home / ".local" / "state" / "moonshot-status" / FILE_NAME


def resolve_locally(host: Any, *more: Any, **options: Any) -> Any:
    """Resolve names of this machine, and no others: no test asks the network."""
    if is_loopback(host):
        return real_getaddrinfo(host, *more, **options)
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


real_getaddrinfo = socket.getaddrinfo


@pytest.fixture(scope="module")
def endpoint() -> Iterator[demo.Server]:
    with demo.serving(demo.balance("49.58894", "46.58893", "3.00001"), (KEY,)) as server:
        yield server


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: Patch, endpoint: demo.Server) -> Iterator[Bench]:
    home = tmp_path / USER
    for folder in (".local/bin", ".config/moonshot-status"):
        (home / folder).mkdir(parents=True)
    (home / ".local/bin/moonshot-status").symlink_to(PROGRAM[0])
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USER", USER)
    monkeypatch.setattr(socket, "getaddrinfo", resolve_locally)
    endpoint.requests.clear()
    with ExitStack() as stack:
        made = Bench(home, endpoint, monkeypatch, stack, tmp_path)
        made.use()
        yield made


Finding = dict[str, str]
Doctor = Callable[..., list[Finding]]


@pytest.fixture
def doctor(invoke: Run, bench: Bench) -> Doctor:
    """Return the findings, after checking that all of them may be published."""

    def doctor(*arguments: str) -> list[Finding]:
        bench.patch.setattr(log, "_secrets", set())
        done = invoke(*arguments, "doctor", "--json")
        assert done.stderr == b""
        document = json.loads(done.stdout)
        assert schemas.mismatch(document, "doctor") is None
        assert is_public(done.stdout.decode(), bench)
        findings: list[Finding] = document["findings"]
        assert done.returncode == ("wrong" in {finding["state"] for finding in findings})
        return findings

    return doctor


def is_public(text: str, bench: Bench) -> bool:
    private = ("canary", "49.5", "46.5", str(bench.home))
    return bool(text) and not any(word in text for word in private)


def in_state(findings: list[Finding], state: str) -> dict[str, str]:
    """Return the findings in that state, fact and fix, by their names."""
    found: dict[str, str] = {}
    for finding in findings:
        if finding["state"] == state:
            words = f"{finding['fact']} → {finding['mend']}"
            found[finding["name"]] = f"{found.get(finding['name'], '')} {words}".strip()
    return found


def failed(findings: list[Finding]) -> dict[str, str]:
    return in_state(findings, "wrong")


def test_a_working_setup(doctor: Doctor, bench: Bench) -> None:
    findings = doctor()
    assert failed(findings) == {}
    assert in_state(findings, "ok")["request"].startswith("the API answers with a balance")
    assert "the server's" in in_state(findings, "ok")["clock"]
    assert len(bench.server.requests) == 1


def test_the_text_has_a_line_for_each_step_and_the_balance(
    invoke: Run, doctor: Doctor, bench: Bench
) -> None:
    bench.settings({"region": "china"})
    done = invoke("doctor")
    lines = [line for line in done.stdout.decode().splitlines() if not line.startswith(" ")]
    printed = [(STATES[line[0]], line[2:17].strip()) for line in lines]
    assert printed == [(finding["state"], finding["name"]) for finding in doctor()]
    assert "\n                  → Write " in done.stdout.decode()
    assert done.returncode == 1
    bench.use()
    bench.patch.setenv("LC_ALL", "C")
    done = invoke("doctor")
    assert "a balance: $49.58\n" in done.stdout.decode()
    assert not is_public(done.stdout.decode(), bench)
    assert KEY not in done.stdout.decode()
    assert done.returncode == 0


def test_without_its_masks_the_json_is_not_public(invoke: Run, bench: Bench) -> None:
    bench.use(base_url="https://canary.invalid")
    assert is_public(invoke("doctor", "--json").stdout.decode(), bench)
    bench.patch.setattr(report, "_private_masks", lambda _: [])
    assert "canary" in invoke("doctor", "--json").stdout.decode()


def test_warnings_as_errors(invoke: Run, bench: Bench) -> None:
    invoke()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", moonshot_status.__name__, "doctor", "--json"],
        capture_output=True, check=False,
    )  # fmt: skip
    findings = json.loads(done.stdout)["findings"]
    assert failed(findings) == {}
    assert "readings as they came: 1" in in_state(findings, "ok")["store"]
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_request_is_made_once_and_counts_for_the_bars(
    invoke: Run, doctor: Doctor, bench: Bench
) -> None:
    doctor()
    assert invoke().stdout == b"$49.58\n"
    assert len(bench.server.requests) == 1
    assert "readings as they came: 1" in in_state(doctor(), "ok")["store"]
    assert len(bench.server.requests) == 2


def test_an_unknown_account_is_wrong_usage(invoke: Run, bench: Bench) -> None:
    done = invoke("--account", "nobody", "doctor")
    assert (done.returncode, done.stdout) == (2, b"")


# Each way to break the setup, the step that fails, and the words of its finding.
def broken_json(bench: Bench) -> None:
    bench.settings(f'{{"api_key": "{KEY}",\n}}')


def key_command(script: str) -> Callable[[Bench], None]:
    def set_up(bench: Bench) -> None:
        command = bench.command(script)
        bench.settings({"api_key_command": [str(command)], "base_url": bench.server.base_url})

    return set_up


def no_script(bench: Bench) -> None:
    path = bench.command("echo")
    path.chmod(0o644)
    bench.settings({"api_key_command": [str(path)]})


def in_relative_folder(entry: str) -> Callable[[Any], Any]:
    """The program is only in a folder of PATH that is relative."""

    def set_up(bench: Bench) -> None:
        script = bench.write("x/get-key", f"#!/bin/sh\necho {KEY}\n", 0o755)
        bench.patch.chdir(script.parent)
        bench.patch.setenv("PATH", f"{entry}:{os.environ['PATH']}")
        bench.settings({"api_key_command": ["get-key"]})

    return set_up


def slow_command(bench: Bench) -> None:
    key_command("sleep 30")(bench)
    bench.patch.setattr(api_key, "COMMAND_SECONDS", 0.1)


def only_in_this_shell(bench: Bench) -> None:
    bench.command(f"echo {KEY}", "my-key")
    bench.patch.setenv("PATH", f"{bench.folder}:{os.environ['PATH']}")
    bench.settings({"api_key_command": ["my-key"], "base_url": bench.server.base_url})


def runs_what_is_only_in_this_shell(bench: Bench) -> None:
    only_in_this_shell(bench)
    path = bench.command("my-key", "outer")
    bench.settings({"api_key_command": [str(path)], "base_url": bench.server.base_url})


def unreachable(url: str) -> Callable[[Bench], None]:
    return lambda bench: bench.use(base_url=url)


def proxy(*steps: Step, place: str = "") -> Callable[[Bench], None]:
    def set_up(bench: Bench) -> None:
        bench.use(base_url="")
        port = bench.stack.enter_context(RawServer(*steps)).port if steps else free_port()
        place_of = place or f"http://user:{PASSWORD}@127.0.0.1:{port}"
        bench.patch.setenv("HTTPS_PROXY", place_of)

    return set_up


def without_pysocks(bench: Bench) -> None:
    bench.patch.setitem(sys.modules, "socks", None)
    proxy(place="socks5://me:canary@127.0.0.1:7890")(bench)


def socks_refuses(bench: Bench) -> None:
    server = bench.stack.enter_context(SocksServer(refusal=2, login=(b"user", PASSWORD.encode())))
    proxy(place=f"socks5h://user:{PASSWORD}@127.0.0.1:{server.port}")(bench)


def distrusted(bench: Bench) -> None:
    bench.serve(tls=tls_for("127.0.0.1"))


def unknown_authority(bench: Bench) -> None:
    trust(bench.patch, bench.folder)
    bench.serve(tls=tls_for("127.0.0.1", by=trustme.CA()))


def served_tls(*names: str, **more: Any) -> Callable[[Bench], None]:
    def set_up(bench: Bench) -> None:
        trust(bench.patch, bench.folder)
        bench.serve(tls=tls_for(*names, **more))

    return set_up


def plain_http_for_https(bench: Bench) -> None:
    server = bench.serve(http("400 Bad Request"))
    bench.use(base_url=server.url.replace("http", "https"))


def hangs_up(*steps: Step) -> Callable[[Bench], None]:
    def set_up(bench: Bench) -> None:
        server = bench.serve(*steps)
        bench.use(base_url=server.url.replace("http", "https"))

    return set_up


def answers(*steps: Step) -> Callable[[Bench], object]:
    return lambda bench: bench.serve(*steps)


def drips(bench: Bench) -> None:
    bench.serve(*drip(b"H"), timeout=0.4)


def date(hours: float) -> str:
    moment = datetime.now(timezone.utc) + timedelta(hours=hours)
    return f"Date: {format_datetime(moment, usegmt=True)}"


def a_variable(name: str, value: str) -> Callable[[Bench], None]:
    return lambda bench: bench.patch.setenv(name, value)


def dangling_program(bench: Bench) -> None:
    link = bench.home / ".local/bin/moonshot-status"
    link.unlink()
    link.symlink_to("/nowhere/at/all")


def dangling_settings(bench: Bench) -> None:
    path = bench.settings({})
    path.unlink()
    path.symlink_to("/nowhere/at/all")


def damaged_store(bench: Bench) -> None:
    bench.store.parent.mkdir(parents=True, mode=0o700)
    bench.store.write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)


def newer_store(bench: Bench) -> None:
    bench.store.parent.mkdir(parents=True, mode=0o700)
    stored.set_version(bench.store, 99)


PAGE = b"<html>canary</html>"
IDS = b'{"error":{"type":"x","message":"org-canary ak-canary"}}'
BROKEN: dict[str, tuple[Callable[[Bench], object], str, str]] = {
    "no key": (lambda b: b.settings({}), "key", "no API key"),
    "a sk-kimi- key": (lambda b: b.use(api_key="sk-kimi-canary"), "key", "begins with sk-kimi-"),
    "a word before it": (lambda b: b.use(api_key=f"Bearer {KEY}"), "key", "at position 8"),
    "a blank within": (lambda b: b.use(api_key="sk-can ary"), "key", "a space at position 7"),
    "a newline within": (lambda b: b.use(api_key=f"{KEY}\n{KEY}"), "key", "a line break at"),
    "a dash": (lambda b: b.use(api_key="sk–canary"), "key", "a typographic dash at position 3"),
    "an invisible one": (lambda b: b.use(api_key="sk-c\u200banary"), "key", "a zero-width char"),
    "a control": (lambda b: b.use(api_key="sk-c\x07anary"), "key", "a control character"),
    "no ascii": (lambda b: b.use(api_key="sk-canaryé"), "key", "not ASCII"),
    "a placeholder": (lambda b: b.use(api_key="sk-..."), "key", "is a placeholder"),
    "a variable": (lambda b: b.use(api_key="$MOONSHOT_API_KEY"), "key", "name of a variable"),
    "an address": (lambda b: b.use(api_key="op://canary/x"), "key", "is an address"),
    "key of the other region": (
        lambda b: (b.settings({"region": "china"}), b.patch.setenv("MOONSHOT_KEY", KEY)),
        "key",
        'other region, so it is not used. Looked.* write "region": "international"',
    ),
    "mode 0644": (lambda b: b.settings({"api_key": KEY}, 0o644), "file mode", "chmod 600"),
    "a comma": (broken_json, "settings file", "A comma stands before a closing bracket"),
    "empty": (lambda b: b.settings(""), "settings file", "It is empty"),
    "typographic": (lambda b: b.settings("{“region”: 1}"), "settings file", "Typographic quotes"),
    "a comment": (lambda b: b.settings("{\n// x\n}"), "settings file", "no comments"),
    "single quotes": (lambda b: b.settings("{'region': 1}"), "settings file", 'Names stand in "'),
    "half a file": (lambda b: b.settings('{"region"'), "settings file", "README lists"),
    "UTF-16": (
        lambda b: b.settings({}).write_bytes("{}".encode("utf-16")), "settings file", "as UTF-8",
    ),
    "a folder": (
        lambda b: (b.settings({}).unlink(), b.write(".config/moonshot-status/config.json/x", "")),
        "settings file", "Is a directory",
    ),
    "no comma": (
        lambda b: b.settings('{"region": "china" "api_key": "x"}'), "settings file",
        "A comma, or a closing",
    ),
    "an unknown name": (lambda b: b.use(apiKey=KEY), "settings file", 'Is "api_key" what is meant'),
    "a name like no other": (lambda b: b.use(zzz=KEY), "settings file", "README lists"),
    "a mistake": (lambda b: b.use(max_age="canary"), "settings file", "max_age: allowed is"),
    "a mistake in an account": (
        lambda b: b.settings({"accounts": {"canary.x y": {"region": "mars"}}}),
        "settings file", "accounts.NAME.region: allowed is",
    ),
    "a link": (dangling_settings, "settings file", "leads nowhere"),
    "thresholds": (
        lambda b: b.use(thresholds={"warning": 1, "critical": 2}), "settings", "is above warning",
    ),
    "an unknown region": (
        lambda b: (b.settings({}), b.patch.setenv("MOONSHOT_REGION", "canary"),
                   b.patch.setenv("MOONSHOT_API_KEY", KEY)),
        "settings", "MOONSHOT_REGION names a region that does not exist",
    ),
    "the other region's host": (
        lambda b: b.use(base_url="https://api.moonshot.cn"), "settings", "it is the china host",
    ),
    "codexbar": (
        lambda b: (b.settings({}), b.write(".codexbar/config.json", "{")),
        "CodexBar's file", "not valid JSON",
    ),
    "command is not there": (
        lambda b: b.settings({"api_key_command": ["/opt/canary/x-y"]}),
        "key command", "x-y is not installed",
    ),
    "command with ~": (
        lambda b: b.settings({"api_key_command": ["~/x-y"]}), "key command", "x-y is not installed",
    ),
    "command with $": (
        lambda b: b.settings({"api_key_command": ["$PASS"]}), "key command", r"expands \$",
    ),
    "command in the working folder": (
        lambda b: b.settings({"api_key_command": ["./get-key"]}), "settings file",
        "api_key_command.0: allowed is a program's name, its full path or one in",
    ),
    "command in one word": (
        lambda b: b.settings({"api_key_command": ["pass show canary"]}), "key command", "Each word",
    ),
    "command without its bit": (no_script, "key command", r"chmod \+x"),
    "command with a pipe": (
        lambda b: b.settings({"api_key_command": ["false", "|", "cat"]}), "key command", "sh",
    ),
    **{
        f"command in {entry!r} of PATH": (
            in_relative_folder(entry), "key command", "relative, and not searched.*~/x/get-key$",
        )
        for entry in (".", "", "../x")
    },
    "command fails": (key_command("exit 3"), "key command", "failed with status 3.*setsid"),
    "command is silent": (key_command("echo; echo x"), "key command", "nothing on its first line"),
    "command hangs": (slow_command, "key command", "did not end.*passphrase"),
    "command is elsewhere": (only_in_this_shell, "key command", "Write its full path: /"),
    "command's own": (runs_what_is_only_in_this_shell, "key command", "name the programs that it"),
    "command says two": (key_command("echo sk-canary sk-a"), "key command", "space at position 10"),
    "command prints a sk-kimi- key": (
        key_command("echo sk-kimi-canary"), "key command", "Make a key of the Open Platform",
    ),
    "no such host": (unreachable("https://canary.invalid"), "name lookup", "HOST is not found"),
    "no such place": (unreachable(f"http://127.0.0.1:{free_port()}"), "connection", "refused"),
    "refused": (unreachable(f"https://127.0.0.1:{free_port()}"), "connection", "base URL right"),
    "proxy is down": (proxy(), "connection", "HTTPS_PROXY names that proxy"),
    "proxy is unknown": (proxy(place="http://canary.invalid:1"), "name lookup", "HTTPS_PROXY"),
    "proxy is no address": (proxy(place="http://me:canary@"), "proxy", "cannot be used"),
    "proxy of another kind": (proxy(place="ss://me:canary@x"), "proxy", "names a ss:// proxy"),
    "proxy with a login that is no URL": (
        proxy(place="http://me:canary#@x"), "proxy", "HTTPS_PROXY cannot be read.*# as %23",
    ),
    "proxy wants a login": (proxy(http("407 canary")), "proxy", "rejected the login .HTTP 407"),
    "proxy refuses": (proxy(http("403 canary")), "proxy", "not allow the connection .HTTP 403"),
    "no PySocks": (without_pysocks, "proxy", "SOCKS proxy.*pipx inject.*HTTPS_PROXY=http://"),
    "SOCKS refuses": (socks_refuses, "proxy", "SOCKS error 2"),
    "unknown authority": (unknown_authority, "TLS", "that is not in .*SSL_CERT_FILE names"),
    "inspected": (distrusted, "TLS", "an unknown authority.*may want a login"),
    "another name": (served_tls("canary.example"), "TLS", "for another name"),
    "expired": (
        served_tls("127.0.0.1", not_before=datetime(2001, 1, 1), not_after=datetime(2002, 1, 1)),
        "TLS", "has expired, by this machine's clock",
    ),
    "not yet": (
        served_tls("127.0.0.1", not_before=datetime(2101, 1, 1), not_after=datetime(2102, 1, 1)),
        "TLS", "is not valid yet, by this machine's clock.*Set the clock",
    ),
    "no TLS": (plain_http_for_https, "TLS", "does not speak TLS"),
    "an alert": (
        hangs_up(b"\x15\x03\x03\x00\x02\x02\x28"), "TLS",
        "TLS with 127.0.0.1.* failed: the server refused",
    ),
    "hangs up": (hangs_up(), "TLS", "127.0.0.1 hangs up in the middle"),
    "resets": (hangs_up(RESET), "TLS", "127.0.0.1 hangs up in the middle"),
    "no CA file": (
        lambda b: (b.use(base_url="https://x.invalid"), b.patch.setenv("SSL_CERT_FILE", "/no")),
        "CA certificates", "SSL_CERT_FILE names /no: No such file",
    ),
    "no CA in it": (
        lambda b: (
            b.use(base_url="https://x.invalid"), b.patch.setenv("SSL_CERT_FILE", "/etc/hostname"),
        ),
        "CA certificates", "holds no certificate",
    ),
    "clock ahead": (
        lambda b: b.serve(http("200 OK", BALANCE, date(-1))), "clock", "clock is (60|59) min ahead",
    ),
    "clock behind": (
        lambda b: b.serve(http("401 No", IDS, date(1))), "clock", "clock is (60|59) min behind",
    ),
    "401": (answers(http("401 canary", IDS)), "request", 'rejected.*needs "region": "china"'),
    "401 of a region": (
        lambda b: b.serve(http("401 canary", IDS), region="china"), "request",
        r"Check the region and api_key in .*json, then run [^.]*\.$",
    ),
    "401 of a gateway": (
        answers(http("401 canary", PAGE)), "request", r"bad answer: A page in.*\(HTTP 401\)",
    ),
    "a login page": (answers(http("511 canary", PAGE)), "request", "bad answer: .*log in"),
    "429": (answers(http("429 canary", IDS)), "request", "rate limited: Too many requests"),
    "429 of a gateway": (
        answers(http("429 canary", PAGE)), "request", "rate limited: Something in between limits",
    ),
    "a captive portal": (answers(http("200 OK", PAGE)), "request", "bad answer.*login page"),
    "a redirect": (answers(http("302 canary", b"", "Location: https://canary/")), "request",
                   "redirected: "),
    "a server that drips": (drips, "request", "no answer: No answer from"),
    "a program that is gone": (dangling_program, "PATH of bars", "leads to nothing"),
    "a damaged store": (damaged_store, "store", "is damaged"),
    "a newer store": (newer_store, "store", "by a later version"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_the_cause_is_found_and_nothing_private_is_told(
    doctor: Doctor, bench: Bench, name: str
) -> None:
    set_up, step, words = BROKEN[name]
    set_up(bench)
    found = failed(doctor())
    assert step in found
    assert re.search(words, found[step]), found[step]


@pytest.mark.parametrize(
    "name",
    [
        "a sk-kimi- key", "a blank within", "a newline within", "an address", "a comma",
        "key of the other region", "mode 0644", "command says two", "proxy is down",
        "proxy is no address", "proxy of another kind", "proxy with a login that is no URL",
        "proxy wants a login", "proxy refuses", "no PySocks", "SOCKS refuses", "401", "429",
    ],
)  # fmt: skip
def test_the_text_has_no_secret(invoke: Run, bench: Bench, name: str) -> None:
    set_up, step, _ = BROKEN[name]
    set_up(bench)
    text = invoke("doctor").stdout.decode()
    assert f"✗ {step} " in text
    assert not any(secret in text for secret in (KEY, PASSWORD, "me:canary", "k-canary"))


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_an_account_of_an_invalid_file_stays_private(
    doctor: Doctor, bench: Bench, setting: Setting
) -> None:
    value: Any = {"wrong": "type"}
    for part in reversed(setting.name.split(".")):
        value = {part: value}
    bench.settings({"accounts": {"canary.x y": value}})
    assert f"accounts.NAME.{setting.name}: allowed is" in failed(doctor())["settings file"]


# The check of each pattern would take minutes if it began again on every line.
@pytest.mark.parametrize("text", ["{", "x", "'x'", "{,"])
def test_a_file_of_empty_lines_takes_no_longer_than_another(
    doctor: Doctor, bench: Bench, text: str
) -> None:
    lines = "\n" * 60_000
    bench.settings(f"{lines}{text}{lines}x")
    waybar(bench, f"{lines}{text}{lines}")
    found = failed(doctor())
    assert "is not valid JSON" in found["settings file"]
    assert "cannot be understood" in found["waybar"]


HINTS: dict[str, tuple[Callable[[Bench], object], str, str]] = {
    "key in the environment alone": (
        lambda b: (
            b.settings({"base_url": b.server.base_url}), b.patch.setenv("MOONSHOT_KEY", KEY),
        ),
        "environment", "MOONSHOT_KEY → Write what a bar needs into",
    ),
    "quotes": (lambda b: b.use(api_key=f" '{KEY}'\n"), "blanks", "^api_key in .*spaces, quotes an"),
    "quotes in the environment": (
        a_variable("MOONSHOT_REGION", '"international"'), "blanks", "^MOONSHOT_REGION has quotes",
    ),
    "quotes in codexbar": (
        lambda b: b.codexbar(apiKey=f"'{KEY}'"), "blanks", "apiKey in ~/.codexbar.* quotes around",
    ),
    "blank": (a_variable("MOONSHOT_API_KEY", " "), "blanks", "MOONSHOT_API_KEY is blank"),
    "a group that can read the key": (
        lambda b: (
            b.settings({"api_key": KEY, "base_url": b.server.base_url}, 0o640),
            b.patch.setattr(file_trust, "has_other_members", lambda *_: True),
        ),
        "file mode", "mode 0640: its group can read it → If that is not meant: chmod 600",
    ),
    "another key": (
        lambda b: b.codexbar(apiKey="sk-canary"), "another key", "config.json comes first",
    ),
    "another region's key": (
        lambda b: b.codexbar(apiKey="sk-canary", region="China"), "another key", "other region",
    ),
    "an unknown region": (
        lambda b: (
            b.settings({"base_url": b.server.base_url}), b.codexbar(apiKey=KEY, region="canary"),
        ),
        "CodexBar's file",
        "unknown region, which counts as international → Known are international and china",
    ),
    "two unknown regions": (
        lambda b: b.codexbar(apiKey="sk-canary", region="canary", apiKeyRegion="x"),
        "CodexBar's file", "unknown apiKeyRegion and region, which",
    ),
    "a mark before the command's key": (
        key_command(f"printf '\\357\\273\\277{KEY}'"), "key command",
        "key that api_key_command prints has byte order marks around it",
    ),
    "a broken file of codexbar": (
        lambda b: (
            b.settings({"base_url": b.server.base_url}), b.patch.setenv("MOONSHOT_KEY", KEY),
            b.write(".codexbar/config.json", "{", 0o600),
        ),
        "CodexBar's file", "is not valid JSON, but it is not needed → Mend it in CodexBar",
    ),
    "an unusable key of codexbar": (
        lambda b: (
            b.settings({"base_url": b.server.base_url}), b.patch.setenv("MOONSHOT_KEY", KEY),
            b.codexbar(apiKey="sk-kimi-canary", region="china"),
        ),
        "CodexBar's file", "Kimi Code, which has no balance, but it is not needed → Make a key",
    ),
    "an unusable key of codexbar beside an own one": (
        lambda b: b.codexbar(apiKey="sk canary"), "CodexBar's file", "3, but it is not needed",
    ),
    "two in the environment": (
        lambda b: (
            b.patch.setenv("MOONSHOT_KEY", "canary"), b.patch.setenv("MOONSHOT_API_KEY", "canary"),
        ),
        "another key", "MOONSHOT_KEY is not used: MOONSHOT_API_KEY comes first",
    ),
    "a variable of another name": (
        lambda b: (b.settings({}), b.patch.setenv("KIMI_API_KEY", KEY)),
        "another key", "KIMI_API_KEY is not read → Its name is MOONSHOT_API_KEY",
    ),
    "named accounts": (
        lambda b: (
            b.settings({"base_url": b.server.base_url, "accounts": {"canary": {"api_key": KEY}}}),
            b.patch.setenv("MOONSHOT_KEY", "canary"),
        ),
        "another key", "MOONSHOT_KEY is not used: the account has a name",
    ),
    "codexbar is broken": (
        lambda b: b.write(".codexbar/config.json", "{"), "CodexBar's file", "it is not needed",
    ),
    "codexbar is not there": (
        a_variable("CODEXBAR_CONFIG", "/nowhere"), "CodexBar's file", "that is not there",
    ),
    "a file of another name": (
        lambda b: b.settings({}).rename(b.home / ".config/moonshot-status/config.jsonc"),
        "settings file", "config.jsonc beside it is not read",
    ),
    "another folder": (
        a_variable("XDG_CONFIG_HOME", "/tmp/nowhere"), "settings file", "is not read → Move it to",
    ),
    "another folder in the shell": (
        lambda b: b.patch.setenv("XDG_STATE_HOME", str(b.folder / "elsewhere")),
        "environment", "XDG_STATE_HOME → Set it for",
    ),
    "a strange key": (lambda b: b.use(api_key="ak0815"), "key", "does not begin with sk-"),
    "a proxy for http": (
        lambda b: (b.use(base_url=""), b.patch.setenv("http_proxy", "http://canary:1")),
        "proxy", "HTTP_PROXY does not count",
    ),
    "no program": (
        lambda b: (b.home / ".local/bin/moonshot-status").unlink(),
        "PATH of bars", "do not find moonshot-status by its name → ln -sf",
    ),
    "another program": (
        lambda b: (
            (b.home / ".local/bin/moonshot-status").unlink(),
            b.write(".local/bin/moonshot-status", "#!/bin/sh", 0o755),
        ),
        "PATH of bars", "is not the program that runs now",
    ),
    "a slow command": (
        lambda b: (
            key_command(f"echo {KEY}")(b),
            b.patch.setattr(key_command_check, "_SLOW_SECONDS", 0),
        ),
        "key command", r"get-key took \d+\.\d s of the 10",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HINTS)
def test_what_is_no_fault_is_a_hint(doctor: Doctor, bench: Bench, name: str) -> None:
    set_up, step, words = HINTS[name]
    set_up(bench)
    found = in_state(doctor(), "hint")
    assert step in found
    assert re.search(words, found[step]), found[step]


OKS: dict[str, tuple[Callable[[Bench], object], str, str, str]] = {
    "codexbar": (
        lambda b: (
            b.settings({"base_url": b.server.base_url}), b.codexbar(apiKey=KEY, region="china"),
        ),
        "ok", "key", "from ~/.codexbar/config.json, of china",
    ),
    "region of codexbar": (
        lambda b: (b.settings({"base_url": b.server.base_url}), b.codexbar(region="china")),
        "ok", "region", "china, as ~/.codexbar/config.json says",
    ),
    "codexbar without a key": (
        lambda b: b.codexbar(region="china"), "skipped", "CodexBar's file", "no key of Moonshot",
    ),
    "codexbar without an entry": (
        lambda b: b.write(".codexbar/config.json", "{}"),
        "skipped", "CodexBar's file", "no entry of Moonshot",
    ),
    "codexbar of strange entries": (
        lambda b: b.write(".codexbar/config.json", '{"providers": [1, {"id": "kimi"}]}'),
        "skipped", "CodexBar's file", "no entry of Moonshot",
    ),
    "codexbar is blank": (
        lambda b: b.write(".codexbar/config.json", "\n"),
        "skipped", "CodexBar's file", "is blank, which counts as absent",
    ),
    "codexbar and a named account": (
        lambda b: (
            b.codexbar(apiKey="sk-canary"),
            b.settings({"base_url": b.server.base_url, "accounts": {"canary": {"api_key": KEY}}}),
        ),
        "skipped", "CodexBar's file", "is not looked at: the account has a name",
    ),
    "region of the environment": (
        lambda b: (
            b.settings({"base_url": b.server.base_url}), b.patch.setenv("MOONSHOT_KEY", KEY),
            b.patch.setenv("MOONSHOT_REGION", "china"),
        ),
        "ok", "region", "china, as MOONSHOT_REGION says",
    ),
    "a key command": (key_command(f"echo {KEY}"), "ok", "key command", "get-key took "),
    "no proxy for the host": (
        lambda b: (
            b.patch.setenv("HTTPS_PROXY", "http://canary:1"),
            b.patch.setenv("NO_PROXY", "x.invalid"), b.use(base_url="https://x.invalid"),
        ),
        "ok", "proxy", "does not count for HOST",
    ),
    "a list of one line that is no object": (
        lambda b: b.settings("[]"), "skipped", "key", "settings file is broken",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OKS)
def test_what_is_well_or_not_there_is_said(doctor: Doctor, bench: Bench, name: str) -> None:
    set_up, state, step, words = OKS[name]
    set_up(bench)
    assert words in in_state(doctor(), state)[step]


def test_another_account_on_request(doctor: Doctor, bench: Bench) -> None:
    accounts = {"one": {"api_key": "sk-kimi-x"}, "two": {"api_key": KEY, "region": "China"}}
    bench.settings({"base_url": bench.server.base_url, "accounts": accounts})
    assert "Kimi Code" in failed(doctor())["key"]
    findings = doctor("--account", "two")
    assert failed(findings) == {}
    assert "china, as accounts.NAME in ~" in in_state(findings, "ok")["region"]


def test_the_region_of_the_flag(doctor: Doctor, bench: Bench) -> None:
    findings = doctor("--region", "china")
    assert "as --region says" in in_state(findings, "ok")["region"]
    assert "belongs to the other region" in failed(findings)["key"]


@pytest.fixture
def platforms(bench: Bench) -> tuple[RawServer, TunnelProxy]:
    """Both regions' hosts behind a proxy, with certificates that are trusted."""
    trust(bench.patch, bench.folder)
    tls = tls_for(*(region.host for region in Region))
    origin = bench.stack.enter_context(RawServer(http("200 OK", BALANCE), tls=tls))
    tunnel = bench.stack.enter_context(TunnelProxy(origin.port))
    bench.patch.setenv("HTTPS_PROXY", f"http://user:{PASSWORD}@127.0.0.1:{tunnel.port}")
    return origin, tunnel


def test_through_a_proxy_that_wants_a_login(
    doctor: Doctor, bench: Bench, platforms: tuple[RawServer, TunnelProxy]
) -> None:
    bench.settings({"api_key": KEY})
    findings = doctor()
    assert failed(findings) == {}
    assert "with a login" in in_state(findings, "ok")["proxy"]
    assert "the certificate is good" in in_state(findings, "ok")["TLS"]
    assert "HTTPS_PROXY, SSL_CERT_FILE" in in_state(findings, "hint")["environment"]


@pytest.mark.parametrize("has_key", [True, False])
@pytest.mark.parametrize(("region", "other"), list(itertools.permutations(Region, 2)))
def test_nobody_but_the_regions_host_is_asked_and_the_key_goes_there_once(
    doctor: Doctor,
    bench: Bench,
    platforms: tuple[RawServer, TunnelProxy],
    region: Region,
    other: Region,
    has_key: bool,
) -> None:
    bench.settings({"region": region.value, **({"api_key": KEY} if has_key else {})})
    bench.codexbar(apiKey="sk-of-the-other", region=other.value)
    doctor()
    bench.stack.close()  # what the servers received is complete now
    origin, tunnel = platforms
    asked_for = b"".join(tunnel.received)
    assert asked_for.count(f"CONNECT {region.host}:443".encode()) == 1 + has_key
    assert other.host.encode() not in asked_for
    heard = b"".join(origin.received)
    assert heard.count(KEY.encode()) == has_key
    assert b"sk-of-the-other" not in heard + asked_for


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_ca_file_that_only_other_programs_use(
    doctor: Doctor, bench: Bench, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "/company/ca.pem")
    bench.settings({"api_key": KEY, "base_url": "https://127.0.0.1:1"})
    assert f"{variable} is ignored" in in_state(doctor(), "hint")["CA certificates"]


def test_a_key_log_is_ignored(
    doctor: Doctor, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(bench.folder / "missing" / "log"))
    bench.settings({"api_key": KEY, "base_url": "https://127.0.0.1:1"})
    assert "SSLKEYLOGFILE is ignored" in in_state(doctor(), "ok")["key log"]


@pytest.mark.parametrize(("status", "step"), [("502 Bad", "proxy"), (None, "TLS")])
def test_through_a_proxy_that_speaks_tls(
    doctor: Doctor, bench: Bench, status: str | None, step: str
) -> None:
    trust(bench.patch, bench.folder)
    tls = tls_for("127.0.0.1")
    origin = bench.stack.enter_context(RawServer(http("200 OK", BALANCE), tls=tls_for(HOST)))
    server = RawServer(http(status), tls=tls) if status else TunnelProxy(origin.port, tls=tls)
    bench.patch.setenv("HTTPS_PROXY", bench.stack.enter_context(server).url)
    bench.settings({"api_key": KEY})
    findings = doctor()
    if status:
        assert "cannot reach the API (HTTP 502)" in failed(findings)[step]
        assert in_state(findings, "skipped")["request"].startswith("not tried: the API cannot be")
    else:
        assert failed(findings) == {}
        assert "the certificate is good" in in_state(findings, "ok")[step]


def test_a_socks_proxy_that_looks_the_name_up(doctor: Doctor, bench: Bench) -> None:
    trust(bench.patch, bench.folder)
    origin = bench.stack.enter_context(RawServer(http("200 OK", BALANCE), tls=tls_for(HOST)))
    server = bench.stack.enter_context(SocksServer(origin.port))
    bench.patch.setenv("ALL_PROXY", f"socks5h://127.0.0.1:{server.port}")
    bench.settings({"api_key": KEY})
    findings = doctor()
    assert failed(findings) == {}
    well = in_state(findings, "ok")
    assert well["proxy"].startswith(f"ALL_PROXY leads through 127.0.0.1:{server.port}")
    assert "127.0.0.1 is found" in well["name lookup"]
    assert "request" in well


def test_a_lookup_that_hangs_ends_at_the_timeout(doctor: Doctor, bench: Bench) -> None:
    bench.settings({"api_key": KEY, "timeout": 0.2})
    released = threading.Event()
    with bench.patch.context() as patch:
        patch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait())
        findings = doctor()
    released.set()
    assert f"{HOST} is not found within 0.2 s" in failed(findings)["name lookup"]
    assert in_state(findings, "skipped")["request"].startswith("not tried: the API cannot be")


def resolve_to(*addresses: str, port: int = 443) -> Callable[..., Any]:
    """Return a lookup of which the answer is these addresses, for every name of another machine."""
    answer = [
        (socket.AF_INET6 if ":" in address else socket.AF_INET, 1, 6, "", (address, port))
        for address in addresses
    ]
    return lambda host, *more, **__: answer if host == HOST else real_getaddrinfo(host, *more)


SILENT = errno.ETIMEDOUT
NOTHING = 0
OUTCOMES: dict[str, tuple[dict[str, int], str, str]] = {
    # What becomes of each address, then the state of the connection, and the words.
    "no network": (
        {"192.0.2.1": errno.ENETUNREACH}, "wrong", "be reached: Network is unreachable → Is there",
    ),
    "refused": ({"192.0.2.1": errno.ECONNREFUSED}, "wrong", "Connection refused → Is there a net"),
    "silent": ({"192.0.2.1": SILENT}, "wrong", "not answer within 10 s → A firewall may swallow"),
    "IPv6 has no network, IPv4 is silent": (
        {"2001:db8::1": errno.ENETUNREACH, "192.0.2.1": SILENT}, "wrong", "not answer within 10 s",
    ),
    "IPv6 has no network, IPv4 refuses": (
        {"2001:db8::1": errno.ENETUNREACH, "192.0.2.1": errno.ECONNREFUSED}, "wrong", "refused",
    ),
    "a VPN that is off": (
        {"198.18.0.7": SILENT}, "wrong", "within 10 s → A VPN or proxy program makes up such addr",
    ),
    "a VPN without its interface": (
        {"198.19.255.1": errno.EHOSTUNREACH}, "wrong", "No route.* → A VPN or proxy program",
    ),
    "a VPN for IPv6": ({"fc00::9": errno.ECONNREFUSED}, "wrong", "refused → A VPN or proxy prog"),
    "a VPN": ({"198.18.0.7": NOTHING}, "ok", "port 443 answers →$"),
    "no IPv6": ({"2001:db8::1": errno.ENETUNREACH, "192.0.2.1": NOTHING}, "ok", "443 answers →$"),
    "broken IPv6": (
        {"2001:db8::1": SILENT, "192.0.2.1": NOTHING}, "hint",
        "443 answers; its IPv6 address does not → IPv6 is broken on this network; requests fall",
    ),
    "both addresses of IPv6": (
        {"2001:db8::1": SILENT, "2001:db8::2": errno.EHOSTUNREACH, "192.0.2.1": NOTHING}, "hint",
        "443 answers; its IPv6 addresses do not → IPv6 is broken",
    ),
    "broken IPv4": (
        {"2001:db8::1": NOTHING, "192.0.2.1": SILENT}, "hint", "its IPv4 address.*IPv4 is broken",
    ),
    "IPv6 refuses": (
        {"2001:db8::1": errno.ECONNREFUSED, "192.0.2.1": NOTHING}, "ok",
        "443 answers; its IPv6 address does not →$",
    ),
    "one of two": (
        {"192.0.2.1": SILENT, "192.0.2.2": NOTHING}, "hint",
        "443 answers; 1 of its 2 addresses does not → Requests fall back",
    ),
    "some of each": (
        {"192.0.2.1": SILENT, "2001:db8::1": SILENT, "192.0.2.2": NOTHING}, "hint",
        "443 answers; 2 of its 3 addresses do not → Requests fall back",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OUTCOMES)
def test_each_address_is_tried(invoke: Run, doctor: Doctor, bench: Bench, name: str) -> None:
    outcomes, state, words = OUTCOMES[name]
    bench.patch.setattr(socket, "getaddrinfo", resolve_to(*outcomes))
    bench.patch.setattr(
        connect, "try_addresses",
        lambda addresses, _: {
            address: OSError(code, os.strerror(code)) if (code := outcomes[address.ip]) else None
            for address in addresses
        },
    )  # fmt: skip
    bench.patch.setattr(network, "_tls", lambda _: untried("TLS", "simulated"))
    bench.patch.setattr(request, "findings", lambda *_: iter(()))
    bench.settings({"api_key": KEY})
    findings = doctor()
    assert re.search(words, in_state(findings, state)["connection"]), findings
    assert not any(ip in str(findings) for ip in outcomes)
    printed = invoke("doctor").stdout.decode()
    dead = {ip: code for ip, code in outcomes.items() if code}
    assert all(ip in printed for ip in outcomes)
    if state != "ok" or " does not" in words:
        assert all(f"{ip}: {os.strerror(code)}" in printed for ip, code in dead.items())


def test_a_dead_address_fails_nothing(doctor: Doctor, bench: Bench) -> None:
    """With real sockets: one address refuses, another one is silent, and the third answers."""
    trust(bench.patch, bench.folder)
    server = RawServer(http("200 OK", BALANCE), tls=tls_for(HOST))
    port = bench.stack.enter_context(server).port
    silent = bench.stack.enter_context(silent_port())
    addresses = [("127.0.0.1", free_port()), ("127.0.0.1", silent), ("127.0.0.1", port)]
    answer = [Address(socket.AF_INET, address) for address in addresses]
    bench.patch.setattr(connect, "find_addresses", lambda *_: answer)
    bench.patch.setattr(network, "_THIS_MACHINE", ())
    bench.settings({"api_key": KEY, "timeout": 4})
    findings = doctor()
    assert failed(findings) == {}
    assert "2 of its 3 addresses do not" in in_state(findings, "hint")["connection"]


def test_localhost_needs_one_address_only(doctor: Doctor, bench: Bench) -> None:
    bench.use(base_url=bench.server.base_url.replace("127.0.0.1", "localhost"))
    findings = doctor()
    assert failed(findings) == {}
    assert in_state(findings, "ok")["connection"].endswith("answers →")


def test_a_handshake_that_hangs_ends_at_the_timeout(doctor: Doctor, bench: Bench) -> None:
    server = bench.serve(5.0)
    bench.use(base_url=server.url.replace("http", "https"), timeout=0.5)
    assert "No answer from 127.0.0.1" in failed(doctor())["TLS"]


@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1", "::1", "::"])  # noqa: S104
def test_a_filter_that_blocks_the_host(doctor: Doctor, bench: Bench, address: str) -> None:
    bench.patch.setattr(socket, "getaddrinfo", resolve_to(address))
    bench.settings({"api_key": KEY})
    assert "leads to this machine itself" in failed(doctor())["name lookup"]


@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.1.1", "172.20.0.1", "fd12::1", "fe80::1"])
def test_a_network_that_answers_with_an_address_of_its_own(
    doctor: Doctor, bench: Bench, address: str
) -> None:
    bench.patch.setattr(socket, "getaddrinfo", resolve_to(address))
    bench.patch.setattr(
        connect, "try_addresses", lambda addresses, _: dict.fromkeys(addresses, TimeoutError())
    )
    bench.settings({"api_key": KEY})
    assert "leads to a private address" in in_state(doctor(), "hint")["name lookup"]


def test_no_authority_at_all(doctor: Doctor, bench: Bench) -> None:
    nowhere = ssl.get_default_verify_paths()._replace(cafile=None, capath=None)
    bench.patch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)
    bench.settings({"api_key": KEY})
    assert "ca-certificates" in failed(doctor())["CA certificates"]


def test_a_retry_after_is_respected(doctor: Doctor, bench: Bench) -> None:
    server = bench.serve(http("429 Slow", b"", "Retry-After: 600"))
    assert "rate limited" in failed(doctor())["request"]
    assert re.search(r"wait until \d{4}-\d\d-\d\d", failed(doctor())["request"])
    bench.stack.close()
    assert b"".join(server.received).count(b"Bearer") == 1


def test_a_retry_after_ends_before_the_wait_of_a_rejected_key(doctor: Doctor, bench: Bench) -> None:
    server = bench.serve(http("401 Wrong", IDS, "Retry-After: 600"))
    assert "key rejected" in failed(doctor())["request"]
    stored.pass_time(bench.store, 300)
    until = re.search(r"wait until (.*) UTC", failed(doctor())["request"])
    assert until is not None
    wait = datetime.fromisoformat(f"{until[1]}+00:00") - datetime.now(timezone.utc)
    assert wait <= timedelta(seconds=300)
    stored.pass_time(bench.store, 300)
    assert "key rejected" in failed(doctor())["request"]
    bench.stack.close()
    assert b"".join(server.received).count(b"Bearer") == 2


def test_a_reading_from_the_future_means_that_the_clock_was_set_back(
    doctor: Doctor, bench: Bench
) -> None:
    bench.serve(http("200 OK", BALANCE))
    assert failed(doctor()) == {}
    stored.pass_time(bench.store, -3600)
    assert "the clock was set back" in failed(doctor())["clock"]


def doctor_as_a_user(bench: Bench) -> dict[str, str]:
    """Return what fails in a process without root's right to ignore permissions."""
    done = subprocess.run(
        [*(AS_A_USER if os.geteuid() == 0 else []), *PROGRAM, "doctor", "--json"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert is_public(done.stdout.decode(), bench)
    return failed(json.loads(done.stdout)["findings"])


def unreadable_files(bench: Bench) -> None:
    bench.settings({}, 0o200)
    bench.write(".config/waybar/config", "{}", 0)
    bench.store.parent.chmod(0o500)


def closed_folders(bench: Bench) -> None:
    bench.settings({}).parent.chmod(0)
    bench.store.parent.chmod(0)


def read_only_file(bench: Bench) -> None:
    bench.store.chmod(0o400)
    bench.store.parent.chmod(0o500)


def no_place(bench: Bench) -> None:
    shutil.rmtree(bench.store.parent)
    bench.store.parent.parent.chmod(0o500)


PERMISSIONS: dict[str, tuple[Callable[[Bench], object], dict[str, str]]] = {
    "unreadable files": (
        unreadable_files,
        {
            "settings file": "Permission denied → chmod u\\+r ",
            "waybar": "waybar/config cannot be read: Permission denied",
            "store": "cannot be written.*chmod u",
        },
    ),
    "closed folders": (closed_folders, {"settings file": "who owns", "store": "cannot be"}),
    "read-only file": (read_only_file, {"store": "cannot be written.*chmod u"}),
    "a closed folder of Waybar": (
        lambda bench: bench.write(".config/waybar/config", "{}").parent.chmod(0),
        {"waybar": "waybar/config cannot be read: Permission denied"},
    ),
    "no place": (no_place, {"store": "state cannot be written"}),
}


@pytest.mark.parametrize("name", PERMISSIONS)
def test_permissions(invoke: Run, bench: Bench, name: str) -> None:
    set_up, expected = PERMISSIONS[name]
    invoke()
    set_up(bench)
    found = doctor_as_a_user(bench)
    for folder in bench.home.rglob("moonshot-status"):
        if folder.is_dir():
            folder.chmod(0o700)
    bench.store.parent.parent.chmod(0o700)
    (bench.home / ".config" / "waybar").mkdir(exist_ok=True)
    (bench.home / ".config" / "waybar").chmod(0o700)
    for step, words in expected.items():
        assert re.search(words, found[step]), found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_files_of_another_user(invoke: Run, bench: Bench) -> None:
    invoke()
    for path in (bench.store, bench.settings({"api_key": KEY})):
        path.chmod(0o600)
        os.chown(path, NOBODY, NOBODY)
    found = doctor_as_a_user(bench)
    assert "It belongs to another user. As root, run it with sudo -H" in found["settings file"]
    assert "balance.db belongs to another user, so nothing is kept" in found["store"]


@pytest.mark.parametrize("is_root", [True, False])
def test_folders_of_another_user_are_named_with_the_cure(
    invoke: Run, doctor: Doctor, bench: Bench, is_root: bool
) -> None:
    """As root the folders are another user's; for a user they are what a run with sudo left."""
    invoke()
    cache = bench.home / ".cache" / "moonshot-status"
    make_foreign(bench.patch, is_root, bench.store.parent, cache)
    findings = doctor()
    is_roots = os.getuid() == 0  # What a test cannot give away is the user's who runs it.
    user_fix = r'sudo chown -R "\$USER" .*/moonshot-status' if is_roots else "Correct HOME"
    fix = "sudo -H" if is_root else user_fix
    found = {**failed(findings), "cache": in_state(findings, "hint")["cache"]}
    for step, words in (("store", "nothing is kept"), ("cache", "replies are not cached")):
        assert re.search(f"belongs to another user, so {words} → .*{fix}", found[step]), found


def make_foreign(patch: Patch, is_root: bool, *folders: Path) -> None:
    """Make this process root, or a user, and these folders those of somebody else."""
    if is_root and os.geteuid() == 0:
        for folder in folders:
            os.chown(folder, NOBODY, NOBODY)
    else:
        other = 0 if is_root else os.getuid() + 1
        patch.setattr(os, "geteuid", lambda: other)


@pytest.mark.parametrize("is_foreign", [True, False])
def test_a_file_in_the_cache_that_cannot_be_used_is_named(
    invoke: Run, doctor: Doctor, bench: Bench, is_foreign: bool
) -> None:
    invoke()
    cache, is_own = bench.home / ".cache" / "moonshot-status", paths.check_own

    def check(path: Path) -> None:
        if path.parent == cache and is_foreign:
            raise paths.ForeignPathError(path)
        if path.parent == cache:
            raise PermissionError(13, "Permission denied", str(path))
        is_own(path)

    bench.patch.setattr(paths, "check_own", check)
    words = "belongs to another user" if is_foreign else "cannot be read: Permission denied"
    assert words in in_state(doctor(), "hint" if is_foreign else "wrong")["cache"]


def test_amounts_that_are_hidden_because_the_switch_cannot_be_read(
    invoke: Run, doctor: Doctor, bench: Bench
) -> None:
    assert "amounts" not in in_state(doctor(), "hint")
    invoke("hide", "off")
    assert "amounts" not in in_state(doctor(), "hint")
    (bench.store.parent / "amounts").write_text("rubbish", encoding="utf-8")
    assert "so amounts are hidden" in in_state(doctor(), "hint")["amounts"]


def test_a_file_that_a_check_cannot_read_is_named(doctor: Doctor, bench: Bench) -> None:
    def refuse(_: Context) -> None:
        raise PermissionError(13, "Permission denied", "/locked/x")

    bench.patch.setattr(whitespace, "_values", refuse)
    assert "/locked/x cannot be read: Permission denied" in failed(doctor())["whitespace"]


def test_a_group_without_other_members_may_read_the_key(doctor: Doctor, bench: Bench) -> None:
    bench.settings({"api_key": KEY, "base_url": bench.server.base_url}, 0o640)
    bench.patch.setattr(file_trust, "has_other_members", lambda *_: False)
    assert "config.json is for you alone" in in_state(doctor(), "ok")["file mode"]


def test_a_bar_that_runs_what_cannot_be_read_runs_something_else(
    doctor: Doctor, bench: Bench
) -> None:
    waybar(bench, {"custom/x": {"exec": str(bench.folder)}})
    assert "the module is not in" in failed(doctor())["waybar"]


@pytest.mark.parametrize("kind", ["pipe", "link to itself", "endless", "huge"])
def test_what_is_no_settings_file_is_told_at_once(doctor: Doctor, bench: Bench, kind: str) -> None:
    own = bench.home / ".config" / "moonshot-status" / "config.json"
    for path in (own, bench.home / ".codexbar" / "config.json"):
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "huge":
            path.write_bytes(b"\n" * (10 << 20))
        else:
            path.symlink_to("/dev/zero" if kind == "endless" else path)
        step = "settings file" if path == own else "CodexBar's file"
        words = "not a regular file|symbolic links|larger than 1 MiB"
        assert re.search(f"cannot be read: .*({words})", failed(doctor())[step])
        path.unlink()


STORES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file in the folder's place": (
        lambda store: (shutil.rmtree(store.parent), store.parent.touch()),
        "moonshot-status is in the way",
    ),
    "a folder in its place": (lambda store: (store.unlink(), store.mkdir()), "cannot be used"),
    "damaged within": (lambda store: store.write_bytes(store.read_bytes()[:4096] * 9), "damaged"),
    "cut short": (lambda store: store.write_bytes(store.read_bytes()[:8192]), "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", STORES)
def test_a_store_that_cannot_be_used(invoke: Run, doctor: Doctor, bench: Bench, name: str) -> None:
    set_up, words = STORES[name]
    invoke()
    set_up(bench.store)
    found = failed(doctor())
    assert re.search(words, found["store"]), found


def test_a_disk_that_is_full_after_the_request(doctor: Doctor, bench: Bench) -> None:
    doctor()

    def full(*_: Any, **__: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    bench.patch.setattr(accounts, "write", full)
    findings = doctor()
    assert "disk is full" in failed(findings)["store"]
    assert "answers with a balance" in in_state(findings, "ok")["request"]


def test_corrupt_files_that_were_kept_and_a_store_that_others_can_read(
    doctor: Doctor, bench: Bench
) -> None:
    damaged_store(bench)
    assert "is damaged" in failed(doctor())["store"]
    bench.store.chmod(0o644)
    told = in_state(doctor(), "hint")["store"]
    assert "put aside: 1" in told
    assert "balance.db has mode 0644" in told
    bench.store.write_bytes(b"")
    assert "is empty" in in_state(doctor(), "ok")["store"]


def test_without_a_home(doctor: Doctor, bench: Bench) -> None:
    bench.patch.chdir(bench.folder)
    bench.patch.setenv("HOME", "home")
    assert "no home folder" in failed(doctor())["store"]


@pytest.mark.parametrize(
    ("module", "function", "name"),
    [
        (key_sources, "choose", "settings file"),
        (balance, "get_balance", "request"),
        (codexbar, "candidates", "settings file"),
        (waybar_check, "_places", "bars"),
    ],
)
def test_a_check_that_breaks_is_a_finding(
    doctor: Doctor, bench: Bench, module: ModuleType, function: str, name: str
) -> None:
    def break_down(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError(KEY)

    bench.patch.setattr(module, function, break_down)
    assert re.search("itself failed|Something unforeseen", failed(doctor())[name])


MODULE = (REPOSITORY / "integrations" / "waybar" / "moonshot.jsonc").read_text(encoding="utf-8")
EXEC = 'PATH="$HOME/.local/bin:$PATH" moonshot-status --format waybar'
BLOCK = (REPOSITORY / "integrations" / "i3blocks" / "moonshot.conf").read_text(encoding="utf-8")
SCRIPT = (REPOSITORY / "integrations" / "i3blocks" / "moonshot").read_text(encoding="utf-8")


def waybar(bench: Bench, config: Any, module: str | None = None) -> None:
    """Waybar's file, and the one that it includes."""
    text = config if isinstance(config, str) else json.dumps(config)
    bench.write(".config/waybar/config", text)
    if module is not None:
        bench.write(".config/waybar/moonshot.jsonc", module)


def waybar_with(bench: Bench, name: str = "custom/moonshot", **changed: Any) -> None:
    module = {"exec": EXEC, "return-type": "json", "interval": 60, **changed}
    waybar(bench, {"modules-left": ["custom/moonshot"], name: module})


INCLUDED = """// As in the README.
[{"include": ["~/.config/waybar/moonshot.jsonc", 1], "modules-right": ["clock", "custom/moonshot",],
  "clock": {"format": "// no comment, ]"}, /* that
  is all */ }, "another bar"]"""

WAYBARS: dict[str, tuple[Callable[[Bench], object], str]] = {
    "not in it": (lambda b: waybar(b, {"modules-left": ["clock"]}), "the module is not in ~"),
    "not defined": (
        lambda b: waybar(b, {"modules-left": ["custom/moonshot"]}), "but defined nowhere →",
    ),
    "not included": (
        lambda b: waybar(b, INCLUDED), r"nowhere, and ~/.config/waybar/moonshot.jsonc.* not there",
    ),
    "not listed": (lambda b: waybar(b, {"include": "moonshot.jsonc"}, MODULE), "in no list of"),
    "listed as another": (lambda b: waybar_with(b, "custom/balance"), "in no list of"),
    "escape": (lambda b: waybar_with(b, escape=True), "sets escape"),
    "no type": (lambda b: waybar_with(b, **{"return-type": ""}), "shows raw JSON"),
    "no interval": (lambda b: waybar_with(b, interval=0), "shown once and never again"),
    "no format": (lambda b: waybar_with(b, exec="moonshot-status"), "not say --format waybar"),
    "no exec": (
        lambda b: waybar(b, {"modules-left": ["custom/moonshot"], "custom/moonshot": {}}),
        "not say --format waybar",
    ),
    "no program": (
        lambda b: waybar_with(b, exec="$HOME/bin/moonshot-status --format waybar"),
        r"runs \$HOME/bin/moonshot-status, which is not there",
    ),
    "not found": (
        lambda b: ((b.home / ".local/bin/moonshot-status").unlink(), waybar_with(b)),
        "does not find moonshot-status with the PATH of bars → Write its full path: /",
    ),
    "no JSON": (
        lambda b: waybar(b, '{"modules-left": ["custom/moonshot"'), "cannot be understood: line 1,",
    ),
    "includes itself": (
        lambda b: waybar(b, {"include": "config", "modules-left": ["custom/moonshot"]}), "nowhere",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WAYBARS)
def test_what_is_wrong_with_waybars_file(doctor: Doctor, bench: Bench, name: str) -> None:
    set_up, words = WAYBARS[name]
    set_up(bench)
    found = failed(doctor())
    assert set(found) == {"waybar"}
    assert re.search(words, found["waybar"]), found["waybar"]


@pytest.mark.parametrize("place", ["config", "config.jsonc"])
def test_waybars_module_as_in_the_readme(doctor: Doctor, bench: Bench, place: str) -> None:
    waybar(bench, INCLUDED, MODULE)
    (bench.home / ".config/waybar/config").rename(bench.home / ".config/waybar" / place)
    findings = doctor()
    assert failed(findings) == {}
    assert f"the module is in ~/.config/waybar/{place}" in in_state(findings, "ok")["waybar"]


def test_what_waybar_ignores_after_its_configuration(doctor: Doctor, bench: Bench) -> None:
    waybar(bench, f"{INCLUDED},\n", f"{MODULE},")
    findings = doctor()
    assert failed(findings) == {}
    assert "the module is in" in in_state(findings, "ok")["waybar"]


@pytest.mark.parametrize("include", [None, 5, {}, [None, ["moonshot.jsonc"]], "~\0/x"])
def test_an_include_that_waybar_cannot_use_is_no_include(
    doctor: Doctor, bench: Bench, include: Any
) -> None:
    waybar(bench, {"include": include, "modules-left": ["custom/moonshot"]}, MODULE)
    assert "but defined nowhere" in failed(doctor())["waybar"]


@pytest.mark.parametrize("written", ["'{}'", '"{}"', "{escaped}", "'{}' && echo 'it' \"is\""])
def test_a_program_in_a_path_with_blanks(doctor: Doctor, bench: Bench, written: str) -> None:
    program = bench.home / "a path" / "moonshot-status"
    program.parent.mkdir()
    program.symlink_to(PROGRAM[0])
    path = written.format(program, escaped=str(program).replace(" ", "\\ "))
    command = f"env X=1 {path} --format waybar"
    module = {"exec": command, "return-type": "json", "interval": 60}
    waybar(bench, {"modules-left": ["custom/balance"], "custom/balance": module})
    assert failed(doctor()) == {}
    program.unlink()
    assert "which is not there" in failed(doctor())["waybar"]


def test_a_command_that_no_shell_can_read_is_searched_for_the_program(
    doctor: Doctor, bench: Bench
) -> None:
    command = f"{PROGRAM[0]} --format waybar; echo it's"
    module = {"exec": command, "return-type": "json", "interval": 60}
    waybar(bench, {"modules-left": ["custom/balance"], "custom/balance": module})
    findings = doctor()
    # Where the program has blanks in its path, only a shell could say what it is.
    assert (failed(findings) == {}) == (" " not in PROGRAM[0])


def test_waybars_module_in_a_group_with_a_full_path(doctor: Doctor, bench: Bench) -> None:
    command = f"{shlex.quote(PROGRAM[0])} --format=waybar"
    module = {"exec": command, "return-type": "json", "restart-interval": 60}
    group = {"modules": ["custom/balance"]}
    config = {"modules-left": 5, "group/x": group, "group/y": [], "custom/balance": module}
    waybar(bench, config)
    findings = doctor()
    assert "the module is in" in in_state(findings, "ok")["waybar"]


@pytest.mark.parametrize(
    "command",
    [
        "~/.config/waybar/balance.sh --account a",
        "/opt/python3 -m moonshot_status --format waybar",
        "$HOME/.local/bin/moonshot-status --format waybar | head -n 1",
    ],
)
def test_other_ways_to_run_the_program(doctor: Doctor, bench: Bench, command: str) -> None:
    script = f'#!/bin/sh\nexec {shlex.quote(PROGRAM[0])} --format waybar "$@"\n'
    path = bench.write(".config/waybar/balance.sh", script, 0o755)
    waybar(
        bench,
        {
            "modules-left": ["custom/kimi"],
            "custom/kimi": {"exec": command, "return-type": "json", "interval": 60},
        },
    )
    findings = doctor()
    assert failed(findings) == {}
    assert "the module is in" in in_state(findings, "ok")["waybar"]
    if str(path.name) in command:
        path.chmod(0o644)
        assert "balance.sh cannot be run" in failed(doctor())["waybar"]


def test_a_bare_name_needs_the_sessions_path(doctor: Doctor, bench: Bench) -> None:
    waybar_with(bench, exec="moonshot-status --format waybar")
    findings = doctor()
    assert failed(findings) == {}
    assert (
        "only where ~/.local/bin is in the session's PATH" in in_state(findings, "hint")["waybar"]
    )


def i3blocks(bench: Bench, config: str, script: str | None = SCRIPT, mode: int = 0o755) -> None:
    bench.write(".config/i3blocks/config", config)
    if script is not None:
        bench.write(".config/i3blocks/moonshot", script, mode)


BLOCKS: dict[str, tuple[Callable[[Bench], object], str]] = {
    "not in it": (lambda b: i3blocks(b, "[time]\ncommand=date\n"), "the module is not in ~"),
    "no script": (lambda b: i3blocks(b, BLOCK, None), "i3blocks/moonshot is not there.* → Copy it"),
    "no bit": (lambda b: i3blocks(b, BLOCK, mode=0o644), r"cannot be run → chmod \+x"),
    "markup": (lambda b: i3blocks(b, f"markup=pango\n{BLOCK}"), "sets markup=pango"),
    "no interval": (lambda b: i3blocks(b, BLOCK.replace("interval", "#interval")), "never again"),
    "no command": (lambda b: i3blocks(b, "[moonshot]\n# command=x\nlabel\n"), "has no command"),
    "no format": (
        lambda b: i3blocks(b, f"interval=60\n[x]\ncommand={PROGRAM[0]}\n"), "say --format i3blocks",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BLOCKS)
def test_what_is_wrong_with_i3blocks_file(doctor: Doctor, bench: Bench, name: str) -> None:
    set_up, words = BLOCKS[name]
    set_up(bench)
    found = failed(doctor())
    assert set(found) == {"i3blocks"}
    assert re.search(words, found["i3blocks"]), found["i3blocks"]


@pytest.mark.parametrize(
    "config", [BLOCK, "command=~/.config/i3blocks/$BLOCK_NAME\n[moonshot]\ninterval=60\n"]
)
def test_i3blocks_block_as_in_the_readme(doctor: Doctor, bench: Bench, config: str) -> None:
    i3blocks(bench, config)
    findings = doctor()
    assert failed(findings) == {}
    assert "the module is in ~/.config/i3blocks/config" in in_state(findings, "ok")["i3blocks"]


def test_one_bar_that_has_the_module_is_enough(doctor: Doctor, bench: Bench) -> None:
    i3blocks(bench, BLOCK)
    waybar(bench, {"modules-left": ["clock"]})
    findings = doctor()
    assert failed(findings) == {}
    assert "the module is not in" in in_state(findings, "hint")["waybar"]


def test_no_bar_at_all(doctor: Doctor, bench: Bench) -> None:
    bench.patch.setattr(bar_path, "_SYSTEM_FOLDERS", ())
    bench.patch.setattr(shutil, "which", lambda *_, **__: None)
    assert "no Waybar" in in_state(doctor(), "skipped")["bars"]


MENU_FOLDERS = {"xbar": "Library/Application Support/xbar/plugins", "swiftbar": "Plugins"}


def menu_bar(bench: Bench, name: str, plugin: str = "moonshot.1m.sh", mode: int = 0o755) -> None:
    if name == "swiftbar":
        bench.command('echo "$HOME/Plugins"', "defaults")
        bench.patch.setenv("PATH", f"{bench.folder}:{os.environ['PATH']}")
    text = (REPOSITORY / "integrations" / name / "moonshot.1m.sh").read_text(encoding="utf-8")
    bench.write(f"{MENU_FOLDERS[name]}/{plugin}", text, mode)


@pytest.mark.parametrize("name", MENU_FOLDERS)
def test_the_plugin_of_a_menu_bar(doctor: Doctor, bench: Bench, name: str) -> None:
    menu_bar(bench, name)
    findings = doctor()
    assert failed(findings) == {}
    assert "the module is in ~/" in in_state(findings, "ok")[name]
    menu_bar(bench, name, mode=0o644)
    assert "cannot be run → chmod +x ~/" in failed(doctor())[name]
    (bench.home / MENU_FOLDERS[name] / "moonshot.1m.sh").unlink()
    assert "the module is not in ~/" in failed(doctor())[name]
    menu_bar(bench, name, "moonshot.sh")
    assert "no interval in its name" in failed(doctor())[name]


@pytest.mark.parametrize("script", ["exit 1", "sleep 30", "echo /nowhere"])
def test_a_swiftbar_that_is_not_there(doctor: Doctor, bench: Bench, script: str) -> None:
    bench.command(script, "defaults")
    bench.patch.setenv("PATH", f"{bench.folder}:{os.environ['PATH']}")
    bench.patch.setattr(menu_bars, "_DEFAULTS_SECONDS", 0.1)
    assert "swiftbar" not in {finding["name"] for finding in doctor()}


def test_the_readmes_sample(invoke: Run, bench: Bench) -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## When it does not work")[2]
    sample = section.partition("```text\n")[2].partition("```")[0]
    settings = {"region": "china", "api_key": f"{KEY} ", "base_url": bench.server.base_url}
    bench.settings(settings, 0o644)
    invoke()
    bench.patch.setenv("MOONSHOT_API_KEY", "sk-of-the-other")
    waybar(bench, {"modules-left": ["custom/moonshot"]})
    printed = invoke("doctor").stdout.decode().replace(str(bench.home), "/home/me")
    # What depends on the machine and on its network.
    for name in ("program", "CA certificates", "name lookup", "connection", "TLS", "i3blocks"):
        line = re.compile(rf"^. {name} .*\n", re.MULTILINE)
        printed, sample = line.sub("", printed), line.sub("", sample)
    assert printed == sample
