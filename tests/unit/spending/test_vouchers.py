"""An expired voucher is told from spending if the history allows it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

from moonshot_status.core.account import Balance, Reading
from moonshot_status.spending.ledger import Entry, entries_from
from moonshot_status.spending.vouchers import mark_expired

START = datetime(2026, 11, 1, tzinfo=timezone.utc)


def reading(day: float, voucher: str, cash: str) -> Reading:
    parts = Decimal(voucher), Decimal(cash)
    return Reading(Balance(sum(parts, Decimal(0)), *parts), START + timedelta(days=day))


def marked(readings: list[Reading]) -> tuple[Entry, ...]:
    return mark_expired(entries_from(readings))


def amounts(entry: Entry) -> tuple[str, ...]:
    return tuple(map(str, (entry.spent, entry.topped_up, entry.granted, entry.ended)))


def days_of(vouchers: list[str], cash: str = "3") -> list[Reading]:
    return [reading(number, voucher, cash) for number, voucher in enumerate(vouchers)]


USUAL = ["60", "59", "58", "57", "56", "55", "54", "53"]


def test_a_loss_far_above_the_spending_of_any_day_is_an_expired_voucher() -> None:
    found = marked(days_of([*USUAL, "0"]))
    assert amounts(found[-1]) == ("0", "0", "0", "53")
    assert [amounts(entry)[0] for entry in found[:-1]] == ["1"] * 7


def test_two_vouchers_can_expire() -> None:
    found = marked(days_of([*USUAL, "33", "32", "0"]))
    assert [amounts(entry)[3] for entry in found[-3:]] == ["20", "0", "32"]


def test_a_large_bill_is_no_expired_voucher() -> None:
    assert amounts(marked(days_of([*USUAL, "51.1"]))[-1])[0] == "1.9"
    assert amounts(marked(days_of([*USUAL, "50.9"]))[-1])[3] == "2.1"
    in_two_days = [*days_of(USUAL), reading(9, "50", "3")]
    assert amounts(marked(in_two_days)[-1])[0] == "3"
    both = [*days_of(USUAL), reading(8, "0", "2")]
    assert amounts(marked(both)[-1])[0] == "54"


def test_less_than_a_week_of_history_is_not_enough() -> None:
    assert amounts(marked(days_of(["60", "59", "58", "0"]))[-1])[0] == "58"
    assert marked([]) == marked(days_of(["60"])) == ()


def test_a_gap_of_years_is_no_history() -> None:
    """Nor is what was spent in it the spending of a day."""
    unset = reading(-20_000, "65", "3")
    for before in ([unset], [reading(-20_001, "65", "3"), unset]):
        assert amounts(marked([*before, *days_of(["60", "59", "58", "0"])])[-1])[0] == "58"
    assert amounts(marked([unset, *days_of([*USUAL, "0"])])[-1])[3] == "53"
    assert amounts(marked([unset, *days_of(USUAL)])[0])[0] == "5"


def test_without_other_spending_nothing_is_marked() -> None:
    assert amounts(marked(days_of(["60"] * 9 + ["0"]))[-1])[0] == "60"
