"""In a terminal, whatever goes wrong ends with the next thing to do."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kit.raw_server import BALANCE, RawServer, http, tls_for
from kit.support import KEY, PROGRAM, Run
from kit.terminal import Terminal

from moonshot_status.api import client
from moonshot_status.core.errors import Kind
from moonshot_status.polling import demo

NEXT = re.compile(r"Next: (moonshot-status [a-z -]+)")
SUSPENDED = demo.error(403, "exceeded_current_quota_error", "canary")


@dataclass
class Stage:
    """All is well at first, with the key in the environment."""

    server: demo.Server
    patch: pytest.MonkeyPatch
    home: Path
    stack: ExitStack

    def key(self, key: str) -> None:
        self.patch.setenv("MOONSHOT_API_KEY", key)

    def answer(self, reply: demo.ServerResponse) -> None:
        self.server.response = reply

    def raw(self, *steps: Any, **more: Any) -> None:
        port = self.stack.enter_context(RawServer(*steps, **more)).port
        scheme = "https" if more else "http"
        self.patch.setenv("MOONSHOT_BASE_URL", f"{scheme}://127.0.0.1:{port}")

    def proxy(self) -> None:
        self.patch.delenv("MOONSHOT_BASE_URL")
        self.patch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")

    def file_for(self, folder: str) -> None:
        """A file where the program wants a folder."""
        path = self.home / folder
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")

    def broken(self) -> None:
        self.patch.setattr(client, "parse_balance", None)


@pytest.fixture
def stage(server: demo.Server, monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(server, monkeypatch, home, stack)


SITUATIONS: dict[Kind, Callable[[Stage], object]] = {
    Kind.NO_KEY: lambda s: s.key(""),
    Kind.BAD_KEY: lambda s: s.key("sk one two"),
    Kind.WRONG_PRODUCT: lambda s: s.key("sk-kimi-canary"),
    Kind.CONFIG: lambda s: s.patch.setenv("MOONSHOT_REGION", "mars"),
    Kind.OFFLINE: lambda s: s.server.stop(),
    Kind.TIMEOUT: lambda s: s.raw(5.0),
    Kind.TLS: lambda s: s.raw(http("200 OK", BALANCE), tls=tls_for("127.0.0.1")),
    Kind.PROXY: lambda s: s.proxy(),
    Kind.REDIRECTED: lambda s: s.raw(http("302 Found", b"", "Location: http://x.test/")),
    Kind.BAD_RESPONSE: lambda s: s.raw(http("200 OK", b"<html>")),
    Kind.API_ERROR: lambda s: s.answer(demo.error(418, "teapot", "canary")),
    Kind.UNAUTHORIZED: lambda s: s.key("sk-another"),
    Kind.SUSPENDED: lambda s: s.answer(SUSPENDED),
    Kind.FORBIDDEN: lambda s: s.answer(demo.error(403, "x", "canary")),
    Kind.NOT_FOUND: lambda s: s.answer(demo.error(404, "x", "canary")),
    Kind.RATE_LIMITED: lambda s: s.answer(demo.error(429, "x", "try again after 5 seconds")),
    Kind.SERVER_ERROR: lambda s: s.answer(demo.error(500, "x", "canary")),
    Kind.STORE: lambda s: s.file_for(".local/state"),
    Kind.INTERNAL: lambda s: s.broken(),
}


# What is wrong with the key in the environment is to be corrected there.
OF_A_KEY = (Kind.BAD_KEY, Kind.WRONG_PRODUCT, Kind.UNAUTHORIZED)

InATerminal = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def in_a_terminal(invoke: Run, monkeypatch: pytest.MonkeyPatch) -> InATerminal:
    """Run the program with a terminal as its standard error; return its status and its lines."""

    def in_a_terminal(*arguments: str) -> tuple[int, list[str]]:
        with monkeypatch.context() as patch:
            patch.setattr(sys.stderr, "isatty", lambda: True)
            done = invoke(*arguments)
        return done.returncode, (done.stdout + done.stderr).decode().splitlines()

    return in_a_terminal


def test_every_kind_of_problem_has_a_situation() -> None:
    assert set(SITUATIONS) == set(Kind)


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.value)
def test_a_problem_ends_with_the_next_step(
    in_a_terminal: InATerminal, stage: Stage, kind: Kind
) -> None:
    SITUATIONS[kind](stage)
    seconds = "0.2" if kind is Kind.TIMEOUT else "30"
    for command in ([], ["guard", "--min", "5"]):
        _, lines = in_a_terminal("--timeout", seconds, "--refresh", *command)
        assert len(lines) >= 3
        assert command or kind.label in lines[0]
        if kind in OF_A_KEY:
            assert lines[-1] == "Next: correct MOONSHOT_API_KEY"
        else:
            assert lines[-1] == kind.next_step
            assert NEXT.fullmatch(lines[-1])


def test_without_a_problem_there_is_no_next_step(in_a_terminal: InATerminal, stage: Stage) -> None:
    assert in_a_terminal() == (0, ["$49.58"])
    assert in_a_terminal("guard", "--min", "5") == (0, ["enough: $49.58, at least $5.00"])


@pytest.mark.parametrize(
    ("arguments", "next_step"),
    [
        (["--nonsense"], "moonshot-status --help"),
        (["nonsense"], "moonshot-status --help"),
        (["--account", "x"], "moonshot-status --help"),
        (["--format"], "moonshot-status --help"),
        (["guard"], "moonshot-status guard --help"),
        (["--account", "x", "guard", "--min", "5"], "moonshot-status guard --help"),
        (["config", "nonsense"], "moonshot-status config --help"),
        (["config", "set", "max_age"], "moonshot-status config set --help"),
        (["config", "set", "max_age", "soon"], "moonshot-status config set --help"),
        (["config", "validate"], "moonshot-status setup"),
        (["open", "more"], "moonshot-status open --help"),
    ],
)
def test_an_error_ends_with_the_next_step(
    in_a_terminal: InATerminal, arguments: list[str], next_step: str
) -> None:
    status, lines = in_a_terminal(*arguments)
    assert status in (1, 2)
    assert lines[-1] == f"Next: {next_step}"


def test_open_ends_with_the_next_step(
    in_a_terminal: InATerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOONSHOT_REGION", "mars")
    assert in_a_terminal("open")[1][-1] == Kind.CONFIG.next_step


def test_a_next_step_is_a_command_that_exists(invoke: Run) -> None:
    for next_step in {kind.next_step for kind in Kind}:
        words = next_step.split()[2:]
        assert invoke(*words, "--help").returncode == 0, next_step


def test_the_key_is_in_no_error(invoke: Run) -> None:
    done = invoke("guard", KEY)
    assert b"sk-\xe2\x80\xa6" in done.stderr
    assert KEY.encode() not in done.stderr


def test_a_real_terminal_shows_the_next_step_and_a_pipe_does_not(run: Run) -> None:
    assert run().stderr == b""
    status, printed = Terminal(*PROGRAM).finish()
    assert (status, printed.splitlines()[-1]) == (1, Kind.NO_KEY.next_step)
