"""Readings to moves: exact, and no top-up is ever negative spend."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonshot_status.account import Balance, Reading
from moonshot_status.ledger import Move, exactly, in_order, knows_parts, moves, worth

START = datetime(2026, 11, 1, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def reading(minutes: float, voucher: str | None, cash: str | None, available: str = "") -> Reading:
    amounts = [None if amount is None else Decimal(amount) for amount in (voucher, cash)]
    known = sum((max(amount, Decimal(0)) for amount in amounts if amount), Decimal(0))
    at = START + minutes * MINUTE
    return Reading(Balance(Decimal(available) if available else known, *amounts), at)


def amounts(move: Move) -> tuple[str, ...]:
    return tuple(map(str, (move.spent, move.topped_up, move.granted, move.ended)))


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
def test_a_move(before: tuple[str, str], after: tuple[str, str], expected: tuple[str, ...]) -> None:
    (move,) = moves([reading(0, *before), reading(60, *after)])
    assert amounts(move) == expected


def test_without_the_parts_only_what_is_available_is_compared() -> None:
    known = [reading(0, "5", "10"), reading(60, None, "8", "13"), reading(120, None, None, "20")]
    assert not knows_parts(known)
    assert [amounts(move)[:2] for move in moves(known)] == [("2", "0"), ("0", "7")]


def test_a_charge_that_is_taken_back_within_minutes_is_neither_spend_nor_top_up() -> None:
    found = moves([reading(m, "0", c) for m, c in [(0, "10"), (5, "9"), (10, "8"), (15, "9.5")]])
    assert [amounts(move)[:2] for move in found] == [("0.5", "0"), ("0", "0"), ("0", "0")]


def test_a_top_up_right_after_a_charge_is_one() -> None:
    found = moves([reading(0, "0", "10"), reading(5, "0", "9"), reading(7, "0", "29")])
    assert [amounts(move)[:2] for move in found] == [("1", "0"), ("0", "20")]


def test_a_rise_that_comes_late_is_a_top_up() -> None:
    found = moves([reading(0, "0", "10"), reading(5, "0", "9"), reading(30, "0", "9.5")])
    assert [amounts(move)[:2] for move in found] == [("1", "0"), ("0", "0.5")]


def days_of(vouchers: list[str], cash: str = "3") -> list[Reading]:
    return [reading(number * 1440, voucher, cash) for number, voucher in enumerate(vouchers)]


USUAL = ["60", "59", "58", "57", "56", "55", "54", "53"]


def test_a_voucher_that_loses_more_at_once_than_any_day_cost_has_ended() -> None:
    found = moves(days_of([*USUAL, "0"]))
    assert amounts(found[-1]) == ("0", "0", "0", "53")
    assert [amounts(move)[0] for move in found[:-1]] == ["1"] * 7


def test_two_vouchers_may_end() -> None:
    found = moves(days_of([*USUAL, "33", "32", "0"]))
    assert [amounts(move)[3] for move in found[-3:]] == ["20", "0", "32"]


def test_a_large_bill_is_no_end_of_a_voucher() -> None:
    assert amounts(moves(days_of([*USUAL, "51.1"]))[-1])[0] == "1.9"
    both = [*days_of(USUAL), reading(8 * 1440, "0", "2")]
    assert amounts(moves(both)[-1])[0] == "54"


def test_without_a_week_of_history_nobody_can_tell() -> None:
    assert amounts(moves(days_of(["60", "59", "58", "0"]))[-1])[0] == "58"
    assert moves([]) == moves(days_of(["60"])) == ()


def test_where_nothing_else_was_spent_nobody_can_tell() -> None:
    assert amounts(moves(days_of(["60"] * 9 + ["0"]))[-1])[0] == "60"


def test_readings_are_put_in_order() -> None:
    first, second = reading(0, "1", "1"), reading(5, "1", "2")
    future = reading(90, "1", "9")
    found = in_order([second, future, first, second, first], START + 60 * MINUTE)
    assert found == [first, second]


AMOUNTS = st.decimals(0, 10**6, places=5) | st.decimals(0, 10**11, places=40)


@given(
    st.lists(
        st.tuples(st.integers(0, 10**5), AMOUNTS, st.decimals(-1000, 10**6, places=5)), max_size=30
    ),
    st.booleans(),
)
@exactly()
def test_the_moves_add_up_to_the_change(
    facts: list[tuple[int, Decimal, Decimal]], by_parts: bool
) -> None:
    readings = in_order(
        (
            Reading(
                Balance(voucher + max(cash, Decimal(0)), voucher, cash if by_parts else None),
                START + minutes * MINUTE,
            )
            for minutes, voucher, cash in facts
        ),
        START + 10**6 * MINUTE,
    )
    found = moves(readings)
    assert len(found) == max(len(readings) - 1, 0)
    for move in found:
        assert min(move.spent, move.topped_up, move.granted, move.ended) >= 0
    if readings:
        change = worth(readings[-1], by_parts) - worth(readings[0], by_parts)
        assert sum((move.change for move in found), Decimal(0)) == change
