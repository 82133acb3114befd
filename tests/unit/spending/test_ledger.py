"""Entries between readings: exact, and a top-up is never negative spending."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonshot_status.core.account import Balance, Reading
from moonshot_status.spending import vouchers
from moonshot_status.spending.ledger import (
    Entry,
    History,
    entries_from,
    exact_decimals,
    is_settled,
    merge_by_period,
    worth,
)

START = datetime(2026, 11, 1, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)


def reading(minutes: float, voucher: str | None, cash: str | None, available: str = "") -> Reading:
    amounts = [None if amount is None else Decimal(amount) for amount in (voucher, cash)]
    known = sum((max(amount, Decimal(0)) for amount in amounts if amount), Decimal(0))
    at = START + minutes * MINUTE
    return Reading(Balance(Decimal(available) if available else known, *amounts), at)


def amounts(entry: Entry) -> tuple[str, ...]:
    return tuple(map(str, (entry.spent, entry.topped_up, entry.granted, entry.ended)))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (("5", "10"), ("5", "9.5"), ("0.5", "0", "0", "0")),
        (("5", "10"), ("4", "10"), ("1", "0", "0", "0")),
        (("0", "10"), ("0", "30"), ("0", "20", "0", "0")),
        (("0", "10"), ("5", "10"), ("0", "0", "5", "0")),
        (("0", "-2"), ("0", "8"), ("0", "10", "0", "0")),
        (("0", "-2"), ("0", "-3.5"), ("1.5", "0", "0", "0")),
        (("3", "10"), ("1", "30"), ("2", "20", "0", "0")),
    ],
)
def test_spending_top_ups_and_grants(
    before: tuple[str, str], after: tuple[str, str], expected: tuple[str, ...]
) -> None:
    (entry,) = entries_from([reading(0, *before), reading(60, *after)])
    assert amounts(entry) == expected


def test_without_voucher_and_cash_the_available_amount_is_compared() -> None:
    known = [
        reading(0, None, None, "13"),
        reading(60, "5", None, "11"),
        reading(120, None, "9", "20"),
    ]
    assert [amounts(entry)[:2] for entry in entries_from(known)] == [("2", "0"), ("0", "9")]
    assert worth(known[1]) == 11


def test_a_charge_reversed_within_minutes_is_neither_spending_nor_top_up() -> None:
    found = entries_from(
        [reading(m, "0", c) for m, c in [(0, "10"), (5, "9"), (10, "8"), (15, "9.5")]]
    )
    assert [amounts(entry)[:2] for entry in found] == [("0.5", "0"), ("0", "0"), ("0", "0")]
    whole = entries_from([reading(0, "0", "10"), reading(5, "0", "9"), reading(20, "0", "10")])
    assert [amounts(entry)[:2] for entry in whole] == [("0", "0"), ("0", "0")]


def test_a_reversed_charge_to_a_voucher_is_reduced() -> None:
    found = entries_from([reading(0, "10", "5"), reading(5, "8", "4"), reading(9, "9.5", "4")])
    assert [(entry.from_voucher, entry.from_cash) for entry in found] == [
        (Decimal("1.5"), 0), (0, 0),
    ]  # fmt: skip


def test_a_top_up_right_after_a_charge_is_no_reversal() -> None:
    found = entries_from([reading(0, "0", "10"), reading(5, "0", "9"), reading(7, "0", "29")])
    assert [amounts(entry)[:2] for entry in found] == [("1", "0"), ("0", "20")]


def test_a_rise_after_the_settlement_time_is_a_top_up() -> None:
    found = entries_from([reading(0, "0", "10"), reading(5, "0", "9"), reading(30, "0", "9.5")])
    assert [amounts(entry)[:2] for entry in found] == [("1", "0"), ("0", "0.5")]


def test_a_reading_is_settled_unless_a_refund_follows_soon() -> None:
    known = [
        reading(m, "0", c) for m, c in [(0, "10"), (10, "9"), (20, "9.5"), (40, "9.5"), (60, "11")]
    ]
    assert [is_settled(known, index) for index in range(5)] == [True, False, True, True, True]


def hourly(*facts: tuple[float, float, str, str]) -> list[Entry]:
    return [
        Entry(START + b * MINUTE, START + e * MINUTE, from_voucher=Decimal(v), from_cash=Decimal(c))
        for b, e, v, c in facts
    ]


def merge_by_hour(found: list[Entry]) -> list[Entry]:
    return merge_by_period(found, lambda moment: moment.replace(minute=0), timedelta(hours=1))


def test_entries_of_an_hour_are_merged() -> None:
    (one, other) = merge_by_hour(hourly((-5, 5, "0", "1"), (5, 50, "0", "2"), (50, 70, "0", "4")))
    assert (one.start, one.end, one.spent) == (START - 5 * MINUTE, START + 50 * MINUTE, 3)
    assert (other.start, other.end, other.spent) == (one.end, START + 70 * MINUTE, 4)


def test_a_gap_stays_separate() -> None:
    found = hourly((-900, 5, "0", "1"), (5, 50, "0", "2"))
    assert merge_by_hour(found) == found


def test_a_voucher_that_may_have_expired_stays_separate() -> None:
    found = hourly((0, 5, "50", "0"), (5, 10, "0", "0"), (10, 15, "0", "2"), (15, 20, "1", "0"))
    assert [(entry.from_voucher, entry.from_cash) for entry in merge_by_hour(found)] == [
        (50, 0), (0, 2), (1, 0),
    ]  # fmt: skip


def test_the_history_opens_with_the_worth_before_the_first_entry() -> None:
    known = [reading(0, "5", "10"), reading(60, "4", "30"), reading(120, "0", "29")]
    assert History(tuple(entries_from(known)), known[-1]).opening == 15
    assert History().opening == 0


AMOUNTS = st.decimals(0, 10**6, places=5) | st.decimals(0, 10**11, places=40)


@given(
    st.lists(
        st.tuples(st.integers(0, 10**5), AMOUNTS, st.decimals(-1000, 10**6, places=5)), max_size=30
    ),
    st.booleans(),
)
@exact_decimals()
def test_the_entries_sum_up_to_the_change(
    facts: list[tuple[int, Decimal, Decimal]], by_parts: bool
) -> None:
    readings = [
        Reading(
            Balance(voucher + max(cash, Decimal(0)), voucher, cash if by_parts else None),
            START + minutes * MINUTE,
        )
        for minutes, voucher, cash in sorted({fact[0]: fact for fact in facts}.values())
    ]
    found = entries_from(readings)
    assert len(found) == max(len(readings) - 1, 0)
    for those in (found, merge_by_hour(found), vouchers.mark_expired(found)):
        for entry in those:
            assert min(entry.spent, entry.topped_up, entry.granted, entry.ended) >= 0
        if readings:
            change = worth(readings[-1]) - worth(readings[0])
            assert sum((entry.change for entry in those), Decimal(0)) == change
            assert History(tuple(those), readings[-1]).opening == worth(readings[0])
