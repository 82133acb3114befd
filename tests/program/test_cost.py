"""What a poll imports: the expensive modules only when a request is made."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit.support import KEY, PROGRAM

from moonshot_status import formats
from moonshot_status.polling import demo

EXPENSIVE = {"urllib3", "jsonschema", "ssl", "socket", "http.client", "urllib.request", "email"}
# What a kind of run imports beyond a bare interpreter, in modules; a little above what it is today.
LIMITS = {"remembered": 30, "stored": 158, "asked": 445, "help": 110}


def imported(*arguments: str) -> set[str]:
    """The modules that the program imports, its own start-up script's included."""
    environment = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    done = subprocess.run(
        [*PROGRAM, *arguments], capture_output=True, check=False, env=environment, text=True
    )
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()[1:]} - BARE


def _bare() -> set[str]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "pass"],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()[1:]}


BARE = _bare()


def ours(modules: set[str]) -> set[str]:
    return {module for module in modules if module.startswith("moonshot_status.")}


def test_each_kind_of_run_imports_no_more_than_it_needs(server: demo.Server) -> None:
    counts = {kind: len(imported()) for kind in ("asked", "stored", "remembered")}
    counts["help"] = len(imported("--help"))
    assert {kind: n for kind, n in counts.items() if n > LIMITS[kind]} == {}
    assert counts["remembered"] < counts["help"] < counts["stored"] < counts["asked"]


@pytest.mark.parametrize("name", formats.names())
def test_a_remembered_reply_imports_next_to_nothing(name: str, server: demo.Server) -> None:
    imported("--format", name)
    imported("--format", name)
    modules = imported("--format", name)
    assert ours(modules) == {
        f"moonshot_status.{part}" for part in ("__main__", "early", "interrupt")
    }
    assert not modules & {"click", "sqlite3", "hashlib", "pathlib", "datetime", "json", "typing"}


@pytest.mark.parametrize("name", formats.names())
def test_a_poll_from_the_store_imports_nothing_expensive(name: str, server: demo.Server) -> None:
    assert imported("--format", name) >= {"urllib3", "jsonschema", "ssl", "socket"}
    modules = imported("--format", name)
    assert modules & EXPENSIVE == set()
    parts = {m.removeprefix("moonshot_status.formats.") for m in ours(modules) if "formats." in m}
    assert {part for part in parts if part[0] != "_"} <= {name.replace("-", "_")}
    assert len(server.requests) == 1


@pytest.mark.parametrize("available", ["50", "0.5"])
def test_who_wants_no_word_pays_for_none(server: demo.Server, available: str) -> None:
    server.response = demo.balance(available, available, "0")
    parts = ("announcement", "facts", "notice", "notices", "notifier")
    for _ in range(2):
        assert imported() & {f"moonshot_status.{part}" for part in parts} == set()


def test_who_wants_a_word_pays_little_until_there_is_one(
    server: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    own_file({"notify_command": ["true"]})
    parts = {f"moonshot_status.{part}" for part in ("announcement", "notice", "notices")}
    rare = {f"moonshot_status.{part}" for part in ("facts", "notifier")}
    for _ in range(2):
        modules = imported()
        assert modules >= parts
        assert modules & rare == set()
    server.response = demo.balance("0.5", "0.5", "0")
    assert imported("--refresh") >= parts | rare


def test_a_settings_file_is_checked_once(
    server: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    own_file({"api_key": KEY, "max_age": 300})
    imported()
    assert imported() & EXPENSIVE == set()
    own_file({"api_key": KEY, "max_age": 299})
    assert "jsonschema" in imported()
    assert imported() & EXPENSIVE == set()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["--nonsense"]])
def test_help_and_usage_errors_import_the_command_line_alone(arguments: list[str]) -> None:
    parts = (
        "__main__", "cli", "commands", "early", "errors", "failures", "formats", "interrupt",
        "output", "parameters", "text",
    )  # fmt: skip
    modules = ours(imported(*arguments))
    commands = {module for module in modules if module.startswith("moonshot_status.commands.")}
    assert modules - commands == {f"moonshot_status.{part}" for part in parts}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_watch_is_small_and_asleep_it_costs_next_to_nothing(server: demo.Server) -> None:
    """An hour has 180 wake-ups, which is 270 microseconds for each; one falls into the test."""
    command = [*PROGRAM, "watch", "--format", "waybar"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        time.sleep(1)
        proc = Path(f"/proc/{process.pid}")
        before = int((proc / "schedstat").read_text().split()[0])
        time.sleep(21)
        after = int((proc / "schedstat").read_text().split()[0])
        resident = (proc / "status").read_text().partition("VmRSS:")[2].split()[0]
        process.terminate()
    assert after - before < 1_000_000
    assert int(resident) < 32_000


def test_watch_itself_loads_nothing_for_requests(server: demo.Server) -> None:
    """What its looks import, they take with them; they are copies, and tell it here as well."""
    server.stop()
    environment = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1", "MOONSHOT_API_KEY": ""}
    with subprocess.Popen(
        [*PROGRAM, "watch"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "— · no key\n".encode()
        process.terminate()
        told = process.stderr.read().decode()
    modules = {line.rpartition("|")[2].strip() for line in told.splitlines()}
    assert "moonshot_status.watching.run" in modules
    assert modules & EXPENSIVE == set()
