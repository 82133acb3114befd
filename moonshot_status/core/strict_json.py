"""JSON as its standard means it: no NaN, no duplicate keys, numbers as Decimal."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any


def loads(raw: bytes) -> Any:
    """Parse UTF-8 JSON, with or without a byte order mark.

    Raises ValueError for everything that is no such document, absurdly deep nesting included.
    """
    try:
        return json.loads(
            raw.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique,
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except InvalidOperation as error:
        raise ValueError("a number out of all bounds") from error


def dumps(value: Any) -> str:
    """Like json.dumps in ASCII, but a Decimal keeps its digits and has no exponent."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        members = (f"{json.dumps(key)}: {dumps(item)}" for key, item in value.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dumps, value)) + "]"
    return json.dumps(value)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return members
