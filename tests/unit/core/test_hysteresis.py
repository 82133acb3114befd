"""Which changes of the level are notified."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonshot_status.core.account import Balance
from moonshot_status.core.hysteresis import LevelChange, level_with_hysteresis, settings_digest
from moonshot_status.core.thresholds import Level, Thresholds

OK, WARNING, CRITICAL, EMPTY, UNKNOWN = (
    Level.OK, Level.WARNING, Level.CRITICAL, Level.EMPTY, Level.UNKNOWN,
)  # fmt: skip
BADNESS = [OK, WARNING, CRITICAL, EMPTY]
MARKS = Thresholds(Decimal(5), Decimal(1))
WEEK = replace(MARKS, runway_days=Decimal(7))


def after(
    previous: Level, available: str, days_left: float | None = None, marks: Thresholds = MARKS
) -> Level:
    return level_with_hysteresis(previous, Balance(Decimal(available)), marks, days_left)


def changes(amounts: list[Decimal], marks: Thresholds, level: Level = UNKNOWN) -> list[LevelChange]:
    """What is told of these amounts, one after another."""
    found = []
    for amount in amounts:
        change = LevelChange(level, level_with_hysteresis(level, Balance(amount), marks, None))
        level = change.level
        if change.level is not change.previous and change.is_notable:
            found.append(change)
    return found


@pytest.mark.parametrize(
    ("previous", "available", "level"),
    [
        # At first sight it is what it is.
        (UNKNOWN, "5.01", OK),
        (UNKNOWN, "5", WARNING),
        (UNKNOWN, "1", CRITICAL),
        (UNKNOWN, "0", EMPTY),
        # Worse at once, however many steps that is.
        (OK, "5.01", OK),
        (OK, "5.00", WARNING),
        (OK, "1.00", CRITICAL),
        (OK, "0", EMPTY),
        (OK, "-3", EMPTY),
        (WARNING, "1", CRITICAL),
        (WARNING, "0", EMPTY),
        (CRITICAL, "0", EMPTY),
        # Better with a tenth less.
        (WARNING, "5.01", WARNING),
        (WARNING, "5.55", WARNING),
        (WARNING, "5.56", OK),
        (CRITICAL, "1.01", CRITICAL),
        (CRITICAL, "1.11", CRITICAL),
        (CRITICAL, "1.12", WARNING),
        (CRITICAL, "5.01", WARNING),
        (CRITICAL, "5.56", OK),
        # Near zero with a tenth of the critical mark.
        (EMPTY, "0.01", EMPTY),
        (EMPTY, "0.10", EMPTY),
        (EMPTY, "0.11", CRITICAL),
        (EMPTY, "1.05", CRITICAL),
        (EMPTY, "1.12", WARNING),
        (EMPTY, "50", OK),
    ],
)
def test_the_level_after_a_balance(previous: Level, available: str, level: Level) -> None:
    assert after(previous, available) is level


@pytest.mark.parametrize(
    ("warning", "critical", "previous", "available", "level"),
    [
        ("0", "0", OK, "0", EMPTY),
        ("0", "0", EMPTY, "0.01", EMPTY),
        ("0", "0", EMPTY, "0.02", OK),
        ("5", "0", EMPTY, "0.02", WARNING),
        ("5", "5", OK, "5", CRITICAL),
        ("5", "5", CRITICAL, "5.5", CRITICAL),
        ("5", "5", CRITICAL, "5.6", OK),
    ],
)
def test_marks_may_be_zero_or_equal(
    warning: str, critical: str, previous: Level, available: str, level: Level
) -> None:
    marks = Thresholds(Decimal(warning), Decimal(critical))
    assert after(previous, available, marks=marks) is level


@pytest.mark.parametrize(
    ("previous", "available", "days_left", "level"),
    [
        (UNKNOWN, "50", 7.0, WARNING),
        (OK, "50", 7.0, WARNING),
        (OK, "50", 7.1, OK),
        (WARNING, "50", 7.1, WARNING),
        (WARNING, "50", 9.3, WARNING),
        (WARNING, "50", 9.4, OK),
        (WARNING, "5.01", 9.4, WARNING),
        (CRITICAL, "50", 8.0, WARNING),
        (EMPTY, "50", 0.0, WARNING),
        # Where no days are known, money alone counts.
        (OK, "50", None, OK),
        (WARNING, "50", None, OK),
        (WARNING, "5.01", None, WARNING),
    ],
)
def test_days_count_with_a_margin_of_their_own(
    previous: Level, available: str, days_left: float | None, level: Level
) -> None:
    assert after(previous, available, days_left, WEEK) is level


AMOUNTS = st.decimals(Decimal(-1), Decimal(12), places=5)
ALL_MARKS = st.tuples(st.sampled_from([0, 1, 5, 9]), st.sampled_from([0, 1, 5, 9])).map(
    lambda pair: Thresholds(Decimal(max(pair)), Decimal(min(pair)))
)
LEVELS = st.sampled_from([UNKNOWN, *BADNESS])


@given(LEVELS, AMOUNTS, ALL_MARKS)
def test_a_drop_is_notified_at_once_and_nothing_is_notified_twice(
    previous: Level, amount: Decimal, marks: Thresholds
) -> None:
    balance = Balance(amount)
    level, shown = (
        level_with_hysteresis(previous, balance, marks, None),
        marks.level(balance.available),
    )
    assert BADNESS.index(level) >= BADNESS.index(shown)
    if previous is UNKNOWN or BADNESS.index(shown) > BADNESS.index(previous):
        assert level is shown
    assert level_with_hysteresis(level, balance, marks, None) is level


@given(
    st.sampled_from([Decimal(1), Decimal(5)]),
    st.lists(st.decimals(Decimal("0.7"), Decimal("1.11"), places=3), min_size=1),
)
def test_a_balance_that_hovers_at_a_threshold_is_notified_once(
    mark: Decimal, factors: list[Decimal]
) -> None:
    found = changes([mark * factor for factor in factors], MARKS, level=BADNESS[mark < 5])
    assert len(found) == any(factor <= 1 for factor in factors)


@given(st.sampled_from([EMPTY, CRITICAL, WARNING]), AMOUNTS, ALL_MARKS)
def test_a_rise_is_notified_beyond_the_margin_only(
    previous: Level, amount: Decimal, marks: Thresholds
) -> None:
    level = level_with_hysteresis(previous, Balance(amount), marks, None)
    if BADNESS.index(level) < BADNESS.index(previous):
        mark = {WARNING: marks.warning, CRITICAL: marks.critical, EMPTY: Decimal(0)}[previous]
        assert amount * Decimal("0.9") > mark
        assert amount > max(Decimal("0.01"), marks.critical / 10)


def test_flapping_and_a_top_up() -> None:
    amounts = ["6", "4.99", "5.01", "4.99", "5.2", "4.98", "50", "49", "50", "5.01", "4.9"]
    assert changes([Decimal(amount) for amount in amounts], MARKS) == [
        LevelChange(OK, WARNING),
        LevelChange(WARNING, OK),
        LevelChange(OK, WARNING),
    ]


@pytest.mark.parametrize(
    ("change", "news"),
    [
        (LevelChange(UNKNOWN, OK), False),
        (LevelChange(UNKNOWN, WARNING), True),
        (LevelChange(UNKNOWN, EMPTY), True),
        (LevelChange(WARNING, OK), True),
        (LevelChange(OK, EMPTY), True),
    ],
)
def test_at_first_sight_only_a_low_level_is_notable(change: LevelChange, news: bool) -> None:
    assert change.is_notable is news


def test_each_set_of_settings_has_a_name_of_its_own() -> None:
    names = [
        settings_digest(MARKS, ("a",)),
        settings_digest(MARKS, ("a", "")),
        settings_digest(MARKS, ("b",)),
        settings_digest(MARKS, ("\ud800",)),
        settings_digest(WEEK, ("a",)),
        settings_digest(replace(MARKS, warning=Decimal(1)), ("a",)),
    ]
    assert len(set(names)) == len(names)


def test_digits_that_say_the_same_make_no_other_name() -> None:
    written = Thresholds(Decimal("5.00"), Decimal("1E+0"), Decimal("70"))
    assert settings_digest(written, ("a",)) == settings_digest(
        Thresholds(Decimal(5), Decimal(1), Decimal("7E+1")), ("a",)
    )
