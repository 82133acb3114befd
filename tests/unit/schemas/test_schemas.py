"""The published JSON Schemas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from moonshot_status import schemas
from moonshot_status.core.errors import Kind
from moonshot_status.schemas import Mismatch, mismatch

NAMES = ["balance", "config", "doctor", "history", "output"]
SUCCESS = {"code": 0, "data": {"available_balance": 49.58894}, "scode": "0x0", "status": True}
OUTPUT: dict[str, Any] = {
    "version": 1,
    "account": "default",
    "region": "international",
    "currency": "USD",
    "balance": {"available": 49.58894, "voucher": 46.58893, "cash": 3.00001},
    "deficit": None,
    "level": "ok",
    "stale": False,
    "fetched_at": "2026-11-22T18:46:24Z",
    "problem": None,
    "forecast": None,
}
TROUBLE = {"kind": "offline", "message": "Gone", "hint": "", "retry_at": "2026-11-22T18:47:24Z"}


@pytest.mark.parametrize("name", NAMES)
def test_each_schema_is_itself_valid(name: str) -> None:
    schema = schemas.load(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", NAMES)
def test_each_reference_leads_somewhere(name: str) -> None:
    def references(part: Any) -> list[str]:
        children = part.values() if isinstance(part, dict) else part
        own = [part["$ref"]] if isinstance(part, dict) and "$ref" in part else []
        nested = (references(child) for child in children if isinstance(child, dict | list))
        return own + [reference for found in nested for reference in found]

    schema = schemas.load(name)
    targets = {f"#/$defs/{target}" for target in schema.get("$defs", {})}
    assert set(references(schema)) == targets


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"$schema": "https://example.org/config.schema.json"},
        {
            "region": "international",
            "api_key": "sk-...",
            "max_age": 300,
            "thresholds": {"warning": 5, "critical": 1},
        },
        {
            "max_age": 60,
            "timeout": 5.5,
            "accounts": {
                "work": {
                    "region": "international",
                    "api_key_command": ["pass", "show", "moonshot"],
                },
                "cn": {"region": "china", "api_key": "sk-..."},
            },
        },
        {"region": " 'CHINA' ", "api_key": "", "base_url": "http://127.0.0.1:8080/v1"},
    ],
)
def test_example_settings_are_valid(settings: dict[str, Any]) -> None:
    assert mismatch(settings, "config") is None


@pytest.mark.parametrize(
    ("document", "name", "path", "expected"),
    [
        ({"max_age": "canary"}, "config", "max_age", "seconds"),
        ({"accounts": {"work": {"region": 5}}}, "config", "accounts.work.region", '"china"'),
        ({"thresholds": {"warning": [1]}}, "config", "thresholds.warning", "amount"),
        ({"api_key_command": ["a", 5]}, "config", "api_key_command.1", "a string"),
        ({"canary": 1}, "config", "canary", "one of $schema, region"),
        ([], "config", "", "an object of settings"),
        ({**SUCCESS, "code": 1}, "balance", "code", "0"),
        ({**SUCCESS, "status": "canary"}, "balance", "status", "true"),
        ({**SUCCESS, "data": {}}, "balance", "data", "an object"),
        ({**SUCCESS, "data": {"available_balance": True}}, "balance",
         "data.available_balance", "an amount"),
        ({**OUTPUT, "stale": "canary"}, "output", "stale", "true when"),
    ],
)  # fmt: skip
def test_a_mismatch_has_the_path_and_what_is_expected(
    document: Any, name: str, path: str, expected: str
) -> None:
    found = mismatch(document, name)
    assert isinstance(found, Mismatch)
    assert found.path == path
    assert expected in found.expected
    assert "canary" not in found.expected


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"problem": TROUBLE, "stale": True},
        {"problem": {**TROUBLE, "retry_at": None}},
        {"balance": None, "fetched_at": None, "level": "unknown"},
        {"region": None, "currency": None},
        {"deficit": 0.41118, "balance": {"available": 0, "voucher": None, "cash": -0.41118}},
        {"region": "china", "currency": "CNY"},
    ],
)
def test_outputs_of_version_1_are_valid(change: dict[str, Any]) -> None:
    assert mismatch({**OUTPUT, **change}, "output") is None


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"more": 1},
        {"currency": "EUR"},
        {"level": "fine"},
        {"deficit": -1},
        {"fetched_at": "2026-11-22 18:46:24"},
        {"fetched_at": "2026-11-22T18:46:24+01:00"},
        {"balance": {"available": 1}},
        {"balance": {"available": "1", "voucher": None, "cash": None}},
        {"problem": {"kind": "offline"}},
        {"problem": {**TROUBLE, "kind": "unheard-of"}},
    ],
)
def test_outputs_of_no_version_are_refused(change: dict[str, Any]) -> None:
    assert mismatch({**OUTPUT, **change}, "output") is not None


@pytest.mark.parametrize("missing", OUTPUT)
def test_every_member_of_the_output_is_required(missing: str) -> None:
    output = {name: value for name, value in OUTPUT.items() if name != missing}
    assert mismatch(output, "output") is not None


def test_the_output_knows_every_kind_of_problem() -> None:
    for kind in Kind:
        assert mismatch({**OUTPUT, "problem": {**TROUBLE, "kind": kind.value}}, "output") is None


def subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    """Every place of the settings' schema at which a document can go wrong."""
    if isinstance(schema, list):
        for part in schema:
            yield from subschemas(part)
    elif isinstance(schema, dict):
        if {"enum", "pattern", "not"} & set(schema) or isinstance(schema.get("type"), str):
            yield schema
        for part in schema.values():
            yield from subschemas(part)


def test_every_setting_says_what_is_allowed() -> None:
    named = [part for part in subschemas(schemas.load("config")) if "description" not in part]
    assert named == []


def test_what_is_nested_too_deeply_to_be_checked_is_a_mismatch() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert schemas.mismatch({"region": deep}, "config") == schemas.Mismatch(
        "", "a document that is not nested so deeply"
    )
    assert len(schemas.mismatches({"region": deep}, "config")) == 1


def test_every_mismatch_is_returned() -> None:
    document = {"max_age": -1, "nonsense": 1, "accounts": {"a": {"key": 1, "timeout": 0}}}
    paths = [mismatch.path for mismatch in schemas.mismatches(document, "config")]
    assert paths == ["accounts.a.key", "accounts.a.timeout", "max_age", "nonsense"]
    assert schemas.mismatches({"max_age": 1}, "config") == []
