"""Convert the values in the store's rows to the program's types and back.

Times are stored as microseconds since 1970 (UTC), amounts as the digits that the API sent.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from moonshot_status.core.account import Balance, Reading

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
_MAX_EXPONENT = 12
_MAX_TOTAL_EXPONENT = 30
_MAX_DECIMALS = 40
_ZERO = Decimal(0)


def microseconds(moment: datetime) -> int:
    """Return the stored value of a time."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(stored: int) -> datetime:
    """Return the stored time. Raises ValueError if it is out of range, or OverflowError."""
    found = _EPOCH + stored * _MICROSECOND
    # Near the ends of the calendar, the local time is out of range.
    if not 1970 <= found.year < 9999:
        raise ValueError("a time out of range")
    return found


def digits(amount: Decimal) -> str:
    """Return the stored value of an amount."""
    return format(amount, "f")


def amount(stored: Any, max_exponent: int = _MAX_EXPONENT) -> Decimal:
    """Return the stored amount.

    Raises ValueError, TypeError or ArithmeticError if it is invalid or out of range.
    """
    found = Decimal(stored)
    exponent = found.as_tuple().exponent
    if isinstance(exponent, str) or exponent < -_MAX_DECIMALS or found.adjusted() > max_exponent:
        raise ValueError("an amount out of range")
    return found


def total(stored: Any) -> Decimal:
    """Return a stored sum of amounts. Raises as ``amount`` does, and if it is negative."""
    # Most sums are zero, and this is much faster.
    if stored == "0":
        return _ZERO
    found = amount(stored, _MAX_TOTAL_EXPONENT)
    if found < 0:
        raise ValueError("a negative sum")
    return found


def reading(fetched_at: Any, available: Any, voucher: Any, cash: Any) -> Reading:
    """Return the reading in a row. Raises as ``amount`` and ``moment`` do."""
    parts = (None if part is None else amount(part) for part in (voucher, cash))
    return Reading(Balance(amount(available), *parts), moment(fetched_at))


@contextmanager
def corrupt_if_invalid() -> Iterator[None]:
    """Report invalid values as a corrupt file: raise sqlite3.DatabaseError instead."""
    try:
        yield
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise sqlite3.DatabaseError("a row has invalid values") from error
