"""Strict JSON: what is rejected, and which digits are kept."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonshot_status.core import strict_json

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"NaN",
        b"[Infinity]",
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 1}',
        b'[{"b": {"a": 1, "a": 2}}]',
        b'{"a": 1}}',
        b'{"a": 1} {"a": 1}',
        b'{"a": 1,}',
        b"[01]",
        b"[1.]",
        b"{'a': 1}",
        b'["\n"]',
        b'"\xff"',
        b'\xef\xbb\xbf\xef\xbb\xbf"twice"',
        '"UTF-16"'.encode("utf-16"),
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"1" * 10_000,
        b"1e99999999999999999999999",
        b"1e-99999999999999999999999",
    ],
)
def test_what_is_no_strict_document_is_a_value_error(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        strict_json.loads(raw)


def test_a_byte_order_mark_is_accepted() -> None:
    assert strict_json.loads(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_amounts_never_pass_through_a_float() -> None:
    read = strict_json.loads(b"[0.1, 49.588940000000000000001, 1e-99999999]")
    assert [str(amount) for amount in read] == ["0.1", "49.588940000000000000001", "1E-99999999"]


def test_the_same_name_in_two_objects_is_no_duplicate() -> None:
    assert strict_json.loads(b'{"a": {"a": 1}}') == {"a": {"a": 1}}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("49.58894"), "49.58894"),
        (Decimal("3.00001000"), "3.00001000"),
        (Decimal("1E-7"), "0.0000001"),
        (Decimal("1E+3"), "1000"),
        ({"a": Decimal("0E-5")}, '{"a": 0.00000}'),
        ({"a": {"b": None, "c": True}}, '{"a": {"b": null, "c": true}}'),
        ("¥ \ud800\n", '"\\u00a5 \\ud800\\n"'),
    ],
)
def test_amounts_are_written_with_their_digits_and_no_exponent(value: Any, written: str) -> None:
    assert strict_json.dumps(value) == written


@given(DOCUMENTS)
def test_what_is_written_reads_the_same(document: Any) -> None:
    assert strict_json.loads(strict_json.dumps(document).encode()) == document
    assert strict_json.loads(json.dumps(document, ensure_ascii=False).encode()) == document


@given(st.binary(max_size=60))
def test_bytes_are_a_document_or_a_value_error(raw: bytes) -> None:
    try:
        document = strict_json.loads(raw)
    except ValueError:
        return
    assert document == json.loads(raw.decode("utf-8-sig"), parse_float=Decimal)
