"""The facts and the texts of a View, for every situation."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.support import made_up_problem

from moonshot_status.config.settings import PARTS, TEMPLATE_FIELDS
from moonshot_status.core.account import Account, Balance, Reading
from moonshot_status.core.errors import Kind
from moonshot_status.core.regions import Region
from moonshot_status.core.status import Status
from moonshot_status.core.thresholds import Level, Thresholds
from moonshot_status.display import status_text
from moonshot_status.display.view import View, build_view
from moonshot_status.display.words import Row, format_time
from moonshot_status.spending.forecast import Forecast, Spending
from moonshot_status.spending.runway import Runway

NOW = datetime(2026, 11, 22, 18, 46, 24, tzinfo=timezone.utc)
READ_AT = NOW - timedelta(minutes=30)
ACCOUNT = Account(
    "work",
    Region.INTERNATIONAL,
    "https://api.moonshot.ai",
    thresholds=Thresholds(Decimal(5), Decimal(1)),
)
PROBLEM = made_up_problem(Kind.OFFLINE, "The API cannot be reached", "Check the network.")


def status(
    available: str = "49.58894", voucher: str | None = "46.58893", cash: str | None = "3.00001"
) -> Status:
    """Return the status of an account with a fresh reading of these amounts."""
    optional = [None if amount is None else Decimal(amount) for amount in (voucher, cash)]
    return Status(Reading(Balance(Decimal(available), *optional), READ_AT))


OK = status()
DEFICIT = status("49.58894", "49.58894", "-0.41118")
EXPIRED = replace(OK, expired=True)
STALE = replace(OK, problem=PROBLEM, expired=True, stale=True)
NOTHING = Status(problem=PROBLEM)


def view(shown: Status, account: Account = ACCOUNT) -> View:
    return build_view(account, shown, NOW)


def texts_of(shown: View) -> list[str]:
    rows = (word for row in shown.rows for word in (row.label, row.value))
    return [shown.headline, shown.short, shown.line, *shown.notes, *rows]


def value_of(shown: View, label: str) -> str:
    (value,) = (row.value for row in shown.rows if row.label == label)
    return value


@pytest.mark.parametrize(
    ("shown", "headline", "short"),
    [
        (OK, "$49.58", "$49"),
        (DEFICIT, "$49.58 · $0.42 in deficit", "$49"),
        (status("0", "0", "-31.14918"), "$0.00 · $31.15 in deficit", "$0"),
        (status("0.001"), "<$0.01", "<$.01"),
        (status("-1"), "−$1.00", "−$1"),
        (EXPIRED, "$49.58 · as of 18:16", "$49?"),
        (STALE, "$49.58 · as of 18:16 · offline", "$49?"),
        (replace(OK, problem=PROBLEM), "$49.58 · offline", "$49"),
        (
            replace(DEFICIT, problem=PROBLEM, expired=True, stale=True),
            "$49.58 · $0.42 in deficit · as of 18:16 · offline",
            "$49?",
        ),
        (NOTHING, "— · offline", "offline"),
        (Status(), "—", "—"),
    ],
)
def test_headline_and_short(shown: Status, headline: str, short: str) -> None:
    assert (view(shown).headline, view(shown).short) == (headline, short)
    assert view(shown).line == headline


def test_large_amounts_are_shortened_except_in_the_line() -> None:
    shown = view(status("12345.67894", None, "-23456.78111"))
    assert shown.headline == "$12.3k · $23.5k in deficit"
    assert shown.line == "$12345.67 · $23456.79 in deficit"
    assert shown.short == "$12k"


def test_the_currency_sign_is_that_of_the_region() -> None:
    shown = view(DEFICIT, replace(ACCOUNT, region=Region.CHINA))
    assert shown.headline == "¥49.58 · ¥0.42 in deficit"
    assert value_of(shown, "Account") == "work · china"
    assert shown.console == "https://platform.kimi.com/console/account"


@pytest.mark.parametrize(
    ("shown", "rows"),
    [
        (
            OK,
            [
                ("Available", "$49.58"),
                ("Voucher", "$46.58"),
                ("Cash", "$3.00"),
                ("Account", "work · international"),
                ("As of", "18:16"),
            ],
        ),
        (
            status("0", "0", "-31.14918"),
            [
                ("Available", "$0.00"),
                ("Voucher", "$0.00"),
                ("Cash", "−$31.15"),
                ("Deficit", "$31.15"),
                ("Account", "work · international"),
                ("As of", "18:16"),
            ],
        ),
        (
            status("1", None, None),
            [
                ("Available", "$1.00"),
                ("Voucher", "—"),
                ("Cash", "—"),
                ("Account", "work · international"),
                ("As of", "18:16"),
            ],
        ),
        (NOTHING, [("Account", "work · international")]),
    ],
)
def test_rows(shown: Status, rows: list[tuple[str, str]]) -> None:
    assert [(row.label, row.value) for row in view(shown).rows] == rows
    amounts = {row.label for row in view(shown).rows if row.is_amount}
    assert amounts == {label for label, _ in rows} - {"Account", "As of"}


def test_an_account_without_a_region_shows_only_its_name() -> None:
    shown = view(NOTHING, Account("work"))
    assert shown.rows == (Row("account", "Account", "work"),)
    assert (shown.console, shown.level) == ("", Level.UNKNOWN)


EMPTY_NOTE = "Calls are refused until the account is topped up"


@pytest.mark.parametrize(
    ("shown", "notes"),
    [
        (OK, ()),
        (status("0"), (EMPTY_NOTE,)),
        (status("1"), ("At or below the critical mark of $1.00",)),
        (
            replace(status("5"), problem=PROBLEM),
            (PROBLEM.message, PROBLEM.hint, "At or below the warning mark of $5.00"),
        ),
        (STALE, (PROBLEM.message, PROBLEM.hint)),
        (replace(status("0"), problem=PROBLEM), (EMPTY_NOTE, PROBLEM.message, PROBLEM.hint)),
        (Status(problem=made_up_problem(Kind.OFFLINE, "Gone")), ("Gone",)),
        (
            replace(NOTHING, retry_at=NOW + timedelta(minutes=20)),
            (PROBLEM.message, PROBLEM.hint, "Asked again after 19:06"),
        ),
        (replace(NOTHING, retry_at=NOW), (PROBLEM.message, PROBLEM.hint)),
    ],
)
def test_notes(shown: Status, notes: tuple[str, ...]) -> None:
    assert view(shown).notes == notes


@pytest.mark.parametrize(
    ("shown", "classes"),
    [
        (OK, ("ok",)),
        (status("5"), ("warning",)),
        (status("1"), ("critical",)),
        (status("0"), ("empty",)),
        (DEFICIT, ("ok", "deficit")),
        (EXPIRED, ("ok",)),
        (STALE, ("ok", "stale", "offline")),
        (replace(OK, problem=PROBLEM), ("ok", "offline")),
        (replace(status("0", "0", "-1"), stale=True), ("empty", "stale", "deficit")),
        (NOTHING, ("unknown", "offline")),
        (Status(), ("unknown",)),
    ],
)
def test_classes(shown: Status, classes: tuple[str, ...]) -> None:
    assert view(shown).classes == classes
    assert view(shown).level.value == classes[0]


def test_each_kind_is_a_class_and_has_a_label_of_two_words_at_most() -> None:
    for kind in Kind:
        shown = view(Status(problem=made_up_problem(kind, "It went wrong")))
        assert shown.classes == ("unknown", kind.value)
        assert shown.short == kind.label
        assert len(kind.label.split()) <= 2, kind
        assert shown.headline == f"— · {kind.label}"


def test_the_next_step_is_the_command_for_the_problem() -> None:
    for kind in Kind:
        problem = made_up_problem(kind)
        assert view(Status(problem=problem)).next_step == f"Next: {kind.command}"
        assert view(replace(OK, problem=problem)).next_step == f"Next: {kind.command}"


def test_without_a_problem_there_is_no_next_step() -> None:
    assert view(status("0")).next_step == view(Status()).next_step == ""


def test_the_facts_are_unchanged() -> None:
    retry_at = NOW + timedelta(minutes=1)
    shown = build_view(ACCOUNT, replace(STALE, retry_at=retry_at), NOW, ("refresh", "me"))
    assert STALE.reading is not None
    assert (shown.balance, shown.fetched_at) == (STALE.reading.balance, READ_AT)
    assert (shown.account, shown.region) == ("work", Region.INTERNATIONAL)
    assert (shown.stale, shown.problem, shown.retry_at) == (True, PROBLEM, retry_at)
    assert shown.refresh == ("refresh", "me")


@pytest.mark.parametrize(
    ("name", "moment", "words"),
    [
        ("UTC", NOW, "18:46"),
        ("UTC", NOW - timedelta(hours=18, minutes=46), "00:00"),
        ("UTC", NOW - timedelta(hours=18, minutes=47), "2026-11-21 23:59"),
        ("UTC", NOW + timedelta(days=1), "2026-11-23 18:46"),
        ("UTC", NOW - timedelta(days=365), "2025-11-22 18:46"),
        ("Asia/Shanghai", NOW, "02:46"),
        ("Asia/Shanghai", NOW - timedelta(hours=3), "2026-11-22 23:46"),
        ("America/New_York", NOW, "13:46"),
        ("America/New_York", NOW - timedelta(days=30), "2026-10-23 14:46"),
        ("XXX-5:30", NOW, "00:16"),
    ],
)
def test_times_are_local_with_the_date_of_another_day(
    monkeypatch: pytest.MonkeyPatch, name: str, moment: datetime, words: str
) -> None:
    monkeypatch.setenv("TZ", name)
    time.tzset()
    assert format_time(moment, NOW) == words
    shown = build_view(ACCOUNT, Status(Reading(Balance(Decimal(1)), moment), expired=True), NOW)
    assert shown.headline == f"$1.00 · as of {words}"
    assert value_of(shown, "As of") == words


@pytest.mark.parametrize(
    "name",
    [
        "<b>&amp;</b>",
        "a|b href=x",
        "a\nb\r\n---\nc",
        "\x1b[31m\0\x07\x7f\x85",
        "\u202egnp.exe\u2066\u200f",
        "\u2028\u2029\u200b\ufeff",
        "\ud800\udfff",
        "x" * 10_000,
        "\n" * 10_000 + "x",
        "sk-canary0123456789",
        "",
    ],
)
def test_a_hostile_account_name_becomes_one_short_printable_line(name: str) -> None:
    problem = made_up_problem(Kind.CONFIG, f"{name} is wrong", f"Rename {name}.")
    shown = view(replace(STALE, problem=problem), replace(ACCOUNT, name=name))
    assert shown.account == name
    assert len(value_of(shown, "Account")) < 60
    for word in texts_of(shown):
        assert word.isprintable()
        assert len(word) <= 400
        assert "canary" not in word


AMOUNTS = st.none() | st.decimals("-1000", "1000", places=5)


@given(
    st.text(st.characters(exclude_categories=()), max_size=50),
    st.decimals("-1000", "1000", places=5),
    AMOUNTS,
    AMOUNTS,
    st.sampled_from(Region),
    st.booleans(),
)
def test_any_view_is_plain_text_without_a_percentage(
    name: str, available: Decimal, voucher: Decimal | None, cash: Decimal | None,
    region: Region, stale: bool,
) -> None:  # fmt: skip
    reading = Reading(Balance(available, voucher, cash), READ_AT)
    account = replace(ACCOUNT, name=name, region=region)
    shown = view(Status(reading, PROBLEM if stale else None, None, stale, stale), account)
    assert all(word.isprintable() for word in texts_of(shown))
    assert "%" not in shown.headline + shown.short + "".join(shown.notes)
    assert ("stale" in shown.classes, "offline" in shown.classes) == (stale, stale)
    assert ("deficit" in shown.headline) == (cash is not None and cash < 0)


@pytest.mark.parametrize(
    ("name", "changes_at", "until"),
    [
        ("UTC", None, "2026-11-23 00:00"),
        ("UTC", NOW + timedelta(minutes=4), "2026-11-22 18:50"),
        ("UTC", NOW + timedelta(days=4), "2026-11-23 00:00"),
        ("Asia/Shanghai", None, "2026-11-23 16:00"),
        ("America/New_York", None, "2026-11-23 05:00"),
    ],
)
def test_a_view_is_valid_until_midnight_at_the_latest(
    monkeypatch: pytest.MonkeyPatch, name: str, changes_at: datetime | None, until: str
) -> None:
    monkeypatch.setenv("TZ", name)
    time.tzset()
    shown = view(replace(OK, changes_at=changes_at))
    assert f"{shown.valid_until.astimezone(timezone.utc):%Y-%m-%d %H:%M}" == until


FORECAST = Forecast(
    Spending(Decimal("1.2")),
    Runway(Decimal(5), *(NOW + timedelta(days=days) for days in (9.5, 7.25, 12.75))),
)


def with_forecast(shown: Status = OK, few: str | None = None, **more: Any) -> View:
    thresholds = Thresholds(Decimal(5), Decimal(1), Decimal(few) if few else None)
    return build_view(
        replace(ACCOUNT, thresholds=thresholds), shown, NOW, forecast=FORECAST, **more
    )


def test_the_forecast_is_below_the_amounts() -> None:
    assert [row.label for row in with_forecast().rows] == [
        "Available", "Voucher", "Cash", "Runway", "Spent today", "A day", "Account", "As of",
    ]  # fmt: skip
    assert "Runway" not in [row.label for row in with_forecast(status("0", "0", "0")).rows]


@pytest.mark.parametrize(
    ("show", "words"),
    [
        (("balance", "runway"), "$49.58 · 9 days"),
        (("today", "pace", "balance"), "$1.20 today · $5.00 a day · $49.58"),
        (("runway",), "9 days"),
    ],
)
def test_the_headline_has_the_requested_parts(show: tuple[str, ...], words: str) -> None:
    assert with_forecast(show=show).headline == words
    assert with_forecast(STALE, show=show).headline.startswith(f"{words} · as of ")
    assert build_view(ACCOUNT, OK, NOW, show=("runway",)).headline == "$49.58"
    assert build_view(ACCOUNT, NOTHING, NOW, show=show).headline == "— · offline"


def test_every_part_and_every_template_field_can_be_shown() -> None:
    given = status_text.Input(ACCOUNT, OK, NOW, FORECAST, PARTS, hide_amount=False)
    assert {status_text.BALANCE_PART, *given.bar_parts} == {*PARTS}
    assert {*status_text.template_fields(given)} == {*TEMPLATE_FIELDS}


def test_a_short_runway_is_a_warning() -> None:
    shown = with_forecast(few="9.5")
    assert shown.level is Level.WARNING
    assert shown.notes == ("At or below the mark of 9.5 days, at the usual pace",)
    assert with_forecast(few="9").level is Level.OK
    poor = with_forecast(status("4"), few="30")
    assert poor.notes == ("At or below the warning mark of $5.00",)


def test_a_threshold_without_a_currency_has_no_note() -> None:
    shown = view(status("4"), replace(ACCOUNT, region=None))
    assert (shown.level, shown.notes) == (Level.WARNING, ())


def test_a_view_is_valid_until_the_runway_is_a_day_shorter_or_at_its_threshold() -> None:
    day = NOW.replace(hour=0, minute=0, second=0)
    later = replace(FORECAST.runway, zero_at=NOW + timedelta(days=9, hours=2))
    soon = build_view(ACCOUNT, OK, NOW, forecast=Forecast(Spending(), later))
    assert soon.valid_until == NOW + timedelta(hours=2)
    assert with_forecast().valid_until == day + timedelta(days=1)
    assert with_forecast(few="9.4").valid_until == NOW + timedelta(days=0.1)


EVERY_FIELD = " ".join(f"{name}={{{name}}}" for name in TEMPLATE_FIELDS)
WHOLE_FORECAST = Forecast(
    Spending(today=Decimal("0.1")),
    Runway(Decimal("4.09501"), *(NOW + timedelta(days=n) for n in (12, 9, 16))),
)


@pytest.mark.parametrize(
    ("shown", "hide", "line"),
    [
        (
            DEFICIT, False,
            "account=work region=international currency=USD level=ok balance=$49.58"
            " voucher=$49.58 cash=−$0.42 deficit=$0.42 runway=12 days per_day=$4.10"
            " spent_today=$0.10 as_of=18:16 problem= bar=$49.58 · $0.42 in deficit",
        ),
        (
            replace(DEFICIT, stale=True, problem=PROBLEM), True,
            "account=work region=international currency=USD level=ok balance=ok"
            " voucher= cash= deficit= runway=12 days per_day="
            " spent_today= as_of=18:16 problem=offline bar=ok · in deficit · as of 18:16 · offline",
        ),
    ],
)  # fmt: skip
def test_a_template_is_filled_in(shown: Status, hide: bool, line: str) -> None:
    own = build_view(
        ACCOUNT, shown, NOW, forecast=WHOLE_FORECAST, template=EVERY_FIELD, hide_amount=hide
    ).template_line
    assert own == line


def test_unknown_fields_are_empty() -> None:
    nothing = build_view(
        Account("work"), NOTHING, NOW, template="{balance}|{cash}|{region}|{problem}"
    ).template_line
    assert nothing == "—|||offline"
