"""Between the values of the store's rows and the nouns.

Moments are stored as microseconds since 1970 (UTC), amounts as the digits that the API sent.
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
_LARGEST_EXPONENT = 12
_LARGEST_TOTAL = 30
_ZERO = Decimal(0)
_MOST_DECIMALS = 40


def microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def moment(stored: int) -> datetime:
    """Raises ValueError for a moment that no clock had."""
    found = _EPOCH + stored * _MICROSECOND
    # Near the ends of the calendar a local time does not exist.
    if not 1970 <= found.year < 9999:
        raise ValueError("a moment that no clock had")
    return found


def digits(amount: Decimal) -> str:
    return format(amount, "f")


def amount(stored: Any, largest: int = _LARGEST_EXPONENT) -> Decimal:
    """Raises ValueError, TypeError or ArithmeticError for an amount that no account has."""
    found = Decimal(stored)
    exponent = found.as_tuple().exponent
    if isinstance(exponent, str) or exponent < -_MOST_DECIMALS or found.adjusted() > largest:
        raise ValueError("an amount that no account has")
    return found


def total(stored: Any) -> Decimal:
    """Of many amounts. Raises as ``amount`` does, and for one that is negative."""
    if stored == "0":  # as most of them are
        return _ZERO
    found = amount(stored, _LARGEST_TOTAL)
    if found < 0:
        raise ValueError("a total that is negative")
    return found


def reading(fetched_at: Any, available: Any, voucher: Any, cash: Any) -> Reading:
    """Raises as ``amount`` and ``moment`` do."""
    parts = (None if part is None else amount(part) for part in (voucher, cash))
    return Reading(Balance(amount(available), *parts), moment(fetched_at))


@contextmanager
def corrupt_if_invalid() -> Iterator[None]:
    """Rows that this program cannot have written mean that the file is damaged."""
    try:
        yield
    except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise sqlite3.DatabaseError("the file holds senseless rows") from error
