"""The status of an account as text: headline, rows, notes and classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from moonshot_status.core import money
from moonshot_status.core.account import Account, Balance
from moonshot_status.core.local_time import next_date_change
from moonshot_status.core.regions import Region
from moonshot_status.core.status import Status
from moonshot_status.core.text import one_line
from moonshot_status.core.thresholds import Level
from moonshot_status.display import forecast_text
from moonshot_status.display.words import SEPARATOR, Row, format_time
from moonshot_status.spending.forecast import Forecast

BALANCE_PART = "balance"
_NAME_LENGTH = 40
_AmountFormat = Callable[[Decimal, Region], str]


@dataclass(frozen=True)
class Input:
    """Everything that the texts depend on.

    ``show`` has the names of the parts of the headline, and ``hide_amount`` leaves out amounts.
    """

    account: Account
    status: Status
    now: datetime
    forecast: Forecast | None
    show: tuple[str, ...]
    hide_amount: bool

    @property
    def balance(self) -> Balance | None:
        return self.status.reading.balance if self.status.reading else None

    @property
    def level(self) -> Level:
        if self.balance is None or self.account.thresholds is None:
            return Level.UNKNOWN
        return self.account.thresholds.level(self.balance.available, self.days_left)

    @property
    def runway_threshold(self) -> Decimal | None:
        return self.account.thresholds.runway_days if self.account.thresholds else None

    @property
    def days_left(self) -> float | None:
        return self.forecast.days_left(self.now) if self.forecast else None

    @property
    def bar_parts(self) -> dict[str, str]:
        region = self.account.region
        if self.forecast is None or region is None:
            return {}
        return forecast_text.bar_parts(self.forecast, region, self.now)


def valid_until(given: Input) -> datetime:
    """Return when a text or the level next changes as time passes, at midnight at the latest."""
    # At midnight, times change to include their date.
    moments = [next_date_change(given.now)]
    if given.status.changes_at:
        moments.append(given.status.changes_at)
    if given.forecast:
        change = forecast_text.next_change(given.forecast, given.runway_threshold, given.now)
        moments += [change] if change else []
    return min(moments)


def headline(given: Input) -> str:
    """Return the text for the bar, with large amounts shortened."""
    return _headline(given, money.format_bar_balance, money.format_bar_deficit)


def line(given: Input) -> str:
    """Return the headline with all amounts to the cent."""
    return _headline(given, money.format_balance, money.format_deficit)


def _headline(given: Input, balance: _AmountFormat, deficit: _AmountFormat) -> str:
    status, region, parts = given.status, given.account.region, [money.UNKNOWN]
    if status.reading and region:
        parts = _shown_parts(given, balance(status.reading.balance.available, region))
        if status.reading.balance.deficit:
            missing = "" if given.hide_amount else deficit(status.reading.balance.deficit, region)
            parts.append(f"{missing} in deficit".strip())
        if status.expired or status.stale:
            parts.append(f"as of {format_time(status.reading.fetched_at, given.now)}")
    if status.problem:
        parts.append(status.problem.kind.label)
    return SEPARATOR.join(parts)


def _shown_parts(given: Input, balance: str) -> list[str]:
    """Return the known parts among those to show, in their order, or else the balance."""
    parts = given.bar_parts
    if given.hide_amount:
        balance, parts = given.level.value, {"runway": parts.get("runway", "")}
    parts[BALANCE_PART] = balance
    return [parts[name] for name in given.show if parts.get(name)] or [balance]


def short(given: Input) -> str:
    """Return the text for a narrow bar; with a question mark after an old balance."""
    status, region = given.status, given.account.region
    if status.reading is None or region is None:
        return status.problem.kind.label if status.problem else money.UNKNOWN
    suffix = "?" if status.stale or status.expired else ""
    amount = money.format_short_balance(status.reading.balance.available, region)
    return (given.level.value if given.hide_amount else amount) + suffix


def template_fields(given: Input) -> dict[str, str]:
    """Return the fields of the user's template by name; unknown ones are empty."""
    region, problem = given.account.region, given.status.problem
    by_name = {row.name: row.value for row in rows(given)}
    return {
        "account": one_line(given.account.name, _NAME_LENGTH),
        "region": region.value if region else "",
        "currency": region.currency if region else "",
        "level": given.level.value,
        "balance": by_name.get("available", given.level.value if given.balance else money.UNKNOWN),
        "voucher": by_name.get("voucher", ""),
        "cash": by_name.get("cash", ""),
        "deficit": by_name.get("deficit", ""),
        "runway": given.bar_parts.get("runway", ""),
        "per_day": by_name.get("per_day", ""),
        "spent_today": by_name.get("spent_today", ""),
        "as_of": by_name.get("as_of", ""),
        "problem": problem.kind.label if problem else "",
        "bar": headline(given),
    }


def rows(given: Input) -> Iterator[Row]:
    """Yield the rows of tooltips and menus, without amounts if they are hidden."""
    return (row for row in _all_rows(given) if not (given.hide_amount and row.is_amount))


def _all_rows(given: Input) -> Iterator[Row]:
    balance, region = given.balance, given.account.region
    if balance and region:
        amounts = [
            ("available", "Available", money.format_balance(balance.available, region)),
            ("voucher", "Voucher", money.format_balance(balance.voucher, region)),
            ("cash", "Cash", money.format_balance(balance.cash, region)),
        ]
        if balance.deficit:
            amounts.append(("deficit", "Deficit", money.format_deficit(balance.deficit, region)))
        for name, label, amount in amounts:
            yield Row(name, label, amount, is_amount=True)
        if given.forecast and balance.available > 0:
            yield from forecast_text.rows(given.forecast, region, given.now)
    region_suffix = SEPARATOR + region.value if region else ""
    yield Row("account", "Account", one_line(given.account.name, _NAME_LENGTH) + region_suffix)
    if given.status.reading:
        yield Row("as_of", "As of", format_time(given.status.reading.fetched_at, given.now))


def notes(given: Input) -> Iterator[str]:
    """Yield the notes below the headline, the most important one first; some may be empty."""
    status = given.status
    if given.level is Level.EMPTY:
        yield "Calls are refused until the account is topped up"
    if status.problem:
        yield status.problem.message
        yield status.problem.hint
    if status.retry_at and status.retry_at > given.now:
        yield f"Asked again after {format_time(status.retry_at, given.now)}"
    if given.level in (Level.WARNING, Level.CRITICAL):
        yield _threshold_note(given)


def _threshold_note(given: Input) -> str:
    """Return which threshold was reached, or an empty text if the currency is unknown."""
    balance, thresholds, region = given.balance, given.account.thresholds, given.account.region
    if balance is None or thresholds is None or region is None:
        return ""
    if thresholds.level(balance.available) is Level.OK:
        return f"At or below the mark of {given.runway_threshold} days, at the usual pace"
    if given.hide_amount:
        return f"At or below the {given.level.value} mark"
    threshold = getattr(thresholds, given.level.value)
    return f"At or below the {given.level.value} mark of {money.format_balance(threshold, region)}"


def classes(given: Input) -> Iterator[str]:
    """Yield the classes for style sheets: the level, and every state that applies."""
    yield given.level.value
    if given.status.stale:
        yield "stale"
    if given.balance and given.balance.deficit:
        yield "deficit"
    if given.status.problem:
        yield given.status.problem.kind.value
