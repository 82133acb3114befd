"""What a poll imports: the expensive modules only when a request is made."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import KEY, REPOSITORY

from moonshot_status import demo, formats

EXPENSIVE = {"urllib3", "jsonschema", "ssl", "socket", "http.client", "urllib.request", "email"}
REPORT = """
import json, sys
from moonshot_status.cli import main
try:
    main({arguments!r}, prog_name="moonshot-status")
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def imported(*arguments: str) -> set[str]:
    script = REPORT.format(arguments=list(arguments))
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=False, cwd=REPOSITORY.parent
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("name", formats.names())
def test_a_poll_from_the_store_imports_nothing_expensive(name: str, server: demo.Server) -> None:
    assert imported("--format", name) >= {"urllib3", "jsonschema", "ssl", "socket"}
    modules = imported("--format", name)
    assert modules & EXPENSIVE == set()
    assert {m for m in modules if m.startswith("moonshot_status.formats.")} <= {
        f"moonshot_status.formats.{part}" for part in (name, "_menu", "_colours", "_table")
    }
    assert len(server.requests) == 1


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
    ours = {m for m in imported(*arguments) if m.startswith("moonshot_status.")}
    assert ours == {f"moonshot_status.{part}" for part in ("cli", "formats", "parameters", "text")}
