"""Hundreds of accounts at once: quick, one request for each, and each alone with its failure."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit import stored
from kit.support import Run

from moonshot_status.polling import demo

pytestmark = pytest.mark.slow

SIZE = 500
LATENCY = 0.05
LIMIT = 10


class FarServer(demo.Server):
    """Every answer takes its time."""

    def respond(self, method: str, path: str, key: str) -> demo.ServerResponse:
        time.sleep(LATENCY)
        return super().respond(method, path, key)


@pytest.fixture
def fleet(own_file: Callable[[Any], Path]) -> FarServer:
    """Five hundred accounts; the key of one is rejected, and of another nobody answers."""
    keys = [f"sk-account{number:04d}" for number in range(SIZE)]
    server = FarServer(demo.balance("49.58894", "46.58893", "3.00001"), tuple(keys[1:]))
    accounts: dict[str, dict[str, str]] = {key[3:]: {"api_key": key} for key in keys}
    accounts["account0001"]["base_url"] = "http://127.0.0.1:9"
    own_file({"base_url": server.base_url, "accounts": accounts})
    return server


def test_five_hundred_accounts(run: Run, fleet: FarServer, home: Path) -> None:
    began = time.monotonic()
    lines = run("--account", "all", "--format", "json").stdout.splitlines()
    assert time.monotonic() - began < LIMIT
    documents = [json.loads(line) for line in lines]
    assert [document["account"] for document in documents] == [
        f"account{number:04d}" for number in range(SIZE)
    ]
    kinds = [document["problem"] and document["problem"]["kind"] for document in documents]
    assert kinds == ["unauthorized", "offline"] + [None] * (SIZE - 2)
    assert all(document["balance"] for document in documents[2:])
    asked = [key for _, _, key in fleet.requests]
    assert len(asked) == len(set(asked)) == SIZE - 1
    file = stored.store_file(home)
    assert (stored.count_readings(file), stored.count_attempts(file)) == (SIZE - 2, SIZE)
    run("--account", "all", "--format", "json")
    assert len(fleet.requests) == SIZE - 1
