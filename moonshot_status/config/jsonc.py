"""Parse JSON with comments and trailing commas into nodes that know their place in the text.

A text has the line ends and the byte order mark of its file, so that ``jsonc_edit`` can change it
and keep every other byte.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_TRIVIA = re.compile(r"[ \t\r\n]+|//[^\r\n]*|/\*.*?\*/", re.DOTALL)
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SCALAR = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null", re.ASCII)
# JSON has no such escape, but Waybar reads it.
_HEX_ESCAPE = re.compile(r"(\\[^x])|\\x([0-9A-Fa-f]{2})", re.DOTALL)
_LINE_END = re.compile(r"\r\n|\r|\n")


class JsoncError(ValueError):
    """The text is not JSONC; ``line`` and ``column`` count from 1."""

    def __init__(self, text: str, at: int, what: str) -> None:
        lines = _LINE_END.split(text[:at])
        self.line, self.column = len(lines), len(lines[-1]) + 1
        super().__init__(f"line {self.line}, column {self.column}: {what}")


@dataclass(frozen=True)
class Node:
    """A value and its place, ``text[start:end]``; an array or object has ``children``."""

    start: int
    end: int
    value: Any
    children: tuple[Element, ...] = ()

    def member(self, name: str) -> Element | None:
        """Return an object's member of that name, the last if there are several, or None."""
        named = (child for child in reversed(self.children) if child.name == name)
        return next(named, None)


@dataclass(frozen=True)
class Element:
    """An item of an array, or a member of an object, which has a ``name``.

    ``start`` is its index without the blanks and comments before it, and ``comma`` that of the
    comma after it, if there is one.
    """

    start: int
    node: Node
    name: str | None
    comma: int | None


def parse(text: str, *, whole: bool = True) -> Node:
    """Return the text's value. Raises JsoncError.

    With ``whole`` unset, anything may follow the value, as in Waybar.
    """
    try:
        node = _Parser(text).value()
    except RecursionError as error:
        raise JsoncError(text, 0, "nested too deeply") from error
    end = _skip_trivia(text, node.end)
    if whole and end < len(text):
        raise JsoncError(text, end, "nothing more is expected")
    return node


class _Parser:
    """Parses one text, from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 1 if text.startswith("\ufeff") else 0

    def value(self) -> Node:
        """Parse the next value, with the blanks and comments before it."""
        if self._accept("{"):
            return self._container("}")
        if self._accept("["):
            return self._container("]")
        if self._text.startswith('"', self._at):
            return self._string()
        return self._token(_SCALAR, "a value is missing", "a number with too many digits")

    def _container(self, closing: str) -> Node:
        """Parse an object or array after its opening bracket."""
        start = self._at - 1
        elements: list[Element] = []
        while not self._accept(closing):
            if elements and elements[-1].comma is None:
                raise self._error(f"a comma or {closing} is missing")
            element_start = self._at
            name = self._name() if closing == "}" else None
            node = self.value()
            comma = self._at - 1 if self._accept(",") else None
            elements.append(Element(element_start, node, name, comma))
        value: Any = [element.node.value for element in elements]
        if closing == "}":
            value = {element.name: element.node.value for element in elements}
        return Node(start, self._at, value, tuple(elements))

    def _name(self) -> str:
        name: str = self._string().value
        if not self._accept(":"):
            raise self._error("a colon is missing")
        return name

    def _string(self) -> Node:
        missing, invalid = "a string is missing, or does not end", "a string with an unknown escape"
        return self._token(_STRING, missing, invalid)

    def _token(self, pattern: re.Pattern[str], missing: str, invalid: str) -> Node:
        """Parse a string or scalar; ``missing`` and ``invalid`` are the messages of its errors."""
        match = pattern.match(self._text, self._at)
        if not match:
            raise self._error(missing)
        try:
            token = _HEX_ESCAPE.sub(lambda m: m[1] or f"\\u00{m[2]}", match[0])
            # Not strict, because Waybar accepts raw tabs and line ends in strings.
            value = json.loads(token, strict=False)
        except ValueError as error:
            raise self._error(invalid) from error
        self._at = match.end()
        return Node(match.start(), match.end(), value)

    def _accept(self, char: str) -> bool:
        """Skip blanks, comments and then the character if it is next; return whether it was."""
        self._at = _skip_trivia(self._text, self._at)
        accepted = self._text.startswith(char, self._at)
        self._at += accepted
        return accepted

    def _error(self, what: str) -> JsoncError:
        return JsoncError(self._text, self._at, what)


def _skip_trivia(text: str, at: int) -> int:
    """Return the index after the blanks and comments that begin at ``at``."""
    while match := _TRIVIA.match(text, at):
        at = match.end()
    return at
