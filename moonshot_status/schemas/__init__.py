"""The published JSON Schemas, and the one function that checks against them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Mismatch:
    """Where a document leaves its schema, and what the schema wants there."""

    place: str
    wanted: str


def load(name: str) -> dict[str, Any]:
    """The schema called ``name``: ``balance``, ``config``, ``history`` or ``output``."""
    path = Path(__file__).with_name(f"{name}.schema.json")
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def mismatch(document: Any, name: str) -> Mismatch | None:
    """The most telling place where the document leaves the schema, or None.

    Values of the document are never part of the answer: they may be secrets.
    """
    # Imported here because it is slow, and a poll that is answered from the store needs none of it.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    try:
        error = best_match(Draft202012Validator(load(name)).iter_errors(document))
    except RecursionError:
        return Mismatch("", "a document that is not nested so deeply")
    if error is None:
        return None
    path = [str(part) for part in error.absolute_path]
    schema = error.schema
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        allowed = schema["properties"]
        path.append(next(key for key in error.instance if key not in allowed))
        return Mismatch(".".join(path), "one of " + ", ".join(allowed))
    return Mismatch(".".join(path), schema.get("description", "something else"))
