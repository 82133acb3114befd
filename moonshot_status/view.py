"""What every bar may say, already worded, and in no bar's syntax."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from moonshot_status.account import Account, Balance, Level, Region
from moonshot_status.errors import Problem
from moonshot_status.money import UNKNOWN, balance_words, deficit_words
from moonshot_status.status import Status
from moonshot_status.text import one_line

_SEPARATOR = " · "


@dataclass(frozen=True)
class View:
    """One account as it is shown.

    The facts are as they were read; ``account`` may hold any character. All the words are plain
    text on one line each, and their times are local. ``short`` is the headline for a narrow bar.
    ``refresh`` is the command that asks the API now, empty where there is nothing to ask.
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
    rows: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    classes: tuple[str, ...]
    refresh: tuple[str, ...]

    @property
    def console(self) -> str:
        """The page for topping up; empty where the region is not known."""
        return self.region.console if self.region else ""


def view_of(account: Account, status: Status, now: datetime, refresh: tuple[str, ...] = ()) -> View:
    """Word the status of the account as it is at ``now``."""
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
        headline=_headline(account, status, now),
        short=_short(account, status),
        rows=_rows(account, status, now),
        notes=_notes(level, status, now),
        classes=_classes(level, status, balance),
        refresh=refresh,
    )


def clock_words(moment: datetime, now: datetime) -> str:
    """The local time of day, with the date when that is not today's."""
    local, today = moment.astimezone(), now.astimezone().date()
    return local.strftime("%H:%M" if local.date() == today else "%Y-%m-%d %H:%M")


def _headline(account: Account, status: Status, now: datetime) -> str:
    parts = [_amount(account, status)]
    balance = status.reading.balance if status.reading else None
    if balance and balance.deficit and account.region:
        parts.append(f"{deficit_words(balance.deficit, account.region)} in deficit")
    if status.reading and (status.expired or status.stale):
        parts.append(f"as of {clock_words(status.reading.fetched_at, now)}")
    if status.problem:
        parts.append(status.problem.kind.label)
    return _SEPARATOR.join(parts)


def _short(account: Account, status: Status) -> str:
    if status.reading is None and status.problem:
        return status.problem.kind.label
    return _amount(account, status) + ("?" if status.stale or status.expired else "")


def _amount(account: Account, status: Status) -> str:
    if status.reading is None or account.region is None:
        return UNKNOWN
    return balance_words(status.reading.balance.available, account.region)


def _rows(account: Account, status: Status, now: datetime) -> tuple[tuple[str, str], ...]:
    rows = []
    if status.reading and account.region:
        region, balance = account.region, status.reading.balance
        rows.append(("Available", balance_words(balance.available, region)))
        rows.append(("Voucher", balance_words(balance.voucher, region)))
        rows.append(("Cash", balance_words(balance.cash, region)))
        if balance.deficit:
            rows.append(("Deficit", deficit_words(balance.deficit, region)))
    where = _SEPARATOR + account.region.value if account.region else ""
    rows.append(("Account", one_line(account.name, 40) + where))
    if status.reading:
        rows.append(("As of", clock_words(status.reading.fetched_at, now)))
    return tuple(rows)


def _notes(level: Level, status: Status, now: datetime) -> tuple[str, ...]:
    notes = []
    if level is Level.EMPTY:
        notes.append("Calls are refused until the account is topped up")
    if status.problem:
        notes.append(status.problem.message)
        notes.append(status.problem.hint)
    if status.retry_at and status.retry_at > now:
        notes.append(f"Asked again after {clock_words(status.retry_at, now)}")
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
