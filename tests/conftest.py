"""What the tests share: an empty home, the endpoint on loopback, and the program itself."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import KEY, PROGRAM, Recorder, Run, balance

from moonshot_status import debug, demo


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, and an environment that says nothing else."""
    for name in list(os.environ):
        if name != "PATH" and not name.startswith("COVERAGE"):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr(debug, "_secrets", set())
    return folder


@pytest.fixture
def run() -> Run:
    """The program as a process of its own, in the environment that the test has set."""

    def run(*arguments: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
        more = {"capture_output": True, "timeout": 60, "stdin": subprocess.DEVNULL, **more}
        return subprocess.run([*PROGRAM, *arguments], check=False, **more)

    return run


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
    server.reply = balance("4.2")
    return server


@pytest.fixture
def own_file(home: Path) -> Callable[[Any], Path]:
    """Write the program's own settings file, from text or from an object."""

    def write(settings: Any) -> Path:
        path = home / ".config" / "moonshot-status" / "config.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(settings if isinstance(settings, str) else json.dumps(settings))
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
