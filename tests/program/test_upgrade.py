"""An earlier version of the program beside the store of a later one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from kit.stored import pass_time, set_version, store_file
from kit.support import Recorder, Run, balance

import moonshot_status
from moonshot_status.polling import demo
from moonshot_status.store import schema
from moonshot_status.store.database import FILE_NAME

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
