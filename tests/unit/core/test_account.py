"""Accounts, thresholds, deficits and fingerprints."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.support import KEY

from moonshot_status.core.account import Account, Balance, Secret, fingerprint
from moonshot_status.core.regions import Region
from moonshot_status.core.thresholds import Level, Thresholds

THRESHOLDS = Thresholds(Decimal(5), Decimal(1))
AMOUNTS = st.decimals("-100", "100", places=5)


@pytest.mark.parametrize(
    ("region", "facts"),
    [
        (
            Region.INTERNATIONAL,
            ("api.moonshot.ai", "USD", "$", "https://platform.kimi.ai/console/account"),
        ),
        (
            Region.CHINA,
            ("api.moonshot.cn", "CNY", "¥", "https://platform.kimi.com/console/account"),
        ),
    ],
)
def test_a_region_decides_host_currency_and_console(region: Region, facts: tuple[str, ...]) -> None:
    assert (region.host, region.currency, region.sign, region.console) == facts


@pytest.mark.parametrize(
    ("available", "level"),
    [
        ("5.00001", Level.OK),
        ("5", Level.WARNING),
        ("1.00001", Level.WARNING),
        ("1", Level.CRITICAL),
        ("0.00001", Level.CRITICAL),
        ("0", Level.EMPTY),
        ("-0.0", Level.EMPTY),
        ("-3", Level.EMPTY),
    ],
)
def test_at_or_below_a_threshold_counts(available: str, level: Level) -> None:
    assert THRESHOLDS.level(Decimal(available)) is level


def test_thresholds_of_zero_leave_only_ok_and_empty() -> None:
    nothing = Thresholds(Decimal(0), Decimal(0))
    assert nothing.level(Decimal("0.00001")) is Level.OK
    assert nothing.level(Decimal(0)) is Level.EMPTY


@pytest.mark.parametrize(
    ("cash", "deficit"), [("-31.14918", "31.14918"), ("-1e-40", "1e-40"), ("0", None), ("3", None)]
)
def test_a_deficit_is_negative_cash_as_a_positive_amount(cash: str, deficit: str | None) -> None:
    balance = Balance(Decimal(0), Decimal(0), Decimal(cash))
    assert balance.deficit == (None if deficit is None else Decimal(deficit))


def test_missing_cash_is_no_deficit() -> None:
    assert Balance(Decimal(0)).deficit is None


@given(AMOUNTS, AMOUNTS)
def test_more_money_is_never_a_worse_level(one: Decimal, other: Decimal) -> None:
    order = [Level.EMPTY, Level.CRITICAL, Level.WARNING, Level.OK]
    less, more = sorted([one, other])
    assert order.index(THRESHOLDS.level(less)) <= order.index(THRESHOLDS.level(more))


ACCOUNT = Account("work", Region.INTERNATIONAL, "https://api.moonshot.ai", Secret(KEY))


@pytest.mark.parametrize(
    "other",
    [
        Account("work", Region.CHINA, "https://api.moonshot.ai", Secret(KEY)),
        Account("work", None, "https://api.moonshot.ai", Secret(KEY)),
        Account("work", Region.INTERNATIONAL, "https://api.example.org", Secret(KEY)),
        Account("work", Region.INTERNATIONAL, "https://api.moonshot.ai", Secret(KEY + "0")),
        Account("work", Region.INTERNATIONAL, "https://api.moonshot.ai", Secret(command=(KEY,))),
    ],
)
def test_another_region_host_or_key_is_another_account(other: Account) -> None:
    assert other.identity != ACCOUNT.identity


def test_a_name_and_thresholds_do_not_make_another_account() -> None:
    renamed = Account("play", ACCOUNT.region, ACCOUNT.base_url, ACCOUNT.secret, THRESHOLDS)
    assert renamed.identity == ACCOUNT.identity


def test_neither_repr_nor_identity_tells_the_key() -> None:
    command = Account("work", secret=Secret(command=("echo", KEY)))
    for account in (ACCOUNT, command):
        assert "canary" not in repr(account) + str(account) + account.identity


def test_nouns_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        ACCOUNT.secret.key = ""  # type: ignore[misc]


@given(st.lists(st.text()), st.lists(st.text()))
def test_different_parts_have_different_fingerprints(one: list[str], other: list[str]) -> None:
    assert (fingerprint(*one) == fingerprint(*other)) == (one == other)


@given(st.lists(st.text(), min_size=2, max_size=4))
def test_joined_parts_have_another_fingerprint(parts: list[str]) -> None:
    assert fingerprint(*parts) != fingerprint("".join(parts))


@pytest.mark.parametrize(
    ("days", "few", "level"),
    [
        (2.9, "3", Level.WARNING), (3.0, "3", Level.WARNING), (3.1, "3", Level.OK),
        (None, "3", Level.OK), (0.1, None, Level.OK),
    ],
)  # fmt: skip
def test_money_without_time_is_a_warning(days: float | None, few: str | None, level: Level) -> None:
    thresholds = Thresholds(Decimal(5), Decimal(1), Decimal(few) if few else None)
    assert thresholds.level(Decimal(100), days) is level
    assert thresholds.level(Decimal(1), days) is Level.CRITICAL
