"""Readings with out-of-order timestamps, from a wrong clock, are dropped."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from moonshot_status.core.account import Balance, Reading
from moonshot_status.spending.timestamps import drop_before, drop_out_of_order, up_to_newest

START = datetime(2026, 11, 1, tzinfo=timezone.utc)


def readings(*minutes: float) -> list[Reading]:
    """Return readings in the order in which they were stored, with their index as the balance."""
    return [
        Reading(Balance(Decimal(n), Decimal(0), Decimal(n)), START + timedelta(minutes=m))
        for n, m in enumerate(minutes)
    ]


@pytest.mark.parametrize(
    ("minutes", "kept"),
    [
        ([], []),
        ([5], [5]),
        ([1, 2, 3], [1, 2, 3]),
        ([1, 2, 99, 98, 3, 4, 5], [1, 2, 3, 4, 5]),
        ([1, 2, 3, -9, -8, 4, 5], [1, 2, 3, 4, 5]),
        ([1, 2, 2, 3, 3], [1, 2, 3]),
        ([50, 51, 52, 53, 1, 2], [50, 51, 52, 53]),
        ([3, 2, 1], [1]),
    ],
    ids=["none", "one", "right", "was ahead", "was behind", "twice", "most", "backwards"],
)
def test_the_longest_increasing_run_is_kept(minutes: list[float], kept: list[float]) -> None:
    found = drop_out_of_order(readings(*minutes))
    assert [(r.fetched_at - START) / timedelta(minutes=1) for r in found] == kept


UNSET = (datetime(1970, 1, 1, tzinfo=timezone.utc) - START) / timedelta(minutes=1)


@pytest.mark.parametrize(
    ("minutes", "kept"),
    [
        ([UNSET, UNSET + 1, 1, 2], [UNSET, UNSET + 1, 1, 2]),
        ([1, UNSET, UNSET + 1, 2, 3], [1, 2, 3]),
        ([UNSET, 1, UNSET, UNSET + 1, 3, 2, 4, 5], [UNSET, 1, 2, 4, 5]),
        ([1, UNSET, UNSET + 1, 2], [UNSET, UNSET + 1, 2]),
    ],
    ids=["before all others", "between others", "twice", "half the time"],
)
def test_a_clock_that_was_not_set_does_not_replace_one_that_was(
    minutes: list[float], kept: list[float]
) -> None:
    found = drop_out_of_order(readings(*minutes))
    assert [(r.fetched_at - START) / timedelta(minutes=1) for r in found] == kept


def test_the_newest_reading_is_always_kept() -> None:
    known = readings(50, 51, 52, 53, 1, 2)
    assert up_to_newest(known) == known[-2:]
    assert up_to_newest([]) == []
    assert up_to_newest(readings(9, 8, 7)) == readings(9, 8, 7)[-1:]
    assert up_to_newest(readings(1, 2, 2)) == [readings(1)[0], readings(1, 2, 2)[-1]]


def test_readings_without_the_parts_of_the_newest_are_dropped() -> None:
    known = readings(1, 2, 3)
    known[1] = Reading(Balance(Decimal(9)), known[1].fetched_at)
    assert drop_out_of_order(known) == [known[0], known[2]]
    known[1] = Reading(Balance(Decimal(9), voucher=Decimal(9)), known[1].fetched_at)
    assert drop_out_of_order(known) == [known[0], known[2]]
    assert drop_out_of_order(known[:2]) == [known[1]]


@pytest.mark.parametrize(
    ("minutes", "kept"),
    [
        ([], []),
        ([5, 6], [5, 6]),
        ([4, 5, 6], [5, 6]),
        ([5, 4, 6, 7], [5, 6, 7]),
        ([4, 5], [4, 5]),
        ([3, 4, 5], [3, 4, 5]),
    ],
)
def test_what_is_stamped_before_the_last_entry_is_dropped_unless_it_is_half(
    minutes: list[float], kept: list[float]
) -> None:
    (entry_end,) = readings(5)
    found = drop_before(entry_end.fetched_at, readings(*minutes))
    expected = [reading.fetched_at for reading in readings(*kept)]
    assert [reading.fetched_at for reading in found] == expected
