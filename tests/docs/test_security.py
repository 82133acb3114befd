"""SECURITY.md: each statement names a test, and its tables are what a run sends and leaves."""

from __future__ import annotations

import ast
import base64
import functools
import os
import re
import sqlite3
import stat
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import appdirs
import click
import pytest
from kit.raw_server import BALANCE, RawServer, TunnelProxy, http, tls_for, trust
from kit.stored import set_version, store_file
from kit.support import KEY, REPOSITORY, Run, balance
from kit.watching import Stream

from moonshot_status import __version__
from moonshot_status.api.client import fetch_balance
from moonshot_status.core import paths
from moonshot_status.polling import demo
from moonshot_status.store import schema

TEXT = (REPOSITORY / "SECURITY.md").read_text(encoding="utf-8")
TEST = re.compile(r"`((?:\w+/)*test_\w+\.py)::(\w+)`")
SECTIONS = ("What is sent", "What is stored", "What is run", "What is never done")
Patch = pytest.MonkeyPatch
Row = tuple[str, ...]


def tables() -> dict[str, list[Row]]:
    """The rows of each table, without code quotes, by the first two words of its header."""
    found: dict[str, list[Row]] = {}
    for block in re.findall(r"(?:^\|.*\n)+", TEXT, re.MULTILINE):
        header, _, *rows = block.splitlines()
        name = " ".join(cell.strip() for cell in header.strip("|").split("|")[:2])
        found[name] = [tuple(cell.strip(" `") for cell in r.strip("|").split("|")) for r in rows]
    return found


@functools.cache
def functions(file: str) -> set[str]:
    tree = ast.parse((REPOSITORY / "tests" / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def statements() -> list[str]:
    """Each row of a table of statements, and each paragraph above another table."""
    found = []
    for section in SECTIONS:
        for part in TEXT.partition(f"\n## {section}\n")[2].partition("\n## ")[0].split("\n\n"):
            lines = part.strip().splitlines()
            if not lines[0].startswith("|"):
                found.append(" ".join(lines))
            elif lines[0].endswith("| Test |"):
                found += lines[2:]
    return found


@pytest.mark.parametrize("statement", statements())
def test_a_statement_names_a_test_that_exists(statement: str) -> None:
    named = TEST.findall(statement)
    assert named
    assert len(named) == statement.count("::")
    for file, name in named:
        assert name.startswith("test_")
        assert name in functions(file), f"{file}::{name}"


def test_there_are_statements_on_everything() -> None:
    assert len(statements()) >= 40
    headings = re.findall(r"^## (.*)", TEXT, re.MULTILINE)
    assert headings == [*SECTIONS, "Reporting a vulnerability"]


def test_the_file_is_short() -> None:
    assert TEXT.count("\n") <= 125


def head_of(request: bytearray) -> tuple[str, dict[str, str]]:
    """The first line of a request and its headers; it has no body."""
    head, _, body = request.decode().partition("\r\n\r\n")
    assert body == ""
    line, *lines = head.split("\r\n")
    return line, dict(line.split(": ", 1) for line in lines)


def test_the_request_is_the_one_in_the_table(invoke: Run, own_file: Callable[[Any], Path]) -> None:
    with RawServer(http("200 OK", BALANCE, "Set-Cookie: a=b")) as server:
        own_file({"api_key": KEY, "base_url": f"{server.url}/gateway"})
        for _ in range(2):
            assert invoke("--refresh").stdout == b"$49.58\n"
    (_, first), *rows = tables()["Request Value"]
    expected = {
        "Host": f"127.0.0.1:{server.port}",
        "Authorization": f"Bearer {KEY}",
        "User-Agent": f"moonshot-status/{__version__}",
    }
    literal = {name: value for name, value in rows if name.startswith("Accept")}
    assert re.findall("`?([A-Z]+|/v1[a-z/]+)`", f"{first}`") == ["GET", "/v1/users/me/balance"]
    assert {name for name, _ in rows} == expected.keys() | literal.keys()
    for request in server.received:
        line, headers = head_of(request)
        assert line == "GET /gateway/v1/users/me/balance HTTP/1.1"
        assert headers == {**literal, **expected}


@pytest.mark.parametrize("login", ["", "me:secret@"])
def test_a_proxy_gets_what_is_in_the_table(monkeypatch: Patch, tmp_path: Path, login: str) -> None:
    trust(monkeypatch, tmp_path)
    host = "api.moonshot.ai"
    with (
        RawServer(http("200 OK", BALANCE), tls=tls_for(host)) as origin,
        TunnelProxy(origin.port) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", f"//{login}"))
        fetch_balance(f"https://{host}", KEY, 30)
    (request,) = proxy.received
    line, headers = head_of(request)
    assert re.fullmatch(rf"CONNECT {host}:443 HTTP/1\.[01]", line)
    expected = {}
    if login:
        encoded = base64.b64encode(b"me:secret").decode()
        expected["proxy-authorization"] = f"Basic {encoded}"
    assert headers.pop("Host", f"{host}:443") == f"{host}:443"
    assert headers == expected
    names = {name for name, _ in tables()["To the proxy Value"]}
    assert names == {"method, target", "Host", "proxy-authorization"}


class Watched:
    """What this process connects to and runs, of what the interpreter reports.

    A hook cannot be removed, so there is one, which does nothing without a test.
    """

    def __init__(self) -> None:
        self.addresses: list[Any] = []
        self.programs: list[str] = []


_watched: list[Watched] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watched and event == "socket.connect":
        _watched[0].addresses.append(arguments[1][:2])
    if _watched and event == "socket.getaddrinfo":
        _watched[0].addresses.append(arguments[:2])
    if _watched and event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"):
        _watched[0].programs.append(os.fsdecode(arguments[0]))


@functools.cache
def _install_hook() -> None:
    sys.addaudithook(_hook)


@pytest.fixture
def watched() -> Iterator[Watched]:
    _install_hook()
    _watched.append(Watched())
    yield _watched[0]
    _watched.clear()


class Session:
    """The program with a server on loopback, in an empty home."""

    def __init__(self, invoke: Run, home: Path, monkeypatch: Patch, stack: ExitStack) -> None:
        self.invoke, self.home, self.patch = invoke, home, monkeypatch
        self.server = stack.enter_context(demo.serving(balance("4.2"), (KEY,)))
        self.during: set[Path] = set()
        respond = self.server.respond

        def look(*request: str) -> demo.ServerResponse:
            self.during |= own_files()
            return respond(*request)

        self.server.respond = look  # type: ignore[method-assign]

    def begin_transaction(self) -> None:
        """See which file a transaction makes."""
        before = own_files()
        with closing(sqlite3.connect(store_file(self.home))) as db:
            db.execute("DELETE FROM reading")
            self.during |= own_files() - before

    def succeed(self, *arguments: str, stdin: bytes = b"") -> None:
        done = self.invoke(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr

    def configure(self) -> None:
        self.succeed("config", "set", "base_url", self.server.base_url)
        self.succeed("config", "set-key", stdin=f"{KEY}\n".encode())
        self.succeed("config", "set", "notify_command", '["true"]')

    def run_what_sends_nothing(self) -> None:
        self.patch.setattr(click, "launch", lambda _: 0)
        for arguments in (
            ("hide", "on"), ("hide", "off"), ("config", "show"),
            ("config", "path"), ("config", "validate"), ("config", "set", "max_age", "200"),
            ("config", "unset", "max_age"), ("open",), ("--help",), ("--version",),
        ):  # fmt: skip
            self.succeed(*arguments)
        for name in ("table", "csv", "json", "chart"):
            self.invoke("history", "--format", name)  # 1 if there is none yet

    def set_up_xbar(self) -> Path:
        """Set up xbar, and return the plugin's path."""
        folder = self.home / "Library" / "Application Support" / "xbar" / "plugins"
        folder.mkdir(parents=True)
        self.succeed("setup", "--yes", "xbar")
        (plugin,) = folder.iterdir()
        return plugin


@pytest.fixture
def session(
    invoke: Run,
    home: Path,
    monkeypatch: Patch,
    adopted: None,
) -> Iterator[Session]:
    with ExitStack() as stack:
        yield Session(invoke, home, monkeypatch, stack)


def test_only_the_commands_in_the_table_send_something(session: Session, watched: Watched) -> None:
    session.configure()
    session.run_what_sends_nothing()
    assert watched.addresses == []
    assert watched.programs == []
    for count, command in enumerate([(), ("--refresh", "guard", "--min", "1")], 1):
        for repeated in (command, ()):
            session.succeed(*repeated)
            assert len(session.server.requests) == count
    session.invoke("doctor")
    assert len(session.server.requests) == 3
    session.set_up_xbar()
    session.run_what_sends_nothing()
    session.succeed("config", "forget", "--yes")
    assert len(session.server.requests) == 3
    port = urllib.parse.urlsplit(session.server.base_url).port
    assert set(watched.addresses) == {("127.0.0.1", port)}
    commands = [row[0] for row in tables()["Command Sends"]]
    assert commands == ["balance, `watch`, `guard", "setup", "doctor", "--demo", "the others"]


def test_only_the_commands_of_the_settings_run(session: Session, watched: Watched) -> None:
    session.configure()
    session.succeed()
    # The supervisor of the notification command, which is Python itself.
    assert watched.programs == [sys.executable]
    session.succeed("config", "set-key", "--replace", stdin=f"{KEY}\n".encode())
    session.succeed("config", "unset", "api_key")
    session.succeed("config", "set", "api_key_command", f'["echo", "{KEY}"]')
    session.succeed("config", "unset", "notify_command")
    watched.programs.clear()
    for command in ((), ("guard", "--min", "1"), ("config", "show")):
        session.succeed(*command)
    assert [Path(program).name for program in watched.programs] == ["echo"]


def test_the_demo_stays_on_loopback_and_leaves_nothing(
    invoke: Run, home: Path, watched: Watched
) -> None:
    for state in demo.STATES:
        assert invoke("--demo", state, "--format", "waybar").returncode == 0
    for arguments in ((), ("history",), ("guard", "--min", "1")):
        assert invoke("--demo", "ok", *arguments).returncode == 0
    assert {host for host, _ in watched.addresses} == {"127.0.0.1"}
    assert watched.programs == []
    assert list(home.iterdir()) == []


FOLDERS = {
    "config": paths.config_folder, "state": paths.state_folder, "cache": paths.cache_folder,
}  # fmt: skip


@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_the_folders_are_those_in_the_table(home: Path, monkeypatch: Patch, system: str) -> None:
    monkeypatch.setattr(appdirs, "system", system)
    rows = tables()["Folder Linux"]
    assert [name for name, *_ in rows] == list(FOLDERS)
    for name, linux, macos in rows:
        variable, default = linux.split("`, `")
        expected = macos if system == "darwin" else default
        assert FOLDERS[name]() == Path(expected.replace("~", str(home)))
        if system == "linux":
            monkeypatch.setenv(variable.partition("/")[0].removeprefix("$"), "/elsewhere")
            assert FOLDERS[name]() == Path("/elsewhere/moonshot-status")


def row_of(path: Path) -> Row:
    """The row of the table for this file, of which there is exactly one."""
    for name, folder in FOLDERS.items():
        if path.is_relative_to(folder()):
            text = f"{name}/{path.relative_to(folder())}"
            (row,) = [row for row in tables()["File Content"] if fnmatch(text, row[0])]
            return row
    raise AssertionError(path)


def own_files() -> set[Path]:
    found = {path for folder in FOLDERS.values() for path in folder().rglob("*")}
    for path in found:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path
    return {path for path in found if not path.is_dir()}


def test_the_files_are_those_in_the_table(session: Session) -> None:
    session.configure()
    stream = Stream("--format", "waybar", "watch")
    assert "$4.2" in stream.line()
    stream.end()
    session.succeed("--format", "waybar")
    session.run_what_sends_nothing()
    session.invoke("doctor")
    session.begin_transaction()
    made_by_setup = session.set_up_xbar()
    database = store_file(session.home)
    database.write_bytes(b"noise" * 4000)
    session.succeed("--refresh")
    set_version(database, schema.VERSION + 1)
    session.succeed("--refresh", "--format", "json")

    files = own_files()
    kept = {path: row_of(path) for path in files | session.during}
    assert set(kept.values()) == set(tables()["File Content"])
    assert {row[2] for row in kept.values()} == {"0600"}
    with_key = {path.name for path in files if KEY.encode() in path.read_bytes()}
    assert with_key == {"config.json"}
    others = {path for path in session.home.rglob("*") if path.is_file()} - files
    assert others - {session.home / ".local" / "bin" / "moonshot-status"} == {made_by_setup}

    session.succeed("config", "forget", "--yes")
    forgotten = {
        row for row in tables()["File Content"] if re.search("config forget|as in", row[3])
    }
    assert {row_of(path) for path in own_files()} == set(kept.values()) - forgotten
    session.succeed("setup", "--remove", "--yes", "xbar")
    removed = {row for row in tables()["File Content"] if "setup --remove" in row[3]}
    never = {row for row in tables()["File Content"] if row[3] == "never"}
    assert {row_of(path) for path in own_files()} == set(kept.values()) - forgotten - removed
    assert never == set(kept.values()) - forgotten - removed
    assert not made_by_setup.exists()
