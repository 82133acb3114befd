"""``json``: version 1, as its published schema says."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from jsonschema import Draft202012Validator
from kit.views import ALL_VIEWS, HOSTILE_NAMES, VIEWS

from moonshot_status import schemas
from moonshot_status.core.errors import Kind
from moonshot_status.formats.json import render

SCHEMA = Draft202012Validator(schemas.load("output"))


@pytest.mark.parametrize("view", ALL_VIEWS)
def test_it_keeps_to_its_schema(view: str) -> None:
    lines = render(ALL_VIEWS[view]).text.splitlines()
    assert len(lines) == len(ALL_VIEWS[view].sections)
    for line in lines:
        SCHEMA.validate(json.loads(line))


def test_the_schema_knows_every_kind() -> None:
    problem = schemas.load("output")["properties"]["problem"]
    assert problem["properties"]["kind"]["enum"] == [kind.value for kind in Kind]


def test_amounts_keep_their_digits() -> None:
    document = json.loads(render(VIEWS["critical"]).text, parse_float=Decimal)
    assert document["balance"]["available"] == Decimal("0.00999")
    assert '"cash": -0.00001' in render(VIEWS["empty-deficit"]).text
    assert '"deficit": 0.00001' in render(VIEWS["empty-deficit"]).text


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_is_told_as_it_is(name: str) -> None:
    assert json.loads(render(ALL_VIEWS[name]).text)["account"] == HOSTILE_NAMES[name]
