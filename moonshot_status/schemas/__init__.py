"""The published JSON Schemas, and the one function that checks against them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import ValidationError


@dataclass(frozen=True)
class Mismatch:
    """Where a document leaves its schema, and what the schema wants there."""

    place: str
    wanted: str


_TOO_DEEP = Mismatch("", "a document that is not nested so deeply")


def load(name: str) -> dict[str, Any]:
    """The schema called ``name``: the first word of a file's name in this folder."""
    path = Path(__file__).with_name(f"{name}.schema.json")
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def mismatch(document: Any, name: str) -> Mismatch | None:
    """The most telling place where the document leaves the schema, or None.

    Values of the document are never part of the answer: they may be secrets.
    """
    from jsonschema.exceptions import best_match

    try:
        error = best_match(_errors(document, name))
    except RecursionError:
        return _TOO_DEEP
    return next(_told(error), None) if error else None


def mismatches(document: Any, name: str) -> list[Mismatch]:
    """Every such place, in the order of the document's names."""
    from jsonschema.exceptions import best_match

    try:
        errors = [best_match([error]) for error in _errors(document, name)]
    except RecursionError:
        return [_TOO_DEEP]
    found = {mismatch for error in errors if error for mismatch in _told(error)}
    return sorted(found, key=lambda mismatch: mismatch.place)


def _errors(document: Any, name: str) -> Iterator[ValidationError]:
    # Imported here because it is slow, and a poll that is answered from the store needs none of it.
    from jsonschema import Draft202012Validator

    return Draft202012Validator(load(name)).iter_errors(document)


def _told(error: ValidationError) -> Iterator[Mismatch]:
    path = [str(part) for part in error.absolute_path]
    schema: Any = error.schema
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        allowed = schema["properties"]
        for key in error.instance:
            if key not in allowed:
                yield Mismatch(".".join([*path, key]), "one of " + ", ".join(allowed))
        return
    yield Mismatch(".".join(path), schema.get("description", "something else"))
