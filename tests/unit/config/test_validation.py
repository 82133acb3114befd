"""The problems of a settings file, for every account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from moonshot_status.config.validation import problems_in

PATH = Path("/x/config.json")
KEY = {"api_key": "sk-canary"}
CHINA_URL = {"base_url": "https://api.moonshot.cn"}
CROSSING = {"thresholds": {"warning": 1, "critical": 2}}


def told(written: Any) -> list[str]:
    raw = written if isinstance(written, bytes) else json.dumps(written).encode()
    found = problems_in(PATH, raw)
    assert "canary" not in str(found)
    return [problem.message for problem in found]


@pytest.mark.parametrize(
    "written",
    [
        {},
        KEY,
        {"accounts": {"a": {}, "cn": {**KEY, **CHINA_URL, "region": "China"}}},
        {"thresholds": {"warning": 9}, "accounts": {"a": {}, "b": KEY}},
        # Another source may say that this account is in China.
        CHINA_URL,
        {"thresholds": {"critical": 6}},
        {"api_key_command": ["pass"], "region": ""},
    ],
)
def test_a_file_without_a_mistake(written: Any) -> None:
    assert told(written) == []


@pytest.mark.parametrize(
    ("written", "places"),
    [
        (b"{", ["is not valid JSON"]),
        ({"max_age": -1, "timeout": "canary", "x": 1, "y": 2},
         ["at max_age: ", "at timeout: ", "at x: ", "at y: "]),
        ({"region": "mars"}, ['at region: allowed is "international" or "china"']),
        ({"accounts": {"a": {"region": 5}, "b": {"max_age": ""}, "c": {"max_age": []}}},
         ["accounts.a.region", "accounts.c.max_age"]),
        (CROSSING, ["at thresholds: critical is above"]),
        ({**CROSSING, "accounts": {"a": {}, "b": {}}}, ["at thresholds: critical is above"]),
        ({"accounts": {"a": CROSSING, "b": CROSSING}},
         ["at accounts.a.thresholds: ", "at accounts.b.thresholds: "]),
        ({**KEY, **CHINA_URL}, ["base_url in /x/config.json cannot be used: it is the china host"]),
        ({"accounts": {"a": CHINA_URL | CROSSING, "b": CHINA_URL | {"region": "china"}}},
         ["accounts.a.thresholds", "accounts.a.base_url"]),
        ({"base_url": "http://192.0.2.1"}, ["it must be https"]),
        ({"base_url": "https://user:canary@x.test"}, ["a user name"]),
        ({"api_key": "sk canary"}, ["api_key in /x/config.json: The API key contains a space"]),
        ({"accounts": {"a": {"api_key": "sk-kimi-canary"}}}, ["accounts.a.api_key in "]),
        (b"[" * 100_000, ["is not valid JSON"]),
        ("[" * 5, ["the whole of it"]),
    ],
)  # fmt: skip
def test_every_mistake_is_reported_with_its_path(written: Any, places: list[str]) -> None:
    found = told(written)
    assert len(found) == len(places)
    for message, place in zip(found, places, strict=True):
        assert place in message
