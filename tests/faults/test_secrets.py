"""No key, no password and no id of an account is shown or kept anywhere, whatever happens."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from kit.forks import Forks
from kit.official_proxy import official_proxy
from kit.preparations import set_umask
from kit.raw_server import RawServer, free_port, http, trust
from kit.support import KEY, Run

from moonshot_status import formats, reply_cache
from moonshot_status.api import client
from moonshot_status.config import api_key, key_sources
from moonshot_status.config.settings import Options
from moonshot_status.core import log
from moonshot_status.polling import demo, poll, reply

PASSWORD = "canary-password"
IDS = "org-canary ak-canary proj-canary Bearer sk-canary0123456789"
# What must not turn up; the second is user:canary-password in the form that proxies are sent.
CANARIES = (b"canary", b"dXNlcjpjYW5hcnktcGFzc3dvcmQ")


@dataclass
class Stage:
    """Sets up a situation; at first the key in the environment is valid."""

    server: demo.Server
    patch: pytest.MonkeyPatch
    folder: Path
    own_file: Callable[[Any], Path]
    stack: ExitStack

    def key(self, key: str) -> None:
        # The bytes of UTF-8, whatever the locale is.
        self.patch.setenv("MOONSHOT_API_KEY", os.fsdecode(key.encode()))

    def codexbar(self, written: Any) -> None:
        path = self.folder / "codexbar.json"
        path.write_text(written if isinstance(written, str) else json.dumps(written))
        self.patch.setenv("CODEXBAR_CONFIG", str(path))

    def command(self, script: str) -> None:
        """A key command that reads the key from a file, so that it is in no argument."""
        (self.folder / "key").write_text(KEY)
        path = self.folder / "command"
        path.write_text(f"#!/bin/sh\ncd '{self.folder}'\n{script}\n")
        path.chmod(0o700)
        self.own_file({"api_key_command": [str(path)], "base_url": self.server.base_url})

    def answer(self, status: int) -> None:
        self.server.response = demo.error(status, IDS, IDS)

    def proxy(self, port: int) -> None:
        trust(self.patch, self.folder)  # Reading the system's certificates takes longer.
        self.patch.delenv("MOONSHOT_BASE_URL")
        self.patch.setenv("HTTPS_PROXY", f"http://user:{PASSWORD}@127.0.0.1:{port}")

    def official(self) -> None:
        self.stack.enter_context(official_proxy(self.server, self.patch, self.folder))

    def proxy_with_login(self) -> None:
        self.proxy(self.stack.enter_context(RawServer(http("407 canary"))).port)

    def breaks(self, module: ModuleType, function: str) -> None:
        def break_down(*_: object, **__: object) -> None:
            raise ZeroDivisionError(KEY)

        self.patch.setattr(module, function, break_down)


@pytest.fixture
def stage(
    server: demo.Server,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    own_file: Callable[[Any], Path],
) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(server, monkeypatch, tmp_path, own_file, stack)


def slow_command(stage: Stage) -> None:
    stage.command("cat key; cat key >&2; sleep 30")
    stage.patch.setattr(api_key, "COMMAND_SECONDS", 0.05)


Setup = Callable[[Stage], object]
ENTRY = {"id": "moonshot", "apiKey": KEY}
# The kind of problem, and how to cause it.
SITUATIONS: dict[str, tuple[str | None, Setup]] = {
    "success": (None, lambda s: s.key(KEY)),
    "200 with an error": ("api-error", lambda s: s.answer(200)),
    "401": ("unauthorized", lambda s: s.answer(401)),
    "403": ("forbidden", lambda s: s.answer(403)),
    "429": ("rate-limited", lambda s: s.answer(429)),
    "500": ("server-error", lambda s: s.answer(500)),
    "two lines": ("bad-key", lambda s: s.key(f"{KEY}\n{KEY}")),
    "no ascii": ("bad-key", lambda s: s.key(f"{KEY}é{KEY}")),
    "kimi": ("wrong-product", lambda s: s.key("sk-kimi-canary0123")),
    "command": (None, lambda s: s.command("cat key; cat key >&2")),
    "command fails": ("no-key", lambda s: s.command("cat key; cat key >&2; exit 3")),
    "command is slow": ("no-key", slow_command),
    "command says two": ("no-key", lambda s: s.command("paste -d ' ' key key")),
    "no json": ("config", lambda s: s.own_file(f'{{"api_key": "{KEY}",')),
    "name twice": ("config", lambda s: s.own_file(f'{{"{KEY}": 1, "{KEY}": 2}}')),
    "key as a value": ("config", lambda s: s.own_file({"api_key": [KEY], "max_age": KEY})),
    "key as a region": ("config", lambda s: s.own_file({"region": KEY})),
    "key as a name": ("config", lambda s: s.own_file({KEY: KEY})),
    "key as an inner name": ("config", lambda s: s.own_file({"accounts": {"a": {KEY: KEY}}})),
    "key as an account": ("config", lambda s: s.own_file({"accounts": {KEY: KEY}})),
    "two secrets": ("config", lambda s: s.own_file({"api_key": KEY, "api_key_command": [KEY]})),
    "codexbar, no json": (
        "config",
        lambda s: (
            s.codexbar(f'{{"apiKey": "{KEY}"'),
            s.patch.delenv("MOONSHOT_API_KEY"),
        ),
    ),
    "codexbar, no list": (None, lambda s: s.codexbar({"providers": KEY})),
    "codexbar, region": (
        None,
        lambda s: (s.official(), s.codexbar({"providers": [{**ENTRY, "region": KEY}]})),
    ),
    "codexbar, other region": (
        "no-key",
        lambda s: (
            s.own_file({"region": "china", "base_url": s.server.base_url}),
            s.codexbar({"providers": [{**ENTRY, "region": "international"}]}),
        ),
    ),
    "region": ("config", lambda s: s.patch.setenv("MOONSHOT_REGION", KEY)),
    "password in an address": (
        "config",
        lambda s: s.patch.setenv("MOONSHOT_BASE_URL", f"https://user:{PASSWORD}@127.0.0.1"),
    ),
    "proxy is down": ("proxy", lambda s: s.proxy(free_port())),
    "proxy wants a login": ("proxy", lambda s: s.proxy_with_login()),
    "answer breaks": ("internal", lambda s: s.breaks(client, "parse_balance")),
    "store breaks": ("internal", lambda s: s.breaks(poll, "Store")),
    "settings break": ("internal", lambda s: s.breaks(key_sources, "choose")),
}


def assert_no_secret(done: subprocess.CompletedProcess[bytes], home: Path) -> None:
    """Check that no secret is in the output, in a file of the program or in the name of one."""
    texts = {"standard output": done.stdout, "standard error": done.stderr}
    for path in home.rglob("*"):
        texts[f"the name of {path}"] = os.fsencode(path)
        if path.is_file() and path.name != "config.json":
            texts[str(path)] = path.read_bytes()
    for place, text in texts.items():
        assert not any(canary in text for canary in CANARIES), place


@pytest.mark.parametrize("situation", SITUATIONS)
def test_no_format_shows_a_secret(invoke: Run, stage: Stage, home: Path, situation: str) -> None:
    kind, set_up = SITUATIONS[situation]
    set_up(stage)
    done = invoke("--format", "json", "--refresh")
    assert_no_secret(done, home)
    assert not done.stderr
    problem = json.loads(done.stdout)["problem"]
    assert (problem and problem["kind"]) == kind
    view = reply.make_view(Options(refresh=True))
    for name in formats.names():
        rendered = formats.renderer(name)(view)
        shown = f"{rendered.text}{rendered.stderr}".encode()
        assert not [canary for canary in CANARIES if canary in shown], name


HELP = [["--help"], ["--version"], ["open", "--help"], ["--nonsense"]]
COMMANDS = [
    ["--refresh"],
    ["config", "show"],
    ["config", "validate"],
    ["config", "set", "max_age", "5"],
    ["config", "unset", "region"],
    ["guard", "--min", "5"],
    ["doctor"],
    ["doctor", "--json"],
]


@pytest.mark.parametrize("situation", SITUATIONS)
def test_no_command_and_no_log_shows_a_secret(
    invoke: Run, stage: Stage, home: Path, situation: str
) -> None:
    SITUATIONS[situation][1](stage)
    for arguments in COMMANDS:
        done = invoke("--debug", *arguments)
        assert done.stdout + done.stderr, arguments
        assert_no_secret(done, home)


def test_no_help_shows_a_secret(invoke: Run, stage: Stage, home: Path) -> None:
    stage.own_file({"api_key": KEY})
    for arguments in HELP:
        assert_no_secret(invoke(*arguments), home)


def test_open_shows_no_secret_when_it_breaks(invoke: Run, stage: Stage, home: Path) -> None:
    stage.breaks(key_sources, "choose")
    done = invoke("--debug", "open")
    assert done.returncode == 1
    assert b"ZeroDivisionError" in done.stderr
    assert_no_secret(done, home)


LEAKS: dict[str, Callable[[Path], object]] = {
    "standard output": lambda _: os.write(1, KEY.encode()),
    "standard error": lambda _: os.write(2, CANARIES[1]),
    "home/left": lambda home: (home / "left").write_text(KEY),
    "the name of": lambda home: (home / KEY).mkdir(),
}


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("arguments", [["--refresh"], ["doctor"], ["--help"]], ids=" ".join)
def test_a_leak_would_be_seen(
    invoke: Run, stage: Stage, home: Path, arguments: list[str], leak: str
) -> None:
    stage.patch.setattr(reply_cache, "print_if_valid", lambda: LEAKS[leak](home))
    done = invoke(*arguments)
    with pytest.raises(AssertionError, match=leak):
        assert_no_secret(done, home)


@pytest.mark.parametrize("situation", ["answer breaks", "store breaks", "settings break"])
def test_a_secret_that_is_not_masked_in_the_log_would_be_seen(
    invoke: Run, stage: Stage, home: Path, situation: str
) -> None:
    SITUATIONS[situation][1](stage)
    stage.patch.setattr(log, "masked", str)
    with pytest.raises(AssertionError, match="standard error"):
        assert_no_secret(invoke("--debug"), home)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("situation", "arguments"),
    [
        ("command fails", ["--debug", "--format", "json"]),
        ("proxy wants a login", ["--debug", "doctor"]),
        ("key as a value", ["config", "show"]),
    ],
)
def test_a_process_of_its_own_shows_no_secret(
    run: Run, stage: Stage, home: Path, situation: str, arguments: list[str]
) -> None:
    SITUATIONS[situation][1](stage)
    done = run(*arguments)
    assert done.stdout + done.stderr
    assert_no_secret(done, home)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="there is no /proc")
@pytest.mark.parametrize("leaks", [False, True])
def test_no_argument_and_no_title_of_a_process_holds_the_key(
    run: Run, stage: Stage, monkeypatch: pytest.MonkeyPatch, leaks: bool
) -> None:
    key, seen = f"sk-{uuid.uuid4().hex}", []

    def look(*_: object) -> demo.ServerResponse:
        for place in ("cmdline", "comm"):
            seen.extend(path.read_bytes() for path in Path("/proc").glob(f"[0-9]*/{place}"))
        return demo.balance("1", "1", "0")

    monkeypatch.setattr(stage.server, "respond", look)
    argument = key if leaks else "a word"
    stage.command(
        "cat key; cat /proc/$PPID/cmdline /proc/$PPID/comm /proc/$$/cmdline > seen\n"
        f"sh -c 'cat /proc/$$/cmdline >> seen' '{argument}'"
    )
    (stage.folder / "key").write_text(key)
    assert run().stdout == b"$1.00\n"
    seen.append((stage.folder / "seen").read_bytes())
    assert sum(b"moonshot-status" in title for title in seen) >= 2
    assert any(key.encode() in title for title in seen) == leaks


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_files_and_folders_are_the_owners_alone(
    program: Forks, stage: Stage, home: Path, umask: int
) -> None:
    stage.own_file({"api_key": KEY, "base_url": stage.server.base_url})
    before = {home, *home.rglob("*")}
    for _ in range(2):
        done = program.run("--refresh", prepare=[partial(set_umask, umask)])
        assert done.stdout == b"$49.58\n"
    made = {path: path.stat() for path in home.rglob("*") if path not in before}
    assert {path.name for path in made} > {"balance.db", "valid-settings"}
    for path, status in made.items():
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(status.st_mode) == wanted, path
