"""The published JSON Schemas, and the check against them."""

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
    """A value that its schema rejects: the dotted path to it, and what the schema expects there."""

    path: str
    expected: str


_TOO_DEEP = Mismatch("", "a document that is not nested so deeply")


def load(name: str) -> dict[str, Any]:
    """Return the schema ``name``, which is the beginning of a file's name in this folder."""
    path = Path(__file__).with_name(f"{name}.schema.json")
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def mismatch(document: Any, name: str) -> Mismatch | None:
    """Return the most relevant mismatch between the document and the schema, or None.

    It never contains a value of the document, which may be a secret.
    """
    from jsonschema.exceptions import best_match

    try:
        error = best_match(_errors(document, name))
    except RecursionError:
        return _TOO_DEEP
    return next(_mismatches(error), None) if error else None


def mismatches(document: Any, name: str) -> list[Mismatch]:
    """Return every mismatch, sorted by path. None contains a value of the document."""
    from jsonschema.exceptions import best_match

    try:
        errors = [best_match([error]) for error in _errors(document, name)]
    except RecursionError:
        return [_TOO_DEEP]
    found = {mismatch for error in errors if error for mismatch in _mismatches(error)}
    return sorted(found, key=lambda mismatch: mismatch.path)


def _errors(document: Any, name: str) -> Iterator[ValidationError]:
    # Imported here because it is slow, and most polls do not need it.
    from jsonschema import Draft202012Validator

    return Draft202012Validator(load(name)).iter_errors(document)


def _mismatches(error: ValidationError) -> Iterator[Mismatch]:
    """Yield one mismatch, or one for each name that is not allowed."""
    path = [str(part) for part in error.absolute_path]
    schema: Any = error.schema
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        allowed = schema["properties"]
        for key in error.instance:
            if key not in allowed:
                yield Mismatch(".".join([*path, key]), "one of " + ", ".join(allowed))
        return
    yield Mismatch(".".join(path), schema.get("description", "something else"))
