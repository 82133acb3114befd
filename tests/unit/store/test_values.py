"""The range of the values that a row may have."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

from moonshot_status.store import values

ERRORS = (ValueError, TypeError, ArithmeticError)
FIRST = datetime(1970, 1, 1, tzinfo=timezone.utc)
LAST = datetime(9998, 12, 31, 23, 59, 59, 999999, timezone.utc)


@pytest.mark.parametrize("moment", [FIRST, datetime(2026, 11, 22, 1, 2, 3, 4, timezone.utc), LAST])
def test_a_time_keeps_its_microseconds(moment: datetime) -> None:
    assert values.moment(values.microseconds(moment)) == moment


@pytest.mark.parametrize("stored", [-1, values.microseconds(LAST) + 1, 2**62, "1", None, 1.5e30])
def test_a_time_out_of_range_is_invalid(stored: Any) -> None:
    with pytest.raises(ERRORS):
        values.moment(stored)


@pytest.mark.parametrize("stored", ["0", "-31.14918", "9999999999999", f"0.{'0' * 39}1"])
def test_an_amount_keeps_its_digits(stored: str) -> None:
    assert values.digits(values.amount(stored)) == stored


@pytest.mark.parametrize(
    "stored", ["10000000000000", f"0.{'0' * 40}1", "NaN", "Infinity", "x", "", None, b"1"]
)
def test_an_amount_out_of_range_is_invalid(stored: Any) -> None:
    with pytest.raises(ERRORS):
        values.amount(stored)


def test_a_sum_may_be_larger_than_an_amount_but_not_negative() -> None:
    assert values.total("0") == 0
    assert values.total("9" * 31) == Decimal("9" * 31)
    for stored in ("9" * 32, "-0.01", None):
        with pytest.raises(ERRORS):
            values.total(stored)


@pytest.mark.parametrize("error", [ValueError, TypeError, AttributeError, ArithmeticError])
def test_invalid_values_mean_a_corrupt_file(error: type[Exception]) -> None:
    with pytest.raises(sqlite3.DatabaseError, match="invalid"), values.corrupt_if_invalid():
        raise error
