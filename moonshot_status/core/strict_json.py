"""Read and write strict JSON: no NaN, no duplicate names, fractions as Decimal."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any


def loads(raw: bytes) -> Any:
    """Parse UTF-8 JSON, with or without a byte order mark (BOM).

    Raises ValueError for an invalid document, and for one that is nested too deeply.
    """
    try:
        return json.loads(
            raw.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=_reject_constant,
            object_pairs_hook=_reject_duplicates,
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except InvalidOperation as error:
        raise ValueError("a number out of all bounds") from error


def dumps(value: Any) -> str:
    """Return ASCII JSON as json.dumps does; a Decimal keeps its digits and gets no exponent.

    Raises RecursionError for a value that is nested too deeply.
    """
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        members = (f"{json.dumps(key)}: {dumps(item)}" for key, item in value.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dumps, value)) + "]"
    return json.dumps(value)


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return members
