"""What each kind of run imports: expensive modules only where they are needed.

Here, as in ``test_architecture``, the names of modules stand in strings.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit.support import KEY, PROGRAM, balance

from moonshot_status import formats
from moonshot_status.polling import demo

EXPENSIVE = {"urllib3", "jsonschema", "ssl", "socket", "http.client", "urllib.request", "email"}
# Modules beyond those of a bare interpreter, for each kind of run; a little above today's numbers.
LIMITS = {"cached": 26, "stored": 175, "fetched": 330, "help": 125}

# Runs the start-up script once for each line of arguments, in copies of a bare interpreter, and
# prints what each of them imports.
# A reply is not cached while its inputs are younger than a clock tick, so the runs keep a distance.
SCRIPT = """\
import os, sys, time

bare = set(sys.modules)
script, *lines = sys.argv[1:]
code = compile(open(script).read(), script, "exec")
leave, report = os._exit, os.dup(1)


def end(status):
    os.write(report, " ".join(set(sys.modules) - bare).encode() + b"\\n")
    leave(status)


for line in lines:
    if not os.fork():
        os._exit = end
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.argv = [script, *line.split("\\n")] if line else [script]
        exec(code, {"__name__": "__main__"})
    os.wait()
    time.sleep(0.1)
"""


def imported(*command_lines: list[str], env: dict[str, str] | None = None) -> list[set[str]]:
    """Return the modules that the program imports in each of the runs, which follow each other."""
    lines = ["\n".join(arguments) for arguments in command_lines]
    done = subprocess.run(
        [sys.executable, "-I", "-c", SCRIPT, *PROGRAM, *lines],
        capture_output=True, check=True, text=True, env=uncovered() if env is None else env,
    )  # fmt: skip
    found = [set(line.split()) for line in done.stdout.splitlines()]
    assert len(found) == len(lines), done.stderr
    return found


def uncovered() -> dict[str, str]:
    """Return the environment without what has coverage import modules of its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}


RUNS = {
    "fetched": [], "stored": [], "cached": [],
    "stored, json": ["--format", "json"], "stored, xbar": ["--format", "xbar"],
    "help": ["--help"], "version": ["--version"], "wrong usage": ["--nonsense"],
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """What each of the runs imports, which follow each other in one home folder."""
    with demo.serving(balance("50"), (KEY,)) as server:
        env = {
            "HOME": str(tmp_path_factory.mktemp("home")),
            "MOONSHOT_BASE_URL": server.base_url,
            "MOONSHOT_API_KEY": KEY,
        }
        found = imported(*RUNS.values(), env=env)
        assert len(server.requests) == 1
    return dict(zip(RUNS, found, strict=True))


def ours(modules: set[str]) -> set[str]:
    """Return the modules of the package without those that only name a package."""
    prefix = "moonshot_status."
    names = {module.removeprefix(prefix) for module in modules if module.startswith(prefix)}
    return names - {"api", "cli", "config", "core", "display", "notify", "polling", "store"}


def test_each_kind_of_run_imports_no_more_than_it_needs(runs: dict[str, set[str]]) -> None:
    counts = {kind: len(runs[kind]) for kind in LIMITS}
    assert {kind: n for kind, n in counts.items() if n > LIMITS[kind]} == {}
    assert counts["cached"] < counts["help"] < counts["stored"] < counts["fetched"]


def test_a_cached_reply_imports_next_to_nothing(runs: dict[str, set[str]]) -> None:
    unwanted = {"click", "sqlite3", "hashlib", "pathlib", "datetime", "json", "typing"}
    assert ours(runs["cached"]) == {"__main__", "reply_cache"}
    assert runs["cached"] & unwanted == set()


def test_a_poll_from_the_store_imports_nothing_expensive(runs: dict[str, set[str]]) -> None:
    assert runs["fetched"] >= {"urllib3", "jsonschema", "ssl", "socket"}
    for name in ("json", "xbar"):
        assert_is_cheap(name, runs[f"stored, {name}"])


@pytest.mark.slow
def test_no_format_imports_anything_expensive(server: demo.Server) -> None:
    names = formats.names()
    _, *stored = imported([], *(["--format", name] for name in names))
    for name, modules in zip(names, stored, strict=True):
        assert_is_cheap(name, modules)


def assert_is_cheap(name: str, modules: set[str]) -> None:
    """Fail if a run with that format has imported what it does not need."""
    assert modules & EXPENSIVE == set(), name
    of_formats = {module for module in ours(modules) if module.startswith("formats.")}
    public = {module for module in of_formats if not module.startswith("formats._")}
    assert f"formats.{name.replace('-', '_')}" in public, name
    # xbar, SwiftBar and Argos share a language, and so do the others that have two here.
    assert len(public) <= 2, name


NOTIFICATIONS = {"notify.dispatch", "core.hysteresis", "store.alert_state"}
SENDING = {"notify.payload", "notify.runner"}


def test_without_a_notification_command_none_of_it_is_imported(
    runs: dict[str, set[str]], server: demo.Server
) -> None:
    server.response = balance("0.5")
    for modules in (runs["fetched"], runs["stored"], *imported([])):
        assert ours(modules) & (NOTIFICATIONS | SENDING) == set()


def test_a_notification_command_costs_little_until_there_is_a_notification(
    server: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    own_file({"notify_command": ["true"]})
    for modules in imported([], []):
        assert ours(modules) >= NOTIFICATIONS
        assert ours(modules) & SENDING == set()
    server.response = balance("0.5")
    (modules,) = imported(["--refresh"])
    assert ours(modules) >= NOTIFICATIONS | SENDING


def test_a_settings_file_is_checked_once(
    server: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    settings = {"api_key": KEY, "base_url": server.base_url}
    own_file({**settings, "max_age": 300})
    imported([])
    own_file({**settings, "max_age": 299})
    checked, known = imported([], [])
    assert "jsonschema" in checked
    assert known & EXPENSIVE == set()


def test_help_and_usage_errors_import_the_command_line_alone(runs: dict[str, set[str]]) -> None:
    expected = {
        "__main__", "reply_cache", "formats", "cli.main", "cli.commands", "cli.errors",
        "cli.output", "cli.params", "config.settings", "core.errors", "core.regions", "core.text",
    }  # fmt: skip
    for name in ("help", "version", "wrong usage"):
        commands = {m for m in ours(runs[name]) if m.startswith("cli.commands.")}
        assert ours(runs[name]) - commands == expected, name
        assert bool(commands) == (name == "help")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_watch_is_small_and_asleep_it_costs_next_to_nothing(server: demo.Server) -> None:
    """Asleep it wakes up every 20 seconds, for 0.3 milliseconds each; ten times that has room."""
    command = [*PROGRAM, "watch", "--format", "waybar"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        time.sleep(2)
        proc = Path(f"/proc/{process.pid}")
        before = used(proc)
        time.sleep(21)
        after = used(proc)
        resident = field(proc, "VmRSS")
        process.terminate()
    assert 1 <= after[0] - before[0] <= 4
    assert after[1] - before[1] < 10_000_000
    assert resident < 32_000


def used(proc: Path) -> tuple[int, int]:
    """Return how often the process has gone to sleep, and its processor time in nanoseconds."""
    time_used = (proc / "schedstat").read_text(encoding="utf-8").split()[0]
    return field(proc, "voluntary_ctxt_switches"), int(time_used)


def field(proc: Path, name: str) -> int:
    text = (proc / "status").read_text(encoding="utf-8")
    return int(text.partition(f"\n{name}:")[2].split()[0])


def test_watch_itself_loads_nothing_for_requests(server: demo.Server) -> None:
    """Each poll is a copy of the process, and lists what it imports here as well."""
    server.stop()
    environment = {**uncovered(), "PYTHONPROFILEIMPORTTIME": "1", "MOONSHOT_API_KEY": ""}
    with subprocess.Popen(
        [*PROGRAM, "watch"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "— · no key\n".encode()
        process.terminate()
        printed = process.stderr.read().decode()
    modules = {line.rpartition("|")[2].strip() for line in printed.splitlines()}
    assert "moonshot_status.watch.loop" in modules
    assert modules & EXPENSIVE == set()
