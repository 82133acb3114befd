"""``moonshot-status guard`` as scripts run it."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from kit.support import KEY, PROGRAM, Run

from moonshot_status.config import resolver
from moonshot_status.polling import demo, poll


@pytest.mark.parametrize(
    ("options", "line", "status"),
    [
        (["--min", "5"], "enough: $49.58, at least $5.00", 0),
        (["--min", "50"], "too little: $49.58, less than $50.00", 1),
        (["--days", "3"], "unknown: not enough readings yet: 0 of 7 days", 3),
        (["--min", "50", "--days", "3"], "too little: $49.58, less than $50.00", 1),
    ],
)
def test_a_line_and_a_status(
    invoke: Run, server: demo.Server, options: list[str], line: str, status: int
) -> None:
    done = invoke("guard", *options)
    assert (done.stdout.decode(), done.stderr, done.returncode) == (f"{line}\n", b"", status)


def test_the_store_answers_first(invoke: Run, server: demo.Server) -> None:
    invoke()
    invoke("guard", "--min", "5")
    assert len(server.requests) == 1
    invoke("--refresh", "guard", "--min", "5")
    assert len(server.requests) == 2


def test_an_old_balance_is_unknown(invoke: Run, server: demo.Server) -> None:
    invoke()
    server.stop()
    assert invoke("guard", "--min", "5").returncode == 0
    done = invoke("--max-age", "0", "guard", "--min", "5")
    assert done.returncode == 3
    assert done.stdout.startswith(b"unknown: $49.58 ")
    assert done.stdout.endswith(b" offline\n")


def test_the_amount_is_in_the_accounts_currency(
    invoke: Run, server: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    accounts = {"a": {"api_key": KEY}, "cn": {"api_key": KEY, "region": "china"}}
    own_file({"base_url": server.base_url, "accounts": accounts})
    done = invoke("--account", "cn", "guard", "--min", "5")
    assert done.stdout.decode() == "enough: ¥49.58, at least ¥5.00\n"


@pytest.mark.parametrize(
    "options",
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
def test_wrong_usage_is_status_2(invoke: Run, options: list[str]) -> None:
    done = invoke("guard", *options)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.splitlines()[-1].startswith(b"Next: moonshot-status")


def test_an_unknown_account_is_wrong_usage(invoke: Run) -> None:
    assert invoke("--account", "x", "guard", "--min", "5").returncode == 2


def test_guard_accepts_the_demo(invoke: Run) -> None:
    assert invoke("--demo", "ok", "guard", "--days", "3", "--min", "5").returncode == 0
    assert invoke("--demo", "empty", "guard", "--days", "3").returncode == 1


@pytest.mark.parametrize(
    ("module", "name"), [(resolver, "resolve"), (poll, "Store"), (poll, "poll")]
)
def test_an_unexpected_error_is_unknown(
    invoke: Run,
    server: demo.Server,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    name: str,
) -> None:
    monkeypatch.setattr(module, name, None)
    done = invoke("guard", "--min", "5")
    assert (done.stdout, done.returncode) == (b"unknown: internal error\n", 3)


def test_the_status_holds_where_nothing_can_be_printed() -> None:
    command = f"{shlex.join(PROGRAM)} --demo ok guard --min 5 >/dev/full"
    assert subprocess.run(["sh", "-c", command], check=False).returncode == 0


def test_the_reason_is_for_a_terminal(invoke: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    done = invoke("--demo", "unauthorized", "guard", "--min", "5")
    assert (done.stdout, done.stderr) == (b"unknown: key rejected\n", b"")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    done = invoke("--demo", "unauthorized", "guard", "--min", "5")
    assert done.stdout == b"unknown: key rejected\n"
    assert done.stderr.splitlines()[-1] == b"Next: moonshot-status config set-key"
