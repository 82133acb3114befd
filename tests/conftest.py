"""What the tests share: an empty home, the endpoint on loopback, and the program itself."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import settings
from kit import orphans
from kit.official_hosts import OfficialHosts
from kit.official_hosts import serving as serving_official_hosts
from kit.session import SessionReport, count_program_starts, keep_files_in_memory
from kit.support import KEY, PROGRAM, WARNINGS, Recorder, Run, assert_no_warnings, balance

from moonshot_status.core import log
from moonshot_status.polling import background, demo

settings.register_profile("default", max_examples=25, deadline=None, derandomize=True)
settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True)
settings.register_profile("explore", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

_SIGINT = signal.getsignal(signal.SIGINT)
import moonshot_status.__main__ as entry_point  # noqa: E402 - it sets what Ctrl-C does

signal.signal(signal.SIGINT, _SIGINT)


def pytest_configure(config: pytest.Config) -> None:
    keep_files_in_memory()
    count_program_starts()
    config.pluginmanager.register(SessionReport())


def pytest_xdist_auto_num_workers() -> int:
    """Start more workers than there are cores, because many tests wait for a time limit."""
    return (os.cpu_count() or 1) + 2


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, and an environment that only makes warnings errors."""
    for name in list(os.environ):
        if name != "PATH" and not name.startswith("COVERAGE"):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("PYTHONWARNINGS", WARNINGS)
    time.tzset()
    monkeypatch.setattr(log, "_secrets", set())
    return folder


@pytest.fixture
def adopted(home: Path) -> Iterator[None]:
    """Wait after the test until the background processes that it has started are gone."""
    with orphans.adopted():
        yield


@pytest.fixture
def run(adopted: None) -> Run:
    """The program as a process of its own, in the environment that the test has set."""

    def run(*arguments: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
        more = {"capture_output": True, "timeout": 60, "stdin": subprocess.DEVNULL, **more}
        done = subprocess.run([*PROGRAM, *arguments], check=False, **more)
        assert_no_warnings(done.stderr)
        return done

    return run


class _ProcessEnd(BaseException):
    """Stands in for the end of the process."""


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """The program within this process: the same path as ``run``, forty times as fast.

    For what needs no process of its own: no signal, no terminal, no umask, no other Python.
    """

    def end(status: int) -> NoReturn:
        raise _ProcessEnd(status)

    def invoke(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        capfdbinary.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", [*PROGRAM, *arguments])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            patch.setattr(os, "_exit", end)
            patch.setattr(log, "_logger", None)
            patch.setattr(log, "_secrets", set())
            # This process has threads, so it makes requests itself.
            patch.setattr(background, "reply_within", lambda _, make: make())
            try:
                entry_point.run()
            except _ProcessEnd as ended:
                status = ended.args[0]
        stdout, stderr = capfdbinary.readouterr()
        return subprocess.CompletedProcess([*PROGRAM, *arguments], status, stdout, stderr)

    return invoke


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[demo.Server]:
    """The endpoint for ``KEY``, which the environment leads to."""
    with demo.serving(demo.balance("49.58894", "46.58893", "3.00001"), (KEY,)) as server:
        monkeypatch.setenv("MOONSHOT_BASE_URL", f"{server.base_url}/v1")
        monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
        yield server


@pytest.fixture
def low(server: demo.Server) -> demo.Server:
    """The endpoint of an account with $4.20."""
    server.response = balance("4.2")
    return server


@pytest.fixture
def official_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OfficialHosts]:
    """Both official hosts on loopback, with what each of them and the proxy has got."""
    with serving_official_hosts(monkeypatch, tmp_path) as hosts:
        yield hosts
        hosts.assert_tight()


@pytest.fixture
def own_file(home: Path) -> Callable[[Any], Path]:
    """Write the program's own settings file, from text or from an object."""

    def write(settings: Any) -> Path:
        path = home / ".config" / "moonshot-status" / "config.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            settings if isinstance(settings, str) else json.dumps(settings), encoding="utf-8"
        )
        return path

    return write


@pytest.fixture
def recorder(tmp_path: Path, own_file: Callable[[Any], Path]) -> Recorder:
    (tmp_path / "recorder").mkdir()
    recorder = Recorder(tmp_path / "recorder", own_file)
    words = '"$MOONSHOT_STATUS_PREVIOUS_LEVEL $MOONSHOT_STATUS_LEVEL $MOONSHOT_STATUS_MESSAGE"'
    recorder.does(f"printf '%s\\n' {words} >> told; env > environment; cat > input")
    recorder.settings()
    return recorder
