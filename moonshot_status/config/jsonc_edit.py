"""Edit JSON with comments in place, in the style of the text, and keep every other byte.

Every function returns the new text, and nodes of the old text are not valid for it: parse it again
before the next edit. New items, members and values are given as JSON.
"""

from __future__ import annotations

import json
import re

from moonshot_status.config.jsonc import Node

_BLANKS = " \t"
_DEFAULT_INDENT = "    "
_NAME_END = re.compile(r'"([ \t]*:[ \t]*)\Z')
_LINE_END = re.compile(r"\r\n|\r|\n")
_LINE_END_OR_COMMENT = re.compile(r"\r\n|\r|\n|//[^\r\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)


def replace(text: str, node: Node, value: str) -> str:
    """Replace the node by another value."""
    return text[: node.start] + value + text[node.end :]


def set_member(text: str, node: Node, name: str, value: str) -> str:
    """Set a member of an object, or append it if there is none of that name."""
    member = node.member(name)
    if member:
        return replace(text, member.node, value)
    return insert_last(text, node, _member_text(text, node, name, value))


def insert_member(text: str, node: Node, name: str, value: str) -> str:
    """Insert a member at the beginning of an object."""
    return insert_first(text, node, _member_text(text, node, name, value))


def _member_text(text: str, node: Node, name: str, value: str) -> str:
    """Return the text of a new member, with blanks around the colon as in the object's first."""
    first_value = node.children[0].node.start if node.children else node.start
    colon = _NAME_END.search(text[node.start : first_value])
    return f"{json.dumps(name, ensure_ascii=False)}{colon[1] if colon else ': '}{value}"


def insert_first(text: str, node: Node, new: str) -> str:
    """Insert an item or member at the beginning of an array or object.

    A comment on the line of the opening bracket stays on that line.
    """
    inside = node.start + 1
    until = node.children[0].start if node.children else node.end - 1
    comma = "," if node.children else ""
    line_end = _first_line_end(text, inside, until)
    if line_end:
        indent = _indent_of_first(text, node, line_end.end())
        return _insert(text, line_end.end(), f"{indent}{new}{comma}{line_end[0]}")
    if node.children:
        return _insert(text, until, f"{new},{_blanks_after_comma(text, node)}")
    return _insert(text, inside, _leading_blanks(text[inside:until]) + new)


def insert_last(text: str, node: Node, new: str) -> str:
    """Insert an item or member at the end of an array or object.

    A comment after the previous last one stays with it. There is a trailing comma if there was one.
    """
    if not node.children:
        return insert_first(text, node, new)
    last = node.children[-1]
    after = last.node.end if last.comma is None else last.comma + 1
    line_end = _first_line_end(text, after, node.end - 1)
    if line_end:
        at, new = line_end.start(), line_end[0] + _line_indent(text, last.start) + new
    else:
        at, new = after, _blanks_after_comma(text, node) + new
    if last.comma is not None:
        return _insert(text, at, f"{new},")
    return _insert(_insert(text, at, new), last.node.end, ",")


def remove(text: str, node: Node, index: int) -> str:
    """Remove an item or member with its comma, and with its line if nothing else is on it."""
    element = node.children[index]
    start, end, comma = element.start, element.node.end, element.comma
    if comma is None and index:
        comma = node.children[index - 1].comma
    elif comma is not None and not text[end:comma].strip():
        end, comma = comma + 1, None
    is_last = 0 < index == len(node.children) - 1
    cuts = [_with_blanks(text, start, end, is_last=is_last)]
    if comma is not None:
        cuts.append((comma, comma + 1))
    for cut_start, cut_end in sorted(cuts, reverse=True):
        text = text[:cut_start] + text[cut_end:]
    return text


def _with_blanks(text: str, start: int, end: int, *, is_last: bool) -> tuple[int, int]:
    """Extend the span to its whole line, else to the blanks before or after it."""
    left = len(text[:start].rstrip(_BLANKS))
    right = end + len(_leading_blanks(text[end:]))
    line_end = _LINE_END.match(text, right)
    if line_end and (left == 0 or text[left - 1] in "\r\n"):
        return left, line_end.end()
    return (left, end) if line_end or is_last else (start, right)


def _insert(text: str, at: int, new: str) -> str:
    return text[:at] + new + text[at:]


def _first_line_end(text: str, start: int, end: int) -> re.Match[str] | None:
    """Return the first line end in a span of blanks and comments, and outside the comments."""
    matches = _LINE_END_OR_COMMENT.finditer(text, start, end)
    return next((match for match in matches if not match[0].startswith("/")), None)


def _line_before(text: str, at: int, start: int = 0) -> str:
    """Return what is before ``at`` on its line, or what of it is not before ``start``."""
    line_end = max(text.rfind("\n", start, at), text.rfind("\r", start, at))
    return text[max(line_end + 1, start) : at]


def _line_indent(text: str, at: int) -> str:
    return _leading_blanks(_line_before(text, at).lstrip("\ufeff"))


def _leading_blanks(text: str) -> str:
    return text[: len(text) - len(text.lstrip(_BLANKS))]


def _indent_of_first(text: str, node: Node, next_line: int) -> str:
    """Return the indent for a new first element, which is inserted at index ``next_line``.

    It is that of the first element on a line of its own, else of the next line, else one step more
    than that of the opening bracket.
    """
    # What is before it on its line has a bracket or another element in it, or nothing but blanks.
    ends = [node.start + 1, *(child.node.end for child in node.children)]
    for end, child in zip(ends, node.children, strict=False):
        before = _line_before(text, child.start, end - 1)
        if not before.strip(_BLANKS):
            return before
    rest = text[next_line : node.end - 1]
    if rest.strip():
        return _leading_blanks(rest)
    step = re.search(r"[\r\n]([ \t]+)[^ \t\r\n]", text)
    return _line_indent(text, node.start) + (step[1] if step else _DEFAULT_INDENT)


def _blanks_after_comma(text: str, node: Node) -> str:
    """Return the blanks between a comma and the next element on the same line, by default one."""
    for child, following in zip(node.children, node.children[1:], strict=False):
        between = text[child.node.end : following.start].partition(",")[2]
        if child.comma == child.node.end and not between.strip(_BLANKS):
            return between
    return " "
