"""Texts that take a regular expression as long as possible, made of the expression itself."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from itertools import product
from random import Random
from typing import Any, NamedTuple

if sys.version_info >= (3, 11):
    from re import _parser as parser
else:
    import sre_parse as parser

# A repetition of so many characters is as bad as an endless one.
_LONG = 30
_CATEGORIES = {
    "CATEGORY_DIGIT": "0", "CATEGORY_NOT_DIGIT": "a",
    "CATEGORY_WORD": "a_0é", "CATEGORY_NOT_WORD": " -",
    "CATEGORY_SPACE": " \n", "CATEGORY_NOT_SPACE": "a",
}  # fmt: skip
_MOST_TEXTS = 400
# For sets that are given by what is not in them.
_ANY = "a -\n"
_TAILS = ("\0", "", "!", "\n", "\n\0")


class Text(NamedTuple):
    """A beginning, what is repeated after it, and an end that should not match."""

    start: str
    piece: str
    end: str

    def __call__(self, length: int) -> str:
        return self.start + self.piece * (length // len(self.piece)) + self.end


def few(pattern: re.Pattern[Any]) -> list[Text]:
    """Return texts for the known kinds of superlinear patterns.

    Those are: repetitions in or after each other that match the same, and a search that fails only
    after a long part and begins again within it.
    """
    tree = _tree(pattern)
    pieces = [*_characters(tree), *_beginnings(tree)]
    found = [Text("", piece, "\0") for piece in pieces]
    found += [Text(start, piece, "\0") for start, body in _loops(tree) for piece in _pieces(body)]
    return list(dict.fromkeys(text for text in found if text.piece))


def many(pattern: re.Pattern[Any]) -> list[Text]:
    """Return what ``few`` does, and some pairs of characters with beginnings and ends."""
    tree, some = _tree(pattern), few(pattern)
    alphabet = dict.fromkeys([*_characters(tree), *_ANY])
    pairs = ["".join(pair) for pair in product(alphabet, repeat=2)]
    starts = dict.fromkeys(["", *(start for start, _ in _loops(tree))])
    pieces = dict.fromkeys([*(text.piece for text in some), *pairs])
    texts = [Text(*parts) for parts in product(starts, pieces, _TAILS)]
    return some + Random(0).sample(texts, min(len(texts), _MOST_TEXTS))


def _tree(pattern: re.Pattern[Any]) -> list[Any]:
    written = pattern.pattern
    if isinstance(written, bytes):
        written = written.decode("latin-1")
        return list(parser.parse(written, pattern.flags & ~re.ASCII))
    return list(parser.parse(written, pattern.flags & ~re.UNICODE))


def _parts(operation: str, argument: Any) -> list[list[Any]]:
    """Return the expressions in one of them: alternatives, or what is repeated or grouped."""
    if operation == "BRANCH":
        return [list(alternative) for alternative in argument[1]]
    if operation in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return [list(argument[2])]
    if operation == "SUBPATTERN":
        return [list(argument[3])]
    if operation in ("ASSERT", "ASSERT_NOT"):
        return [list(argument[1])]
    return []


def _class(operation: str, argument: Any) -> str:
    """Return some characters that one element matches; empty if it is none for a character."""
    if operation == "LITERAL":
        return chr(argument)
    if operation in ("ANY", "NOT_LITERAL"):
        return "".join(char for char in _ANY if operation == "ANY" or ord(char) != argument)
    if operation != "IN":
        return ""
    if str(argument[0][0]) == "NEGATE":
        listed = {ord(char) for each in argument[1:] for char in _of_set(*each)}
        return "".join(char for char in _ANY if ord(char) not in listed)
    return "".join(char for each in argument for char in _of_set(*each))


def _of_set(operation: Any, argument: Any) -> str:
    if str(operation) == "RANGE":
        return chr(argument[0]) + chr(argument[1])
    return _CATEGORIES[str(argument)] if str(operation) == "CATEGORY" else chr(argument)


def _characters(tree: list[Any]) -> Iterator[str]:
    """Yield the characters that occur in the expression, also those in negated sets."""
    for operation, argument in tree:
        if str(operation) == "IN":
            yield from "".join(_of_set(*each) for each in argument if str(each[0]) != "NEGATE")
        yield from _class(str(operation), argument)
        for part in _parts(str(operation), argument):
            yield from _characters(part)


def _sample(tree: list[Any]) -> str:
    """Return a short text that the expression matches, as far as it does not look around."""
    text = ""
    for operation, argument in tree:
        text += _class(str(operation), argument)[:1]
        if str(operation).startswith("ASSERT"):
            continue
        for part in _parts(str(operation), argument)[:1]:
            repeated = argument[0] if str(operation).endswith("REPEAT") else 1
            text += _sample(part) * max(repeated, 1)
    return text


def _beginnings(tree: list[Any]) -> Iterator[str]:
    """Yield samples of the expression and its parts, and what is a match but for the rest."""
    literal = ""
    for index, (operation, argument) in enumerate(tree):
        literal = literal + chr(argument) if str(operation) == "LITERAL" else ""
        following = tree[index + 1 : index + 2]
        if not literal or not following or str(following[0][0]) != "LITERAL":
            yield _sample(tree[: index + 1])
        for part in _parts(str(operation), argument):
            yield from _beginnings(part)


def _loops(tree: list[Any], start: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Yield what is repeated without a limit, and a text that leads to it."""
    for index, (operation, argument) in enumerate(tree):
        before = start + _sample(tree[:index])
        for part in _parts(str(operation), argument):
            if str(operation).endswith("REPEAT") and argument[1] > _LONG:
                yield before, part
            yield from _loops(part, before)


def _pieces(body: list[Any]) -> Iterator[str]:
    """Yield what can be repeated where the body of a loop is."""
    yield from _beginnings(body)
    yield from _characters(body)


def calls(pattern: re.Pattern[Any], method: str) -> Callable[[str], object]:
    """Return a function that uses the pattern's method on a text, all its matches."""
    is_bytes = isinstance(pattern.pattern, bytes)
    empty: Any = b"" if is_bytes else ""

    def call(text: Any) -> object:
        if is_bytes:
            text = text.encode()
        if method in ("match", "fullmatch"):
            return getattr(pattern, method)(text)
        return pattern.search(text) if method == "search" else pattern.sub(empty, text)

    return call
