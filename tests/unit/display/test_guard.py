"""Whether the balance or the runway is sufficient."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from kit.support import made_up_problem

from moonshot_status.core.account import Account, Balance, Reading
from moonshot_status.core.errors import Kind
from moonshot_status.core.regions import Region
from moonshot_status.core.status import Status
from moonshot_status.display import combine
from moonshot_status.display.guard import evaluate
from moonshot_status.display.view import View, build_view
from moonshot_status.spending.forecast import Forecast, Spending
from moonshot_status.spending.runway import Runway

NOW = datetime(2026, 11, 22, 18, 46, tzinfo=timezone.utc)
ONE = Decimal(1)


def days(number: float) -> datetime:
    return NOW + timedelta(days=number)


def view(
    available: str | None,
    runway: Runway | None = None,
    *,
    name: str = "work",
    hide_amount: bool = False,
    **status: Any,
) -> View:
    reading = Reading(Balance(Decimal(available)), NOW) if available else None
    forecast = Forecast(Spending(), runway) if runway else None
    account = Account(name, Region.INTERNATIONAL)
    return build_view(
        account, Status(reading, **status), NOW, forecast=forecast, hide_amount=hide_amount
    )


@pytest.mark.parametrize(
    ("available", "minimum", "line"),
    [
        ("49.58894", "5", "enough: $49.58, at least $5.00"),
        ("5", "5", "enough: $5.00, at least $5.00"),
        ("5.00", "5.000", "enough: $5.00, at least $5.00"),
        ("4.99999", "5", "too little: $4.99, less than $5.00"),
        ("0.005", "0.01", "too little: <$0.01, less than $0.01"),
        ("0.30000000000000001", "0.3", "enough: $0.30, at least $0.30"),
        ("5", "5.0000000000000001", "too little: $5.00, less than $5.0000000000000001"),
        ("1E+2", "100", "enough: $100.00, at least $100.00"),
        ("0", "0.01", "too little: $0.00, less than $0.01"),
        ("-1", "5", "too little: −$1.00, less than $5.00"),
    ],
)
def test_money_is_compared_exactly(available: str, minimum: str, line: str) -> None:
    found = evaluate(view(available), Decimal(minimum), None, NOW)
    assert found.line == line
    assert found.result == (0 if line.startswith("enough") else 1)


RANGE = Runway(ONE, days(5), days(4), days(7))
UNEVEN = Runway(ONE, None, days(4), days(9), "spending is too uneven to say")


@pytest.mark.parametrize(
    ("runway", "wanted", "line", "status"),
    [
        (RANGE, "3", "enough: about 5 days left (4 to 7), at least 3 days", 0),
        (RANGE, "5", "enough: about 5 days left (4 to 7), at least 5 days", 0),
        (RANGE, "5.5", "too little: about 5 days left (4 to 7), less than 5.5 days", 1),
        (UNEVEN, "4", "enough: 4 to 9 days left, at least 4 days", 0),
        (UNEVEN, "5", "unknown: 4 to 9 days left", 3),
        (UNEVEN, "10", "too little: 4 to 9 days left, less than 10 days", 1),
        (
            Runway(Decimal(0), reason="nothing was spent in 7 days"),
            "1",
            "enough: nothing was spent in 7 days, at least 1 day",
            0,
        ),
        (
            Runway(ONE, reason="more than 1000 days at this pace"),
            "1E+3",
            "enough: more than 1000 days at this pace, at least 1000 days",
            0,
        ),
        (
            Runway(reason="not enough readings yet: 3 of 7 days"),
            "3",
            "unknown: not enough readings yet: 3 of 7 days",
            3,
        ),
        (None, "3", "unknown: there is no forecast", 3),
    ],
)
def test_the_expected_runway_is_compared(
    runway: Runway | None, wanted: str, line: str, status: int
) -> None:
    found = evaluate(view("9", runway), None, Decimal(wanted), NOW)
    assert (found.line, found.result) == (line, status)


def test_the_time_since_the_reading_is_subtracted() -> None:
    assert evaluate(view("9", RANGE), None, Decimal(5), days(0.1)).result == 1


@pytest.mark.parametrize("runway", [RANGE, None, Runway(Decimal(0), reason="nothing was spent")])
def test_an_empty_account_has_no_runway(runway: Runway | None) -> None:
    found = evaluate(view("0", runway), None, ONE, NOW)
    assert found.line == "too little: nothing is left, less than 1 day"


@pytest.mark.parametrize(
    ("minimum", "runway", "line"),
    [
        ("5", RANGE, "enough: $9.00, at least $5.00; about 5 days left (4 to 7), at least 3 days"),
        ("10", RANGE, "too little: $9.00, less than $10.00"),
        ("10", None, "too little: $9.00, less than $10.00"),
        ("5", None, "unknown: there is no forecast"),
        ("5", Runway(ONE, days(2), days(1), days(3)), "too little: about 2 days left (1 to 3), "
                                                      "less than 3 days"),
    ],
)  # fmt: skip
def test_of_two_checks_the_worse_result_counts(
    minimum: str, runway: Runway | None, line: str
) -> None:
    assert evaluate(view("9", runway), Decimal(minimum), Decimal(3), NOW).line == line


OFFLINE = made_up_problem(Kind.OFFLINE, "No network", "Is there one?")


@pytest.mark.parametrize(
    ("available", "status", "line"),
    [
        (None, {"problem": OFFLINE}, "unknown: offline"),
        (None, {}, "unknown: no balance"),
        ("9", {"problem": OFFLINE, "stale": True}, "unknown: $9.00 · as of 18:46 · offline"),
        ("9", {"problem": OFFLINE, "expired": True}, "unknown: $9.00 · as of 18:46 · offline"),
        ("9", {"expired": True}, "unknown: $9.00 · as of 18:46, another process is asking"),
        ("9", {"problem": OFFLINE}, "enough: $9.00, at least $5.00"),
    ],
)
def test_an_old_balance_is_not_evaluated(available: str | None, status: Any, line: str) -> None:
    assert evaluate(view(available, **status), Decimal(5), None, NOW).line == line


def test_each_of_several_accounts_has_to_pass() -> None:
    both = combine.combine([view("9", name="work"), view("4", name="play")])
    assert evaluate(both, Decimal(4), None, NOW).line == (
        "enough: work $9.00, at least $4.00; play $4.00, at least $4.00"
    )
    assert evaluate(both, Decimal(5), None, NOW).line == "too little: play $4.00, less than $5.00"
    one = combine.combine([view("9", name="work"), view(None, name="cn", problem=OFFLINE)])
    assert evaluate(one, Decimal(5), None, NOW).line == "unknown: cn offline"


def test_a_hidden_amount_is_not_shown() -> None:
    hidden = view("9", RANGE, hide_amount=True)
    assert evaluate(hidden, Decimal(5), None, NOW).line == "enough: at least $5.00"
    assert evaluate(hidden, Decimal(10), None, NOW).line == "too little: less than $10.00"
