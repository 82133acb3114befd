"""The program behind Debian's microsocks, with TLS inside."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kit.raw_server import BALANCE, RawServer, free_port, http, tls_for, trust
from kit.support import KEY, Run

# An old way to write 127.0.0.1, so that it is a name for the program and leads to this machine.
NAME = "127.1"
LOGIN = ["-u", "me", "-P", "ge:heim#7"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("microsocks"), reason="microsocks is not installed"),
]


@contextmanager
def microsocks(*options: str) -> Iterator[int]:
    """Run the proxy, and provide its port."""
    port = free_port()
    command = ["microsocks", "-i", "127.0.0.1", "-p", str(port), *options]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def origin(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own_file: Callable[[Any], Path]
) -> Iterator[RawServer]:
    trust(monkeypatch, tmp_path)
    with RawServer(http("200 OK", BALANCE), tls=tls_for(NAME)) as server:
        own_file({"api_key": KEY, "base_url": f"https://{NAME}:{server.port}"})
        yield server


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("has_login", [False, True])
def test_a_balance_through_microsocks(
    run: Run, origin: RawServer, monkeypatch: pytest.MonkeyPatch, scheme: str, has_login: bool
) -> None:
    with microsocks(*(LOGIN if has_login else [])) as port:
        login = "me:ge%3Aheim%237@" if has_login else ""
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://{login}127.0.0.1:{port}")
        done = run()
    assert (done.stdout, done.returncode) == (b"$49.58\n", 0)
    assert len(origin.received) == 1


@pytest.mark.parametrize(
    ("login", "words"), [("", "wants a login"), ("me:wrong@", "rejected the login")]
)
def test_microsocks_refuses(
    run: Run, origin: RawServer, monkeypatch: pytest.MonkeyPatch, login: str, words: str
) -> None:
    with microsocks(*LOGIN) as port:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://{login}127.0.0.1:{port}")
        done = run("--format", "json")
    problem = json.loads(done.stdout)["problem"]
    assert problem["kind"] == "proxy"
    assert words in problem["message"]
    assert origin.received == []
