"""Parse JSON with comments and trailing commas."""

from __future__ import annotations

import re

import pytest

from moonshot_status.config import jsonc
from moonshot_status.config.jsonc import JsoncError


def test_comments_and_trailing_commas_are_skipped() -> None:
    text = (
        '\ufeff// a\r\n{"a": [1, 2.5e1, /* b */ true,], "b": {"//": "/* */",}, "\\x1b": "\t"} // c'
    )
    assert jsonc.parse(text).value == {"a": [1, 25.0, True], "b": {"//": "/* */"}, "\x1b": "\t"}


@pytest.mark.parametrize(
    ("text", "line", "column", "what"),
    [
        ("", 1, 1, "a value is missing"),
        ('{"a": 1\n "b": 2}', 2, 2, "a comma or } is missing"),
        ("[1\r\n\r\n  2]", 3, 3, "a comma or ] is missing"),
        ("[,]", 1, 2, "a value is missing"),
        ("[1,,2]", 1, 4, "a value is missing"),
        ('{"a" 1}', 1, 6, "a colon is missing"),
        ("{a: 1}", 1, 2, "a string is missing"),
        ('["abc]', 1, 2, "a string is missing, or does not end"),
        ('["\\q"]', 1, 2, "a string with an unknown escape"),
        ("[1] 2", 1, 5, "nothing more is expected"),
        ("[1] /* open", 1, 5, "nothing more is expected"),
        ("[01]", 1, 3, "a comma or ] is missing"),
        ("[NaN]", 1, 2, "a value is missing"),
        ("[" * 100_000, 1, 1, "nested too deeply"),
        (f"[{'1' * 10_000}]", 1, 2, "a number with too many digits"),
    ],
)
def test_an_error_has_its_place(text: str, line: int, column: int, what: str) -> None:
    with pytest.raises(JsoncError, match=re.escape(what)) as raised:
        jsonc.parse(text)
    assert (raised.value.line, raised.value.column) == (line, column)
    assert isinstance(raised.value, ValueError)
