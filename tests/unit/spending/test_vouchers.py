"""A voucher that ends is told from spend, where that can be told."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

from moonshot_status.core.account import Balance, Reading
from moonshot_status.spending.ledger import Entry, entries
from moonshot_status.spending.vouchers import mark_expired

START = datetime(2026, 11, 1, tzinfo=timezone.utc)


def reading(day: float, voucher: str, cash: str) -> Reading:
    parts = Decimal(voucher), Decimal(cash)
    return Reading(Balance(sum(parts, Decimal(0)), *parts), START + timedelta(days=day))


def ended(readings: list[Reading]) -> tuple[Entry, ...]:
    return mark_expired(entries(readings))


def amounts(move: Entry) -> tuple[str, ...]:
    return tuple(map(str, (move.spent, move.topped_up, move.granted, move.ended)))


def days_of(vouchers: list[str], cash: str = "3") -> list[Reading]:
    return [reading(number, voucher, cash) for number, voucher in enumerate(vouchers)]


USUAL = ["60", "59", "58", "57", "56", "55", "54", "53"]


def test_a_voucher_that_loses_more_at_once_than_any_day_cost_has_ended() -> None:
    found = ended(days_of([*USUAL, "0"]))
    assert amounts(found[-1]) == ("0", "0", "0", "53")
    assert [amounts(move)[0] for move in found[:-1]] == ["1"] * 7


def test_two_vouchers_may_end() -> None:
    found = ended(days_of([*USUAL, "33", "32", "0"]))
    assert [amounts(move)[3] for move in found[-3:]] == ["20", "0", "32"]


def test_a_large_bill_is_no_end_of_a_voucher() -> None:
    assert amounts(ended(days_of([*USUAL, "51.1"]))[-1])[0] == "1.9"
    both = [*days_of(USUAL), reading(8, "0", "2")]
    assert amounts(ended(both)[-1])[0] == "54"


def test_without_a_week_of_history_nobody_can_tell() -> None:
    assert amounts(ended(days_of(["60", "59", "58", "0"]))[-1])[0] == "58"
    assert ended([]) == ended(days_of(["60"])) == ()


def test_where_nothing_else_was_spent_nobody_can_tell() -> None:
    assert amounts(ended(days_of(["60"] * 9 + ["0"]))[-1])[0] == "60"
