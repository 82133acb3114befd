"""An earlier version of the program beside the store of a later one, and ``watch`` after it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kit import watching
from kit.stored import pass_time, set_version, store_file
from kit.support import Recorder, Run, balance
from kit.watching import Stream

import moonshot_status
from moonshot_status.polling import demo
from moonshot_status.store import schema
from moonshot_status.store.database import FILE_NAME
from moonshot_status.watch import loop, upgrade
from moonshot_status.watch.output import OutputWriter
from moonshot_status.watch.upgrade import Program

NEWER = schema.VERSION + 1


@pytest.fixture
def newer_store(home: Path, invoke: Run, server: demo.Server) -> Path:
    """A store of a newer version, with a balance that nobody may rely on."""
    server.response = balance("1")
    invoke()
    server.requests.clear()
    server.response = balance("49.58894")
    set_version(store_file(home), NEWER)
    return store_file(home)


@pytest.fixture
def own_store(home: Path) -> Path:
    return home / ".cache" / "moonshot-status" / f"store-{schema.VERSION}" / FILE_NAME


def test_the_balance_and_the_problem_are_shown_with_one_request(
    invoke: Run, server: demo.Server, newer_store: Path, own_store: Path
) -> None:
    before = newer_store.read_bytes()
    for name in ("plain", "tmux", "template", "plain"):
        assert invoke("--format", name).stdout.decode() == "$49.58 · not kept\n"
    assert len(server.requests) == 1
    pass_time(own_store, 400)
    server.response = balance("48")
    assert invoke().stdout.decode() == invoke().stdout.decode() == "$48.00 · not kept\n"
    assert len(server.requests) == 2
    assert newer_store.read_bytes() == before
    assert [path.name for path in newer_store.parent.glob("balance*")] == [FILE_NAME]
    assert own_store.stat().st_mode & 0o777 == 0o600


def test_a_failure_is_waited_for(
    invoke: Run, server: demo.Server, newer_store: Path, own_store: Path
) -> None:
    server.response = demo.error(429, "rate_limit_reached_error", "try again after 40 seconds")
    for arguments in ((), ("--refresh",), ("--max-age", "0"), ()):
        assert "rate limited" in invoke(*arguments).stdout.decode()
    assert len(server.requests) == 1
    problem = json.loads(invoke("--format", "json").stdout)["problem"]
    assert "was written by a later version" in problem["hint"]
    assert moonshot_status.__version__ in problem["hint"]
    assert sys.prefix in problem["hint"]


def test_an_old_balance_is_stale_when_no_newer_one_can_be_had(
    invoke: Run, server: demo.Server, newer_store: Path, own_store: Path
) -> None:
    invoke()
    pass_time(own_store, 4000)
    server.stop()
    document = json.loads(invoke("--format", "json").stdout)
    assert (document["stale"], document["problem"]["kind"]) == (True, "offline")


def test_the_levels_are_left_to_the_later_version(
    invoke: Run, low: demo.Server, newer_store: Path, recorder: Recorder
) -> None:
    low.response = balance("4.2")
    assert invoke().stdout.decode() == "$4.20 · not kept\n"
    assert recorder.notifications() == []


def test_a_program_that_is_up_to_date_again_uses_the_store(
    invoke: Run, server: demo.Server, newer_store: Path
) -> None:
    assert invoke().stdout.decode() == "$49.58 · not kept\n"
    set_version(newer_store, schema.VERSION)
    assert invoke().stdout.decode() == "$1.00\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that an upgrade of the program replaces."""
    path = tmp_path / "__init__.py"
    path.write_text("", encoding="utf-8")
    monkeypatch.setattr(moonshot_status, "__file__", str(path))
    return path


def install(package: Path) -> None:
    """Replace the file as an upgrade does, whatever is in it."""
    new = package.with_name("new")
    new.write_text(f"# {os.urandom(4).hex()}\n", encoding="utf-8")
    new.replace(package)


def test_it_is_outdated_when_another_one_was_installed_and_has_written(
    package: Path, newer_store: Path
) -> None:
    program = Program()
    assert not program.is_outdated()
    package.unlink()
    assert not program.is_outdated()
    install(package)
    assert program.is_outdated()
    for version in (0, schema.VERSION):
        set_version(newer_store, version)
        assert not program.is_outdated()
    newer_store.write_bytes(b"noise" * 4000)
    assert not program.is_outdated()
    newer_store.unlink()
    assert not program.is_outdated()
    assert not newer_store.exists()


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would replace this process, with what SIGUSR1 and SIGIO do then; it fails."""
    calls: list[Any] = []

    def fail(*arguments: Any) -> None:
        calls.append((*arguments, signal.getsignal(signal.SIGUSR1), signal.getsignal(signal.SIGIO)))
        raise FileNotFoundError

    monkeypatch.setattr(os, "execv", fail)
    return calls


@pytest.mark.parametrize("has_stderr", [True, False])
def test_the_new_program_is_started_with_the_same_arguments_once(
    package: Path, newer_store: Path, executed: list[Any], has_stderr: bool,
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes],
) -> None:  # fmt: skip
    before = signal.getsignal(signal.SIGUSR1), signal.getsignal(signal.SIGIO)
    if not has_stderr:
        monkeypatch.setattr(sys, "stderr", None)
    program = Program()
    install(package)
    program.restart()
    ignored = signal.SIG_IGN
    assert executed == [(sys.executable, sys.orig_argv, ignored, ignored)]
    assert (signal.getsignal(signal.SIGUSR1), signal.getsignal(signal.SIGIO)) == before
    assert not program.is_outdated()
    assert capfdbinary.readouterr().err.decode() == f"{upgrade._MESSAGE}\n" * has_stderr
    install(package)
    assert program.is_outdated()


def test_the_new_program_is_started_between_two_lines(
    package: Path, newer_store: Path, executed: list[Any], tmp_path: Path
) -> None:
    program, output = Program(), OutputWriter(os.open(tmp_path / "output", os.O_RDWR | os.O_CREAT))
    output.show(b"$1.00\n")
    loop._restart(program, output)
    assert executed == []
    output.write()
    loop._restart(program, output)
    assert len(executed) == 1


@pytest.mark.parametrize("option", ["-P", "-I"])
def test_the_new_program_gets_the_options_of_the_interpreter(
    package: Path, newer_store: Path, executed: list[Any], option: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    command = ["python", option, "-m", "moonshot_status", "watch"]
    monkeypatch.setattr(sys, "orig_argv", command)
    Program().restart()
    assert executed[0][:2] == (sys.executable, command)


@pytest.fixture
def watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], tuple[Stream, Path]]]:
    """Start ``watch`` from a copy of the package, and return it and the folder of the copy."""
    streams: list[Stream] = []

    def start() -> tuple[Stream, Path]:
        copy = tmp_path / "copy" / "moonshot_status"
        package = Path(moonshot_status.__file__).parent
        shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
        monkeypatch.setattr(watching, "PROGRAM", (sys.executable, "-m", "moonshot_status"))
        errors = (tmp_path / "errors").open("wb")
        for name in [name for name in os.environ if name.startswith("COVERAGE")]:
            monkeypatch.delenv(name)
        streams.append(Stream("watch", "--account", "default", cwd=copy.parent, stderr=errors))
        errors.close()
        return streams[-1], copy

    yield start
    for stream in streams:
        stream.end()


def test_watch_becomes_the_new_program_without_a_request(
    watch: Callable[[], tuple[Stream, Path]], server: demo.Server, home: Path, tmp_path: Path
) -> None:
    stream, copy = watch()
    assert stream.line() == "$49.58"
    new = "import os, sys\nprint(os.getpid(), *sys.argv[1:], flush=True)\nsys.stdin.read()\n"
    (copy / "__main__.py").write_text(new, encoding="utf-8")
    install(copy / "__init__.py")
    set_version(store_file(home), NEWER)
    assert stream.line() == f"{stream.process.pid} watch --account default"
    assert (tmp_path / "errors").read_text(encoding="utf-8") == f"{upgrade._MESSAGE}\n"
    assert len(server.requests) == 1


def test_watch_beside_a_later_version_shows_it_with_one_more_request(
    watch: Callable[[], tuple[Stream, Path]], server: demo.Server, home: Path, tmp_path: Path
) -> None:
    stream, _ = watch()
    assert stream.line() == "$49.58"
    set_version(store_file(home), NEWER)
    assert stream.line() == "$49.58 · not kept"
    assert len(server.requests) == 2
    assert (tmp_path / "errors").read_text(encoding="utf-8") == ""
