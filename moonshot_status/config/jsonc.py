"""JSON with comments and trailing commas, edited in place: what is not changed keeps every byte.

Texts are as they stand in the file: no line end is translated, and a byte order mark stays. An
edit returns the new text, which has to be parsed again before the next one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_TRIVIA = re.compile(r"(?:[ \t\r\n]+|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_PIECE = re.compile(r"[ \t]+|\r\n|\r|\n|//[^\r\n]*|/\*.*?\*/", re.DOTALL)
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SCALAR = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null", re.ASCII)
# JSON has no such escape, but Waybar reads it.
_HEXADECIMAL = re.compile(r"(\\[^x])|\\x([0-9A-Fa-f]{2})", re.DOTALL)
_BLANKS = " \t"
_LINE_END = re.compile(r"\r\n|\r|\n")


class JsoncError(ValueError):
    """The text is no JSONC; ``line`` and ``column`` count from 1."""

    def __init__(self, text: str, at: int, what: str) -> None:
        before = _LINE_END.split(text[:at])
        self.line, self.column = len(before), len(before[-1]) + 1
        super().__init__(f"line {self.line}, column {self.column}: {what}")


@dataclass(frozen=True)
class Node:
    """A value that stands at ``text[start:end]``; ``children`` are an array's or an object's."""

    start: int
    end: int
    value: Any
    children: tuple[Element, ...] = ()

    def member(self, name: str) -> Element | None:
        """The last member of that name: of two, readers take the last."""
        named = (child for child in reversed(self.children) if child.name == name)
        return next(named, None)


@dataclass(frozen=True)
class Element:
    """An item of an array, or a member of an object, whose ``label`` is its name.

    ``comma`` is where the comma after it stands, if there is one.
    """

    node: Node
    label: Node | None = None
    comma: int | None = None

    @property
    def start(self) -> int:
        return self.label.start if self.label else self.node.start

    @property
    def end(self) -> int:
        return self.node.end

    @property
    def name(self) -> str | None:
        return self.label.value if self.label else None


def parse(text: str, *, whole: bool = True) -> Node:
    """The document's value. Raises JsoncError.

    Unless it has to be the ``whole`` text, something may stand behind it, as Waybar allows.
    """
    try:
        return _Scanner(text).document(whole=whole)
    except RecursionError as error:
        raise JsoncError(text, 0, "nested too deeply") from error


def replace(text: str, node: Node, value: str) -> str:
    """The text with another value, given as JSON, in the node's place."""
    return text[: node.start] + value + text[node.end :]


def set_member(text: str, node: Node, name: str, value: str) -> str:
    """The text with that member of an object changed, or added as the last one."""
    member = node.member(name)
    if member:
        return replace(text, member.node, value)
    return insert_last(text, node, member_text(text, node, name, value))


def member_text(text: str, node: Node, name: str, value: str) -> str:
    """A new member for this object, with blanks around the colon as its first one has them."""
    colon = ": "
    if node.children and (label := node.children[0].label):
        written = text[label.end : node.children[0].node.start]
        colon = written if set(written) <= {*_BLANKS, ":"} else colon
    return f"{json.dumps(name, ensure_ascii=False)}{colon}{value}"


def insert_first(text: str, node: Node, new: str) -> str:
    """The text with one more item or member at the beginning of a container.

    What stands behind the opening bracket on its line, such as a comment, stays there.
    """
    inside = node.start + 1
    until = node.children[0].start if node.children else node.end - 1
    line_end = _line_end(text, inside, until)
    comma = "," if node.children else ""
    if line_end:
        indent = _indent(text, node, line_end.end())
        return _spliced(text, [(line_end.end(), f"{indent}{new}{comma}{line_end[0]}")])
    if node.children:
        return _spliced(text, [(until, f"{new},{_blank_after_comma(text, node)}")])
    blanks = text[inside:until]
    blanks = blanks[: len(blanks) - len(blanks.lstrip(_BLANKS))]
    return _spliced(text, [(inside, blanks + new)])


def insert_last(text: str, node: Node, new: str) -> str:
    """The text with one more item or member at the end of a container.

    A comment behind the last one stays with it, and a trailing comma stays the container's style.
    """
    if not node.children:
        return insert_first(text, node, new)
    last = node.children[-1]
    after, comma = (last.end, "") if last.comma is None else (last.comma + 1, ",")
    pieces = [] if comma else [(last.end, ",")]
    line_end = _line_end(text, after, node.end - 1)
    if line_end:
        indent = _line_indent(text, last.start)
        pieces.append((line_end.start(), f"{line_end[0]}{indent}{new}{comma}"))
    else:
        pieces.append((after, f"{_blank_after_comma(text, node)}{new}{comma}"))
    return _spliced(text, pieces)


def remove(text: str, node: Node, index: int) -> str:
    """The text without one item or member, its comma, and the blanks that came with it."""
    element = node.children[index]
    start, end, cuts = element.start, element.end, []
    if element.comma is not None and not text[end : element.comma].strip():
        end = element.comma + 1
    elif element.comma is not None:
        cuts.append((element.comma, element.comma + 1))
    elif index and (comma := node.children[index - 1].comma) is not None:
        cuts.append((comma, comma + 1))
    is_last = 0 < index == len(node.children) - 1
    for first, last in sorted([*cuts, _with_blanks(text, start, end, is_last)], reverse=True):
        text = text[:first] + text[last:]
    return text


def _with_blanks(text: str, start: int, end: int, is_last: bool) -> tuple[int, int]:
    """The span with the whole of its line, else with the blanks before or behind it."""
    left = start - len(text[:start]) + len(text[:start].rstrip(_BLANKS))
    right = end + len(text[end:]) - len(text[end:].lstrip(_BLANKS))
    line_end = _LINE_END.match(text, right)
    if line_end and (left == 0 or text[left - 1] in "\r\n"):
        return left, line_end.end()
    return (left, end) if line_end or is_last else (start, right)


def _spliced(text: str, pieces: Iterable[tuple[int, str]]) -> str:
    """The text with each piece at its place; places never descend."""
    done, result = 0, []
    for at, piece in pieces:
        result += [text[done:at], piece]
        done = at
    return "".join([*result, text[done:]])


def _line_end(text: str, start: int, end: int) -> re.Match[str] | None:
    """The first line end between the two that is in no comment, with only trivia before it."""
    at = start
    while at < end and (piece := _PIECE.match(text, at)):
        if piece[0][0] in "\r\n":
            return piece
        at = piece.end()
    return None


def _line_start(text: str, at: int) -> int:
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def _line_indent(text: str, at: int) -> str:
    line = text[_line_start(text, at) : at].lstrip("\ufeff")
    return line[: len(line) - len(line.lstrip(_BLANKS))]


def _indent(text: str, node: Node, line: int) -> str:
    """The indentation for a new first line in a container, whose next line starts at ``line``."""
    for child in node.children:
        if not text[_line_start(text, child.start) : child.start].strip(_BLANKS):
            return _line_indent(text, child.start)
    rest = text[line : node.end - 1]
    if rest.strip():
        return rest[: len(rest) - len(rest.lstrip(_BLANKS))]
    found = re.search(r"[\r\n]([ \t]+)[^ \t\r\n]", text)
    return _line_indent(text, node.start) + (found[1] if found else "    ")


def _blank_after_comma(text: str, node: Node) -> str:
    """What stands between a comma and the next child on the same line; one blank by default."""
    for child, following in zip(node.children, node.children[1:], strict=False):
        between = text[child.end : following.start].partition(",")[2]
        if child.comma == child.end and not between.strip(_BLANKS):
            return between
    return " "


class _Scanner:
    """Reads one text from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 1 if text.startswith("\ufeff") else 0

    def document(self, *, whole: bool) -> Node:
        self._skip()
        node = self._value()
        self._skip()
        if whole and self._at < len(self._text):
            raise self._error("nothing more is expected")
        return node

    def _skip(self) -> None:
        match = _TRIVIA.match(self._text, self._at)
        self._at = match.end() if match else self._at

    def _value(self) -> Node:
        start = self._text[self._at : self._at + 1]
        if start == "{":
            children = self._children("}")
            value: Any = {child.name: child.node.value for child in children[0]}
        elif start == "[":
            children = self._children("]")
            value = [child.node.value for child in children[0]]
        else:
            return self._string() if start == '"' else self._scalar()
        return Node(children[1], self._at, value, children[0])

    def _children(self, closing: str) -> tuple[tuple[Element, ...], int]:
        """The children up to the closing bracket, and where the opening one stands."""
        opened, found = self._at, []
        self._at += 1
        self._skip()
        while not self._take(closing):
            label = self._label() if closing == "}" else None
            node = self._value()
            self._skip()
            comma = self._at - 1 if self._take(",") else None
            found.append(Element(node, label, comma))
            self._skip()
            if comma is None and self._text[self._at : self._at + 1] != closing:
                raise self._error(f"a comma or {closing} is missing")
        return tuple(found), opened

    def _label(self) -> Node:
        label = self._string()
        self._skip()
        if not self._take(":"):
            raise self._error("a colon is missing")
        self._skip()
        return label

    def _take(self, char: str) -> bool:
        taken = self._text.startswith(char, self._at)
        self._at += taken
        return taken

    def _string(self) -> Node:
        match = _STRING.match(self._text, self._at)
        if not match:
            raise self._error("a string is missing, or does not end")
        try:
            token = _HEXADECIMAL.sub(lambda m: m[1] or f"\\u00{m[2]}", match[0])
            # Not strict: Waybar takes raw tabs and line ends in strings.
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
        node = Node(match.start(), match.end(), value)
        self._at = match.end()
        return node

    def _error(self, what: str) -> JsoncError:
        return JsoncError(self._text, self._at, what)
