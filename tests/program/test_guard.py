"""``moonshot-status guard`` as scripts run it."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from kit.support import KEY, PROGRAM, Run

from moonshot_status.config import resolver
from moonshot_status.polling import demo, poll
from moonshot_status.store import database


@pytest.mark.parametrize(
    ("wish", "line", "status"),
    [
        (["--min", "5"], "enough: $49.58, at least $5.00", 0),
        (["--min", "50"], "too little: $49.58, less than $50.00", 1),
        (["--days", "3"], "unknown: not enough readings yet: 0 of 7 days", 3),
        (["--min", "50", "--days", "3"], "too little: $49.58, less than $50.00", 1),
    ],
)
def test_a_line_and_a_status(
    run: Run, server: demo.Server, wish: list[str], line: str, status: int
) -> None:
    done = run("guard", *wish)
    assert (done.stdout.decode(), done.stderr, done.returncode) == (f"{line}\n", b"", status)


def test_the_store_answers_first(run: Run, server: demo.Server) -> None:
    run()
    run("guard", "--min", "5")
    assert len(server.requests) == 1
    run("--refresh", "guard", "--min", "5")
    assert len(server.requests) == 2


def test_an_old_balance_is_unknown(run: Run, server: demo.Server) -> None:
    run()
    server.stop()
    assert run("guard", "--min", "5").returncode == 0
    done = run("--max-age", "0", "guard", "--min", "5")
    assert done.returncode == 3
    assert done.stdout.startswith(b"unknown: $49.58 ")
    assert done.stdout.endswith(b" offline\n")


def test_the_amount_is_in_the_accounts_currency(
    run: Run, server: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    own_file({"accounts": {"a": {"api_key": KEY}, "cn": {"api_key": KEY, "region": "china"}}})
    done = run("--account", "cn", "guard", "--min", "5")
    assert done.stdout.decode() == "enough: ¥49.58, at least ¥5.00\n"


@pytest.mark.parametrize(
    "wish",
    [
        [],
        ["--min"],
        ["--min", "0"],
        ["--min", "-1"],
        ["--min", "nan"],
        ["--min", "1e3"],
        ["--min", "5 $"],
        ["--min", "٥"],
        ["--min", "1000000000001"],
        ["--days", "0"],
        ["--days", "1001"],
        ["--min", "5", "more"],
    ],
)
def test_wrong_usage_is_status_2(run: Run, wish: list[str]) -> None:
    done = run("guard", *wish)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.splitlines()[-1].startswith(b"Next: moonshot-status")


def test_an_unknown_account_is_wrong_usage(run: Run) -> None:
    assert run("--account", "x", "guard", "--min", "5").returncode == 2


def test_the_demo_is_guarded_too(run: Run) -> None:
    assert run("--demo", "ok", "guard", "--days", "3", "--min", "5").returncode == 0
    assert run("--demo", "empty", "guard", "--days", "3").returncode == 1


@pytest.mark.parametrize(
    ("module", "name"), [(resolver, "resolve"), (database, "Store"), (poll, "poll")]
)
def test_what_nobody_thought_of_is_unknown(
    run: Run,
    server: demo.Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    name: str,
) -> None:
    lines = f"import {module.__name__} as module\nmodule.{name} = None\n"
    (tmp_path / "sitecustomize.py").write_text(lines)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = run("guard", "--min", "5")
    assert (done.stdout, done.returncode) == (b"unknown: internal error\n", 3)


def test_the_status_holds_where_nothing_can_be_printed(run: Run) -> None:
    command = f"{PROGRAM[0]} --demo ok guard --min 5 >/dev/full"
    assert subprocess.run(["sh", "-c", command], check=False).returncode == 0


def test_the_reason_is_for_a_terminal(run: Run) -> None:
    master, slave = pty.openpty()
    more = {"stderr": slave, "stdout": subprocess.PIPE, "capture_output": False}
    done = run("--demo", "unauthorized", "guard", "--min", "5", **more)
    os.close(slave)
    assert done.stdout == b"unknown: key rejected\n"
    told = os.read(master, 10_000).splitlines()
    os.close(master)
    assert told[-1] == b"Next: moonshot-status config set-key"
