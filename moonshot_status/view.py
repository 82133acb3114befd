"""What every bar may say, already worded, and in no bar's syntax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal

from moonshot_status.account import Account, Balance, Level, Region
from moonshot_status.errors import Problem
from moonshot_status.money import (
    UNKNOWN,
    balance_words,
    bar_balance_words,
    bar_deficit_words,
    deficit_words,
    short_words,
)
from moonshot_status.status import Status
from moonshot_status.text import one_line

_SEPARATOR = " · "
_Words = Callable[[Decimal, Region], str]


@dataclass(frozen=True)
class Row:
    """One line of a tooltip or a menu; amounts are lined up on their decimal points."""

    label: str
    value: str
    is_amount: bool = False


@dataclass(frozen=True)
class View:
    """One account as it is shown.

    The facts are as they were read; ``account`` may hold any character. All the words are plain
    text on one line each, and their times are local. ``headline`` is for the bar, ``short`` for a
    narrow one, ``line`` has every amount in full. Of the ``notes`` the worst news comes first.
    ``refresh`` is the command that asks the API now, empty where there is nothing to ask. ``until``
    is how long all this holds if nothing but time changes.
    """

    account: str
    region: Region | None
    balance: Balance | None
    level: Level
    stale: bool
    fetched_at: datetime | None
    problem: Problem | None
    retry_at: datetime | None
    headline: str
    short: str
    line: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    classes: tuple[str, ...]
    refresh: tuple[str, ...]
    until: datetime

    @property
    def console(self) -> str:
        """The page for topping up; empty where the region is not known."""
        return self.region.console if self.region else ""


def view_of(
    account: Account,
    status: Status,
    now: datetime,
    refresh: tuple[str, ...] = (),
    advice: str = "",
) -> View:
    """Word the status of the account as it is at ``now``; ``advice`` is the last of the notes."""
    balance = status.reading.balance if status.reading else None
    level = Level.UNKNOWN
    if balance and account.thresholds:
        level = balance.level(account.thresholds)
    return View(
        account=account.name,
        region=account.region,
        balance=balance,
        level=level,
        stale=status.stale,
        fetched_at=status.reading.fetched_at if status.reading else None,
        problem=status.problem,
        retry_at=status.retry_at,
        headline=_headline(account, status, now, bar_balance_words, bar_deficit_words),
        short=_short(account, status),
        line=_headline(account, status, now, balance_words, deficit_words),
        rows=_rows(account, status, now),
        notes=(*_notes(account, level, status, now), *([advice] if advice else [])),
        classes=_classes(level, status, balance),
        refresh=refresh,
        until=min(status.changes_at or _midnight(now), _midnight(now)),
    )


def clock_words(moment: datetime, now: datetime) -> str:
    """The local time of day, with the date when that is not today's."""
    local, today = moment.astimezone(), now.astimezone().date()
    return local.strftime("%H:%M" if local.date() == today else "%Y-%m-%d %H:%M")


def _midnight(now: datetime) -> datetime:
    """The next one where the user is: times of another day are worded with their date."""
    tomorrow = now.astimezone().date() + timedelta(days=1)
    return datetime.combine(tomorrow, time()).astimezone()


def _headline(
    account: Account, status: Status, now: datetime, balance: _Words, deficit: _Words
) -> str:
    parts = [UNKNOWN]
    if status.reading and account.region:
        parts = [balance(status.reading.balance.available, account.region)]
        if status.reading.balance.deficit:
            missing = deficit(status.reading.balance.deficit, account.region)
            parts.append(f"{missing} in deficit")
        if status.expired or status.stale:
            parts.append(f"as of {clock_words(status.reading.fetched_at, now)}")
    if status.problem:
        parts.append(status.problem.kind.label)
    return _SEPARATOR.join(parts)


def _short(account: Account, status: Status) -> str:
    if status.reading is None or account.region is None:
        return status.problem.kind.label if status.problem else UNKNOWN
    doubt = "?" if status.stale or status.expired else ""
    return short_words(status.reading.balance.available, account.region) + doubt


def _rows(account: Account, status: Status, now: datetime) -> tuple[Row, ...]:
    rows = []
    if status.reading and account.region:
        region, balance = account.region, status.reading.balance
        rows.append(Row("Available", balance_words(balance.available, region), is_amount=True))
        rows.append(Row("Voucher", balance_words(balance.voucher, region), is_amount=True))
        rows.append(Row("Cash", balance_words(balance.cash, region), is_amount=True))
        if balance.deficit:
            rows.append(Row("Deficit", deficit_words(balance.deficit, region), is_amount=True))
    where = _SEPARATOR + account.region.value if account.region else ""
    rows.append(Row("Account", one_line(account.name, 40) + where))
    if status.reading:
        rows.append(Row("As of", clock_words(status.reading.fetched_at, now)))
    return tuple(rows)


def _notes(account: Account, level: Level, status: Status, now: datetime) -> tuple[str, ...]:
    notes = []
    if level is Level.EMPTY:
        notes.append("Calls are refused until the account is topped up")
    if status.problem:
        notes += [status.problem.message, status.problem.hint]
    if status.retry_at and status.retry_at > now:
        notes.append(f"Asked again after {clock_words(status.retry_at, now)}")
    if level in (Level.WARNING, Level.CRITICAL) and account.thresholds and account.region:
        limit = getattr(account.thresholds, level.value)
        notes.append(
            f"At or below the {level.value} mark of {balance_words(limit, account.region)}"
        )
    return tuple(one_line(note, 400) for note in notes if note)


def _classes(level: Level, status: Status, balance: Balance | None) -> tuple[str, ...]:
    classes = [level.value]
    if status.stale:
        classes.append("stale")
    if balance and balance.deficit:
        classes.append("deficit")
    if status.problem:
        classes.append(status.problem.kind.value)
    return tuple(classes)
