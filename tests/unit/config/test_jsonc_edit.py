"""Edit JSON with comments: one change, and every other byte stays."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonshot_status.config import jsonc, jsonc_edit
from moonshot_status.config.jsonc import Node

BLANKS = ("", " ", "  ", "\t", "\n", "\r\n", "\n\n    ", " \n\t")
COMMENTS = ('// a, "b" ]\n', "//\r\n", "/**/", "/* } // \n { */", "// naïve ☾\n    ", "/* , */ ")
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**6), 10**6),
    st.sampled_from(["", "//", "/* */", 'q"q', "\\", "☾", "{[,]}", "a\nb\tc"]),
)  # fmt: skip
names = st.sampled_from(["a", "b", "//c", "include", "é,", 'q"'])
documents = st.recursive(
    scalars, lambda s: st.lists(s, max_size=4) | st.dictionaries(names, s, max_size=4), max_leaves=9
)
trivia = st.lists(st.sampled_from(BLANKS + COMMENTS), max_size=3).map("".join)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Draw the text of an array or object, with comments, blanks and trailing commas anywhere."""

    def written(value: Any) -> str:
        if isinstance(value, dict):
            parts = [
                f"{json.dumps(name)}{draw(trivia)}:{draw(trivia)}{written(item)}"
                for name, item in value.items()
            ]
        elif isinstance(value, list):
            parts = [written(item) for item in value]
        else:
            return json.dumps(value, ensure_ascii=draw(st.booleans()))
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        body = "".join(f"{draw(trivia)}{part}{draw(trivia)}," for part in parts)
        if parts and draw(st.booleans()):
            body = body[:-1]
        return f"{opening}{body}{draw(trivia)}{closing}"

    value = draw(documents.filter(lambda value: isinstance(value, (list, dict))))
    mark = draw(st.sampled_from(["", "\ufeff"]))
    return f"{mark}{draw(trivia)}{written(value)}{draw(trivia)}"


def containers(node: Node) -> Iterator[Node]:
    if isinstance(node.value, (list, dict)):
        yield node
    for child in node.children:
        yield from containers(child.node)


@given(text=texts(), at=st.integers(0), last=st.booleans())
def test_an_insertion_changes_nothing_else_and_its_removal_restores_every_byte(
    text: str, at: int, last: bool
) -> None:
    found = list(containers(jsonc.parse(text)))
    number = at % len(found)
    node = found[number]
    new = '"new": 9' if isinstance(node.value, dict) else "9"
    changed = (jsonc_edit.insert_last if last else jsonc_edit.insert_first)(text, node, new)
    after = list(containers(jsonc.parse(changed)))[number]
    if isinstance(node.value, dict):
        assert after.value == {**node.value, "new": 9}
    else:
        assert after.value == ([*node.value, 9] if last else [9, *node.value])
    index = len(after.children) - 1 if last else 0
    assert after.children[index].node.value == 9
    assert jsonc_edit.remove(changed, after, index) == text


@given(text=texts(), at=st.integers(0), which=st.integers(0))
def test_a_removal_changes_nothing_else_and_keeps_every_comment(
    text: str, at: int, which: int
) -> None:
    found = list(containers(jsonc.parse(text)))
    number = at % len(found)
    node = found[number]
    if not node.children:
        return
    index = which % len(node.children)
    changed = jsonc_edit.remove(text, node, index)
    after = list(containers(jsonc.parse(changed)))[number]
    if isinstance(node.value, dict):
        gone = node.children[index].name
        assert after.value == {name: v for name, v in node.value.items() if name != gone}
    else:
        assert after.value == node.value[:index] + node.value[index + 1 :]
    element = node.children[index]
    assert without_blanks_and_commas(changed) == without_blanks_and_commas(
        text[: element.start] + text[element.node.end :]
    )


def without_blanks_and_commas(text: str) -> str:
    return re.sub(r"[ \t\r\n,]", "", text)


@given(text=texts(), at=st.integers(0), name=names)
def test_setting_a_member_changes_nothing_else(text: str, at: int, name: str) -> None:
    found = list(containers(jsonc.parse(text)))
    number = at % len(found)
    node = found[number]
    if isinstance(node.value, list):
        return
    changed = jsonc_edit.set_member(text, node, name, '["new"]')
    after = list(containers(jsonc.parse(changed)))[number]
    assert after.value == {**node.value, name: ["new"]}
    member = node.member(name)
    if member:
        assert changed == text[: member.node.start] + '["new"]' + text[member.node.end :]
    else:
        assert jsonc_edit.remove(changed, after, len(after.children) - 1) == text


def test_of_two_members_with_the_same_name_the_last_is_set() -> None:
    text = '{"a": 1, "a": 2}'
    assert jsonc_edit.set_member(text, jsonc.parse(text), "a", "3") == '{"a": 1, "a": 3}'


@pytest.mark.parametrize(
    ("before", "first", "last"),
    [
        ("[]", "[9]", "[9]"),
        ("[ ]", "[ 9 ]", "[ 9 ]"),
        ("[1]", "[9, 1]", "[1, 9]"),
        ("[1,2]", "[9,1,2]", "[1,2,9]"),
        ("[1, 2,]", "[9, 1, 2,]", "[1, 2, 9,]"),
        ("[\n]", "[\n    9\n]", "[\n    9\n]"),
        ("[\n\t// none\n]", "[\n\t9\n\t// none\n]", "[\n\t9\n\t// none\n]"),
        ("[ // r\n  1 // one\n]", "[ // r\n  9,\n  1 // one\n]", "[ // r\n  1, // one\n  9\n]"),
        ("[\r\n\t1,\r\n]", "[\r\n\t9,\r\n\t1,\r\n]", "[\r\n\t1,\r\n\t9,\r\n]"),
        ("[\n/**/ 1,\n 2\n]", "[\n 9,\n/**/ 1,\n 2\n]", "[\n/**/ 1,\n 2,\n 9\n]"),
        ("[1, 2,\n 3]", "[9, 1, 2,\n 3]", "[1, 2,\n 3, 9]"),
        ("[1 /* c */]", "[9, 1 /* c */]", "[1, 9 /* c */]"),
        ("[[\n  1\n]\n]", "[9, [\n  1\n]\n]", "[[\n  1\n],\n9\n]"),
    ],
)
def test_a_new_element_has_the_style_of_the_others(before: str, first: str, last: str) -> None:
    node = jsonc.parse(before)
    assert jsonc_edit.insert_first(before, node, "9") == first
    assert jsonc_edit.insert_last(before, node, "9") == last


@pytest.mark.parametrize(
    ("before", "index", "after"),
    [
        ("[9, 1]", 0, "[1]"),
        ("[1, 9]", 1, "[1]"),
        ("[1, 9, 2]", 1, "[1, 2]"),
        ("[\n  9,\n  1\n]", 0, "[\n  1\n]"),
        ("[\n  1, // one\n  9\n]", 1, "[\n  1 // one\n]"),
        ("[\n  9, // ours\n  1\n]", 0, "[\n  // ours\n  1\n]"),
        ("[\n  9 // ours\n  , 1\n]", 0, "[\n  // ours\n   1\n]"),
        ("[1, 9,\n 2]", 1, "[1,\n 2]"),
        ("[9]", 0, "[]"),
    ],
)
def test_an_element_is_removed_with_its_comma_and_its_line(
    before: str, index: int, after: str
) -> None:
    assert jsonc_edit.remove(before, jsonc.parse(before), index) == after


@pytest.mark.parametrize(
    ("colon", "written"), [(": ", ": 2"), (":", ":2"), (" : ", " : 2"), ("/* c */:\n", ": 2")]
)
def test_a_new_member_has_the_blanks_around_the_colon_of_the_first(
    colon: str, written: str
) -> None:
    text = f'{{"a"{colon}1}}'
    assert jsonc_edit.set_member(text, jsonc.parse(text), "b", "2").endswith(f', "b"{written}}}')
