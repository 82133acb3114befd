"""Hundreds of accounts: requests in parallel, one for each, and each alone with its failure."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kit import stored
from kit.support import Run

from moonshot_status.polling import demo, poll

pytestmark = pytest.mark.slow

SIZE = 500


class ParallelServer(demo.Server):
    """Responds to the first requests when as many as are made in parallel are under way.

    One of the first accounts has another address, so that it is one less.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        super().__init__(demo.balance("49.58894", "46.58893", "3.00001"), keys)
        self.first = threading.Barrier(poll.MAX_PARALLEL - 1)
        self.one_by_one = threading.Lock()

    def respond(self, method: str, path: str, key: str) -> demo.ServerResponse:
        with self.one_by_one:
            response = super().respond(method, path, key)
            is_first = len(self.requests) <= self.first.parties
        if is_first:
            self.first.wait(60)
        return response


@pytest.fixture
def fleet(own_file: Callable[[Any], Path]) -> Iterator[ParallelServer]:
    """Configure five hundred accounts; one key is rejected, and one endpoint is unreachable."""
    keys = [f"sk-account{number:04d}" for number in range(SIZE)]
    server = ParallelServer(tuple(keys[1:]))
    accounts: dict[str, dict[str, str]] = {key[3:]: {"api_key": key} for key in keys}
    accounts["account0001"]["base_url"] = "http://127.0.0.1:9"
    own_file({"base_url": server.base_url, "accounts": accounts})
    yield server
    server.stop()


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the first words of all SQL statements from now on."""
    counts: Counter[str] = Counter()
    connect = sqlite3.connect

    def counting(*arguments: Any, **more: Any) -> sqlite3.Connection:
        db = connect(*arguments, **more)
        db.set_trace_callback(lambda statement: counts.update([statement.split()[0]]))
        return db

    monkeypatch.setattr(sqlite3, "connect", counting)
    return counts


def test_five_hundred_accounts(
    invoke: Run, fleet: ParallelServer, home: Path, statements: Counter[str]
) -> None:
    lines = invoke("--account", "all", "--format", "json").stdout.splitlines()
    documents = [json.loads(line) for line in lines]
    assert [document["account"] for document in documents] == [
        f"account{number:04d}" for number in range(SIZE)
    ]
    kinds = [document["problem"] and document["problem"]["kind"] for document in documents]
    assert kinds == ["unauthorized", "offline"] + [None] * (SIZE - 2)
    assert all(document["balance"] for document in documents[2:])
    asked = [key for _, _, key in fleet.requests]
    assert len(asked) == len(set(asked)) == SIZE - 1
    assert not fleet.first.broken
    # Each account has one or a share in one that writes, and two that only take the lock.
    assert 2 * SIZE < statements["COMMIT"] <= 3 * SIZE
    assert statements.total() <= 40 * SIZE
    statements.clear()
    file = stored.store_file(home)
    assert (stored.count_readings(file), stored.count_attempts(file)) == (SIZE - 2, SIZE)
    again = invoke("--account", "all", "--format", "json", "--max-age", "600")
    assert len(again.stdout.splitlines()) == SIZE
    assert len(fleet.requests) == SIZE - 1
    # The backoff of the unreachable one may have ended.
    assert statements["COMMIT"] <= 3
