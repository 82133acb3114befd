"""Parse JSON with comments and trailing commas into nodes that know their place in the text.

A text has the line ends and the byte order mark of its file, so that ``jsonc_edit`` can change it
and keep every other byte.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_TRIVIA = re.compile(r"(?:[ \t\r\n]+|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
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
    """An item of an array, or a member of an object.

    ``label`` is the name of a member; ``comma`` is the index of the comma after the element, if
    there is one.
    """

    node: Node
    label: Node | None = None
    comma: int | None = None

    @property
    def start(self) -> int:
        """The index of the first character, without the blanks and comments before it."""
        return self.label.start if self.label else self.node.start

    @property
    def end(self) -> int:
        """The index after the value, before the comma."""
        return self.node.end

    @property
    def name(self) -> str | None:
        """The name of a member, None for an item."""
        return self.label.value if self.label else None


def parse(text: str, *, whole: bool = True) -> Node:
    """Return the text's value. Raises JsoncError.

    With ``whole`` unset, anything may follow the value, as in Waybar.
    """
    try:
        return _Parser(text).document(whole=whole)
    except RecursionError as error:
        raise JsoncError(text, 0, "nested too deeply") from error


class _Parser:
    """Parses one text, from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 1 if text.startswith("\ufeff") else 0

    def document(self, *, whole: bool) -> Node:
        self._skip_trivia()
        node = self._value()
        self._skip_trivia()
        if whole and self._at < len(self._text):
            raise self._error("nothing more is expected")
        return node

    def _value(self) -> Node:
        start = self._at
        if self._accept("{"):
            members = self._elements("}")
            values = {member.name: member.node.value for member in members}
            return Node(start, self._at, values, members)
        if self._accept("["):
            items = self._elements("]")
            return Node(start, self._at, [item.node.value for item in items], items)
        return self._string() if self._text.startswith('"', start) else self._scalar()

    def _elements(self, closing: str) -> tuple[Element, ...]:
        """Parse what follows an opening bracket, up to and with the closing one."""
        elements: list[Element] = []
        self._skip_trivia()
        while not self._accept(closing):
            if elements and elements[-1].comma is None:
                raise self._error(f"a comma or {closing} is missing")
            label = self._label() if closing == "}" else None
            node = self._value()
            self._skip_trivia()
            comma = self._at - 1 if self._accept(",") else None
            elements.append(Element(node, label, comma))
            self._skip_trivia()
        return tuple(elements)

    def _label(self) -> Node:
        label = self._string()
        self._skip_trivia()
        if not self._accept(":"):
            raise self._error("a colon is missing")
        self._skip_trivia()
        return label

    def _string(self) -> Node:
        match = _STRING.match(self._text, self._at)
        if not match:
            raise self._error("a string is missing, or does not end")
        try:
            token = _HEX_ESCAPE.sub(lambda m: m[1] or f"\\u00{m[2]}", match[0])
            # Not strict, because Waybar accepts raw tabs and line ends in strings.
            return self._node(match, json.loads(token, strict=False))
        except ValueError as error:
            raise self._error("a string with an unknown escape") from error

    def _scalar(self) -> Node:
        match = _SCALAR.match(self._text, self._at)
        if not match:
            raise self._error("a value is missing")
        try:
            return self._node(match, json.loads(match[0]))
        except ValueError as error:
            raise self._error("a number with too many digits") from error

    def _node(self, match: re.Match[str], value: Any) -> Node:
        self._at = match.end()
        return Node(match.start(), match.end(), value)

    def _accept(self, char: str) -> bool:
        """Skip the character if it is next, and return whether it was."""
        accepted = self._text.startswith(char, self._at)
        self._at += accepted
        return accepted

    def _skip_trivia(self) -> None:
        match = _TRIVIA.match(self._text, self._at)
        self._at = match.end() if match else self._at

    def _error(self, what: str) -> JsoncError:
        return JsoncError(self._text, self._at, what)
