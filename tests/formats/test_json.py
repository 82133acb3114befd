"""``json``: version 1, as in its published schema."""

from __future__ import annotations

import json
from decimal import Decimal

from jsonschema import Draft202012Validator
from kit.views import ALL_VIEWS, HOSTILE_NAMES, HOSTILE_VIEWS, VIEWS, for_each

from moonshot_status import schemas
from moonshot_status.core.errors import Kind
from moonshot_status.display.view import View
from moonshot_status.formats.json import render

SCHEMA = Draft202012Validator(schemas.load("output"))


@for_each(ALL_VIEWS)
def test_every_line_is_valid_by_the_schema(view: View) -> None:
    lines = render(view).text.splitlines()
    assert len(lines) == len(view.sections)
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


def test_a_name_is_unchanged() -> None:
    names = {name: json.loads(render(view).text)["account"] for name, view in HOSTILE_VIEWS.items()}
    assert names == HOSTILE_NAMES
