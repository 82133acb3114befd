"""The user's template: fields and doubled braces, and nothing else in braces."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonshot_status import schemas
from moonshot_status.config.settings import TEMPLATE_FIELDS
from moonshot_status.display.template import fill, template_error

FIELDS = {name: f"<{name}>" for name in TEMPLATE_FIELDS}
PIECES = st.sampled_from(["{", "}", "{{", "}}", "{balance}", "{nonsense}", "a", "é 🌙", ".", "\n"])


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("", ""),
        ("a | b", "a | b"),
        ("{balance}", "<balance>"),
        ("{account}: {balance} for {runway}", "<account>: <balance> for <runway>"),
        ("{{{level}}}", "{<level>}"),
        ("{{level}}", "{level}"),
        ("100 % $(id) `id` \\n", "100 % $(id) `id` \\n"),
    ],
)
def test_fields_are_filled_in(template: str, line: str) -> None:
    assert template_error(template) == ""
    assert fill(template, FIELDS) == line


@pytest.mark.parametrize(
    "template",
    [
        "{", "}", "{}", "{balance", "balance}", "{{balance}", "{ balance }", "{balance!r}",
        "{balance:>9}", "{balance.__class__}", "{balance[0]}", "{0}", "{nonsense}", "{{{{{",
        "{Balance}", "{balance{level}}", "a\nb", "\x1b[31m", "\u202e{balance}",
    ],
)  # fmt: skip
def test_anything_else_is_an_error(template: str) -> None:
    assert template_error(template)


def test_an_unknown_field_is_named() -> None:
    assert template_error("{balance} {blance}").startswith(
        "there is no field 'blance', there is account,"
    )


def test_the_result_is_printable() -> None:
    assert fill("a\u202eb\nc", FIELDS) == "a b c"


@given(st.lists(PIECES, max_size=8).map("".join))
def test_the_schema_and_the_option_accept_the_same(template: str) -> None:
    pattern = schemas.load("config")["$defs"]["template"]["pattern"]
    # "$" also matches before a newline at the very end.
    allowed = re.search(pattern, template.rstrip("\n")) and "\n" not in template
    assert bool(allowed) == (template_error(template) == "")
    if template_error(template) == "":
        fill(template, FIELDS)
