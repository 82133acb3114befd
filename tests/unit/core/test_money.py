"""Formatted amounts: never better than they are, with the region's currency sign."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonshot_status.core.money import (
    format_axis_mark,
    format_balance,
    format_bar_balance,
    format_bar_deficit,
    format_deficit,
    format_exact,
    format_short_balance,
)
from moonshot_status.core.regions import Region

AMOUNTS = st.decimals("-999999999999", "999999999999", places=5)
REGIONS = st.sampled_from(Region)
UNITS = {"k": 10**3, "M": 10**6, "B": 10**9}


def number_in(words: str) -> Decimal:
    """The number that somebody reads in the words."""
    sign, digits, unit = re.fullmatch(r"<?(−?)[$¥]([\d.]+)([kMB]?)", words).groups()  # type: ignore[union-attr]
    return Decimal(("-" if sign else "") + digits) * UNITS.get(unit, 1)


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("49.58894", "$49.58"),
        ("49.589999999999999999999999999999999999999", "$49.58"),
        ("49.5", "$49.50"),
        ("3", "$3.00"),
        ("0.01", "$0.01"),
        ("0.00999", "<$0.01"),
        ("1e-40", "<$0.01"),
        ("0", "$0.00"),
        ("-0.000", "$0.00"),
        ("-1", "−$1.00"),
        ("-0.001", "−$0.01"),
        ("-31.14118", "−$31.15"),
        ("1234567.891", "$1234567.89"),
        ("999999999999.99999", "$999999999999.99"),
        ("1E+3", "$1000.00"),
        ("0E+3", "$0.00"),
    ],
)
def test_a_balance_is_rounded_down_to_the_cent(amount: str, words: str) -> None:
    assert format_balance(Decimal(amount), Region.INTERNATIONAL) == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("31.14918", "$31.15"),
        ("31.14000", "$31.14"),
        ("31.14000001", "$31.15"),
        ("0.00001", "$0.01"),
        ("99.991", "$100.00"),
    ],
)
def test_a_deficit_is_rounded_up_to_the_cent(amount: str, words: str) -> None:
    assert format_deficit(Decimal(amount), Region.INTERNATIONAL) == words


def test_the_sign_is_the_regions() -> None:
    assert format_balance(Decimal("49.58894"), Region.CHINA) == "¥49.58"
    assert format_balance(Decimal("0.001"), Region.CHINA) == "<¥0.01"
    assert format_deficit(Decimal("0.42"), Region.CHINA) == "¥0.42"


def test_a_missing_amount_is_a_dash_and_not_zero() -> None:
    assert format_balance(None, Region.INTERNATIONAL) == "—"


@pytest.mark.parametrize(
    ("amount", "bar", "short"),
    [
        ("49.58894", "$49.58", "$49"),
        ("3.29", "$3.29", "$3.2"),
        ("9.99999", "$9.99", "$9.9"),
        ("0.58894", "$0.58", "$.58"),
        ("0.009", "<$0.01", "<$.01"),
        ("0", "$0.00", "$0"),
        ("-0.0", "$0.00", "$0"),
        ("-0.5", "−$0.50", "−$1"),
        ("9999.999", "$9999.99", "$9999"),
        ("10000", "$10.0k", "$10k"),
        ("12399.99", "$12.3k", "$12k"),
        ("-12300.01", "−$12.4k", "−$13k"),
        ("999999.99", "$999.9k", "$999k"),
        ("1000000", "$1.0M", "$1M"),
        ("999999999.99", "$999.9M", "$999M"),
        ("999999999999.99999", "$999.9B", "$999B"),
    ],
)
def test_a_bar_has_less_room(amount: str, bar: str, short: str) -> None:
    assert format_bar_balance(Decimal(amount), Region.INTERNATIONAL) == bar
    assert format_short_balance(Decimal(amount), Region.INTERNATIONAL) == short


@pytest.mark.parametrize(
    ("deficit", "words"),
    [
        ("0.00001", "$0.01"),
        ("9999.991", "$10000.00"),
        ("10000", "$10.0k"),
        ("12300.01", "$12.4k"),
        ("999900.01", "$1000.0k"),
        ("1e6", "$1.0M"),
        ("1e9", "$1.0B"),
    ],
)
def test_a_wide_deficit_is_rounded_up(deficit: str, words: str) -> None:
    assert format_bar_deficit(Decimal(deficit), Region.INTERNATIONAL) == words


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0"),
        ("0.05", "$0.05"),
        ("60", "$60"),
        ("9999.50", "$9999.5"),
        ("10000", "$10k"),
        ("-12500", "−$12.5k"),
        ("999999", "$999.999k"),
        ("1000000", "$1M"),
        ("1500000", "$1.5M"),
        ("999999999", "$999.999999M"),
        ("1000000000", "$1B"),
        ("250000000000", "$250B"),
    ],
)
def test_an_axis_has_few_digits(amount: str, text: str) -> None:
    assert format_axis_mark(Decimal(amount), Region.INTERNATIONAL) == text


@pytest.mark.parametrize(
    ("amount", "decimals", "text"),
    [("1.50", 2, "¥1.50"), ("-0.00012", 5, "−¥0.00012"), ("7", 0, "¥7"), ("20000", 1, "¥20000.0")],
)
def test_an_exact_amount_has_all_its_digits(amount: str, decimals: int, text: str) -> None:
    assert format_exact(Decimal(amount), Region.CHINA, decimals) == text


@given(AMOUNTS, REGIONS)
def test_a_bar_is_never_better_than_the_truth(amount: Decimal, region: Region) -> None:
    for words in (format_bar_balance(amount, region), format_short_balance(amount, region)):
        assert words.startswith("<") or number_in(words) <= amount
        assert len(words) <= 9
    if amount > 0:
        assert number_in(format_bar_deficit(amount, region)) >= amount


@given(AMOUNTS, REGIONS)
def test_a_balance_is_never_better_than_the_truth(amount: Decimal, region: Region) -> None:
    words = format_balance(amount, region)
    if words.startswith("<"):
        assert 0 < amount < number_in(words)
    else:
        assert number_in(words) <= amount < number_in(words) + Decimal("0.01")


@given(st.decimals("0.00001", "999999999999", places=5), REGIONS)
def test_a_deficit_is_never_smaller_than_the_truth(deficit: Decimal, region: Region) -> None:
    shown = number_in(format_deficit(deficit, region))
    assert shown - Decimal("0.01") < deficit <= shown


@given(AMOUNTS, REGIONS)
def test_amounts_have_two_decimals_and_no_separators(amount: Decimal, region: Region) -> None:
    assert re.fullmatch(rf"[−<]?[{region.sign}]\d+\.\d\d", format_balance(amount, region))
