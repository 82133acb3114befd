"""What the notification command gets, and what it does not get."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.support import KEY, made_up_problem

from moonshot_status.core.account import Account, Balance, Reading, fingerprint
from moonshot_status.core.errors import Kind, Problem
from moonshot_status.core.hysteresis import LevelChange
from moonshot_status.core.regions import Region
from moonshot_status.core.status import Status
from moonshot_status.core.thresholds import Level, Thresholds
from moonshot_status.display.view import View, build_view
from moonshot_status.notify.payload import NotificationPayload, document, environment

OK, WARNING, CRITICAL, EMPTY, UNKNOWN = (
    Level.OK, Level.WARNING, Level.CRITICAL, Level.EMPTY, Level.UNKNOWN,
)  # fmt: skip
NOW = datetime(2026, 11, 22, 18, 46, 24, tzinfo=timezone.utc)
WORLD, CHINA = Region.INTERNATIONAL, Region.CHINA
THRESHOLDS = Thresholds(Decimal(5), Decimal(1), Decimal(7))
LOW = NotificationPayload(
    "work", WORLD, Balance(Decimal("4.20719")), THRESHOLDS, LevelChange(OK, WARNING)
)


def notification_of(
    available: str, previous: Level, level: Level, days_left: float | None = None
) -> NotificationPayload:
    change = LevelChange(previous, level)
    return replace(LOW, balance=Balance(Decimal(available)), change=change, days_left=days_left)


def view(name: str = "work", problem: Problem | None = None) -> View:
    account = Account(name, WORLD, thresholds=THRESHOLDS)
    return build_view(account, Status(Reading(Balance(Decimal("1.05")), NOW), problem), NOW)


@pytest.mark.parametrize(
    ("notification", "message"),
    [
        (LOW, "work: $4.20 left, at or below the warning mark of $5.00"),
        (
            notification_of("5", UNKNOWN, WARNING),
            "work: $5.00 left, at or below the warning mark of $5.00",
        ),
        (
            notification_of("0.3", OK, CRITICAL),
            "work: $0.30 left, at or below the critical mark of $1.00",
        ),
        (
            notification_of("0.001", CRITICAL, CRITICAL),
            "work: <$0.01 left, at or below the critical mark of $1.00",
        ),
        (
            notification_of("0", OK, EMPTY),
            "work: $0.00 left, calls are refused until the account is topped up",
        ),
        (
            notification_of("-1", OK, EMPTY),
            "work: −$1.00 left, calls are refused until the account is topped up",
        ),
        (notification_of("50", OK, WARNING, 2.99), "work: $50.00 left, enough for 2.9 days"),
        (
            notification_of("4", OK, WARNING, 2.99),
            "work: $4.00 left, at or below the warning mark of $5.00",
        ),
        (notification_of("50", WARNING, OK), "work: $50.00 left"),
        (notification_of("50", WARNING, OK, 99.0), "work: $50.00 left"),
        (
            notification_of("4", CRITICAL, WARNING),
            "work: $4.00 left, at or below the warning mark of $5.00",
        ),
        # Between the threshold and the margin above it there is no reason that would be true.
        (notification_of("1.05", EMPTY, CRITICAL), "work: $1.05 left"),
        (
            replace(LOW, region=CHINA),
            "work: ¥4.20 left, at or below the warning mark of ¥5.00",
        ),
    ],
)
def test_the_message(notification: NotificationPayload, message: str) -> None:
    assert notification.message == message
    assert notification.variables()["MOONSHOT_STATUS_MESSAGE"] == message


@pytest.mark.parametrize(
    ("notification", "message"),
    [
        (LOW, "work: warning"),
        (notification_of("50", OK, WARNING, 2.95), "work: warning, enough for 2.9 days"),
        (notification_of("50", WARNING, OK), "work: ok"),
        (
            notification_of("0", WARNING, EMPTY),
            "work: empty, calls are refused until the account is topped up",
        ),
    ],
)
def test_hidden_amounts_are_not_in_the_message(
    notification: NotificationPayload, message: str
) -> None:
    hidden = replace(notification, hide_amount=True)
    assert hidden.message == hidden.variables()["MOONSHOT_STATUS_MESSAGE"] == message
    assert hidden.variables()["MOONSHOT_STATUS_BALANCE"] == ""


def test_the_variables() -> None:
    notification = replace(LOW, days_left=2.99)
    assert notification.variables() == {
        "MOONSHOT_STATUS_ACCOUNT": "work",
        "MOONSHOT_STATUS_REGION": "international",
        "MOONSHOT_STATUS_CURRENCY": "USD",
        "MOONSHOT_STATUS_LEVEL": "warning",
        "MOONSHOT_STATUS_PREVIOUS_LEVEL": "ok",
        "MOONSHOT_STATUS_BALANCE": "$4.20",
        "MOONSHOT_STATUS_AVAILABLE": "4.20719",
        "MOONSHOT_STATUS_DAYS_LEFT": "2.9",
        "MOONSHOT_STATUS_MESSAGE": LOW.message,
        "MOONSHOT_STATUS_CONSOLE": "https://platform.kimi.ai/console/account",
    }
    assert LOW.variables()["MOONSHOT_STATUS_DAYS_LEFT"] == ""
    small = notification_of("1E-7", UNKNOWN, CRITICAL).variables()
    assert small["MOONSHOT_STATUS_AVAILABLE"] == "0.0000001"
    assert small["MOONSHOT_STATUS_PREVIOUS_LEVEL"] == "unknown"


@given(st.text(st.characters(exclude_categories=())))
def test_any_name_becomes_printable_and_short(name: str) -> None:
    for value in replace(LOW, name=name).variables().values():
        assert value.isprintable()
        assert len(value.encode()) < 400
    stdin = document(view(name), LOW.change)
    assert stdin.isascii()
    assert json.loads(stdin)["account"].isprintable()


def test_a_name_that_is_a_key_is_masked() -> None:
    assert "canary" not in str(replace(LOW, name=KEY).variables())
    assert b"canary" not in document(view(KEY), LOW.change)


def test_the_document_is_that_of_format_json_with_the_new_level() -> None:
    stdin = json.loads(document(view(), LevelChange(EMPTY, CRITICAL)))
    assert stdin["version"] == 1
    assert stdin["level"] == "critical"
    assert (stdin["account"], stdin["balance"]["available"]) == ("work", 1.05)


def test_the_document_fits_into_the_smallest_pipe_or_nearly() -> None:
    long = made_up_problem(Kind.OFFLINE, "😀" * 240, "😀" * 400)
    problem = build_view(
        Account("😀" * 5000, WORLD, thresholds=THRESHOLDS),
        Status(Reading(Balance(Decimal("1E-40")), NOW), long, NOW + timedelta(days=1)),
        NOW,
    )
    assert len(document(problem, LOW.change)) < 16_384
    assert len(document(view("😀" * 5000), LOW.change)) < 4096


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MOONSHOT_API_KEY", "anything"),
        ("MOONSHOT_KEY", ""),
        ("MOONSHOT_KEY", f"\ufeff'{KEY}'"),
        ("OTHER", KEY),
        ("OTHER", f"Bearer {KEY}"),
        ("OTHER", "sk-another1"),
        ("OTHER", '{"key":"sk-another1"}'),
        ("OTHER", f"https://example.org/sk-{'x' * 24}"),
        ("OTHER", "strange key!"),
        ("OTHER", "a strange key! within"),
        ("OTHER", " 'printed by the command'\n"),
        ("HTTPS_PROXY", "http://user:password@proxy.example:3128"),
        ("all_proxy", "user@proxy.example"),
        ("http_proxy", "socks5://u:p@h"),
    ],
)
def test_the_environment_has_no_secret(name: str, value: str) -> None:
    last_key = fingerprint("printed by the command")
    inherited = {name.encode(): value.encode(), b"PATH": b"/bin"}
    assert environment(inherited, "strange key!", last_key) == {b"PATH": b"/bin"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATH", "/home/sk-anders/bin:/usr/bin"),
        ("HOME", "/home/sk-anders"),
        ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus"),
        ("HTTPS_PROXY", "http://proxy.example:3128"),
        ("NO_PROXY", "localhost"),
        ("EMAIL", "me@example.org"),
        ("MOONSHOT_REGION", "china"),
        ("EMPTY", ""),
        ("DISK", "disk-usage task-force"),
    ],
)
def test_the_environment_keeps_everything_else(name: str, value: str) -> None:
    inherited = {name.encode(): value.encode(), b"\xff": b"\xff"}
    assert environment(inherited, "", fingerprint(KEY)) == inherited
