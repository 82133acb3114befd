"""What every bar may say, already worded, and in no bar's syntax."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from moonshot_status.core.account import Account, Balance
from moonshot_status.core.errors import Problem
from moonshot_status.core.money import (
    UNKNOWN,
    format_balance,
    format_bar_balance,
    format_bar_deficit,
    format_deficit,
    format_short_balance,
)
from moonshot_status.core.regions import Region
from moonshot_status.core.status import Status
from moonshot_status.core.text import one_line
from moonshot_status.core.thresholds import Level, Thresholds
from moonshot_status.display import forecast_text
from moonshot_status.display.words import SEPARATOR, Row, clock_words, midnight
from moonshot_status.spending.forecast import Forecast

_BALANCE = "balance"
_Words = Callable[[Decimal, Region], str]


@dataclass(frozen=True)
class View:
    """One account as it is shown.

    The facts are as they were read, also where ``hide_amount`` keeps them out of the words;
    ``account`` may hold any character. ``expired``: older than was asked for; ``stale``: that, and
    no newer balance can be had. All the words are plain text on one line each, and their times are
    local. ``headline`` is for the bar, ``short`` for a narrow one, ``line`` has every amount in
    full, and ``own`` is what the user's template makes of them; None without a template. Of the
    ``notes`` the worst news comes first. ``refresh`` is the command that asks the API now, and
    ``toggle`` the one that hides amounts or shows them; empty where there is none. ``until`` is how
    long all this holds if nothing but time changes. ``members`` are the accounts of a View that
    shows several side by side; rows, notes and console are theirs then.
    """

    account: str
    region: Region | None
    balance: Balance | None
    thresholds: Thresholds | None
    forecast: Forecast | None
    hide_amount: bool
    level: Level
    stale: bool
    expired: bool
    fetched_at: datetime | None
    problem: Problem | None
    retry_at: datetime | None
    headline: str
    short: str
    line: str
    template_line: str | None
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    classes: tuple[str, ...]
    refresh: tuple[str, ...]
    toggle: tuple[str, ...]
    valid_until: datetime
    members: tuple[View, ...] = ()

    @property
    def sections(self) -> tuple[View, ...]:
        """One for each account."""
        return self.members or (self,)

    @property
    def has_balance(self) -> bool:
        return any(section.balance for section in self.sections)

    @property
    def next_step(self) -> str:
        """The command that helps most; blank where nothing is wrong."""
        problems = (section.problem for section in self.sections)
        return next((problem.kind.next_step for problem in problems if problem), "")

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
    *,
    forecast: Forecast | None = None,
    show: tuple[str, ...] = (_BALANCE,),
    template: str = "",
    hide_amount: bool = False,
    toggle: tuple[str, ...] = (),
) -> View:
    """Word the status of the account as it is at ``now``; ``advice`` is the last of the notes.

    ``own`` is the user's template, without a mistake; empty if there is none. With
    ``hide_amount`` no word tells how much money there is; the facts stay as they are.
    """
    scene = _Input(account, status, now, forecast, show, hide_amount)
    return View(
        account=account.name,
        region=account.region,
        balance=scene.balance,
        thresholds=account.thresholds,
        forecast=forecast,
        hide_amount=hide_amount,
        level=scene.level,
        stale=status.stale,
        expired=status.expired,
        fetched_at=status.reading.fetched_at if status.reading else None,
        problem=status.problem,
        retry_at=status.retry_at,
        headline=_headline(scene, format_bar_balance, format_bar_deficit),
        short=_short(scene),
        line=_headline(scene, format_balance, format_deficit),
        template_line=_filled_template(scene, template) if template else None,
        rows=tuple(_rows(scene)),
        notes=tuple(one_line(note, 400) for note in [*_notes(scene), advice] if note),
        classes=tuple(_classes(scene)),
        refresh=refresh,
        toggle=toggle,
        valid_until=min(_changes(scene)),
    )


@dataclass(frozen=True)
class _Input:
    """All that the words depend on."""

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
    def few_days(self) -> Decimal | None:
        return self.account.thresholds.runway_days if self.account.thresholds else None

    @property
    def days_left(self) -> float | None:
        return self.forecast.days_left(self.now) if self.forecast else None


def _changes(scene: _Input) -> Iterator[datetime]:
    """When time alone may change any of this."""
    yield midnight(scene.now)
    if scene.status.changes_at:
        yield scene.status.changes_at
    if scene.forecast:
        yield forecast_text.changes_at(scene.forecast, scene.few_days, scene.now) or midnight(
            scene.now
        )


def _headline(scene: _Input, balance: _Words, deficit: _Words) -> str:
    status, region, parts = scene.status, scene.account.region, [UNKNOWN]
    if status.reading and region:
        parts = _parts(scene, region, balance(status.reading.balance.available, region))
        if status.reading.balance.deficit:
            missing = "" if scene.hide_amount else deficit(status.reading.balance.deficit, region)
            parts.append(f"{missing} in deficit".strip())
        if status.expired or status.stale:
            parts.append(f"as of {clock_words(status.reading.fetched_at, scene.now)}")
    if status.problem:
        parts.append(status.problem.kind.label)
    return SEPARATOR.join(parts)


def _parts(scene: _Input, region: Region, balance: str) -> list[str]:
    """What the bar shall show, in the order of the wish; the balance if nothing else is known."""
    known = forecast_text.in_the_bar(scene.forecast, region, scene.now) if scene.forecast else {}
    if scene.hide_amount:
        balance, known = scene.level.value, {"runway": known.get("runway", "")}
    known[_BALANCE] = balance
    return [known[name] for name in scene.show if known.get(name)] or [balance]


def _short(scene: _Input) -> str:
    status, region = scene.status, scene.account.region
    if status.reading is None or region is None:
        return status.problem.kind.label if status.problem else UNKNOWN
    doubt = "?" if status.stale or status.expired else ""
    amount = format_short_balance(status.reading.balance.available, region)
    return (scene.level.value if scene.hide_amount else amount) + doubt


def _filled_template(scene: _Input, line: str) -> str:
    from moonshot_status.display import template

    return template.fill(line, _template_fields(scene))


def _template_fields(scene: _Input) -> dict[str, str]:
    """What a template can be filled with; empty where nothing can be said."""
    region, problem = scene.account.region, scene.status.problem
    rows = {row.name: row.value for row in _rows(scene)}
    known = (
        forecast_text.in_the_bar(scene.forecast, region, scene.now)
        if scene.forecast and region
        else {}
    )
    return {
        "account": one_line(scene.account.name, 40),
        "region": region.value if region else "",
        "currency": region.currency if region else "",
        "level": scene.level.value,
        "balance": rows.get("available", scene.level.value if scene.balance else UNKNOWN),
        "voucher": rows.get("voucher", ""),
        "cash": rows.get("cash", ""),
        "deficit": rows.get("deficit", ""),
        "runway": known.get("runway", ""),
        "per_day": rows.get("per_day", ""),
        "spent_today": rows.get("spent_today", ""),
        "as_of": rows.get("as_of", ""),
        "problem": problem.kind.label if problem else "",
        "bar": _headline(scene, format_bar_balance, format_bar_deficit),
    }


def _rows(scene: _Input) -> Iterator[Row]:
    """All that may be shown: with hidden amounts, none of them."""
    return (row for row in _every_row(scene) if not (scene.hide_amount and row.is_amount))


def _every_row(scene: _Input) -> Iterator[Row]:
    balance, region = scene.balance, scene.account.region
    if balance and region:
        yield Row(
            "available", "Available", format_balance(balance.available, region), is_amount=True
        )
        yield Row("voucher", "Voucher", format_balance(balance.voucher, region), is_amount=True)
        yield Row("cash", "Cash", format_balance(balance.cash, region), is_amount=True)
        if balance.deficit:
            yield Row("deficit", "Deficit", format_deficit(balance.deficit, region), is_amount=True)
        if scene.forecast and balance.available > 0:
            yield from forecast_text.rows(scene.forecast, region, scene.now)
    where = SEPARATOR + region.value if region else ""
    yield Row("account", "Account", one_line(scene.account.name, 40) + where)
    if scene.status.reading:
        yield Row("as_of", "As of", clock_words(scene.status.reading.fetched_at, scene.now))


def _notes(scene: _Input) -> Iterator[str]:
    status = scene.status
    if scene.level is Level.EMPTY:
        yield "Calls are refused until the account is topped up"
    if status.problem:
        yield status.problem.message
        yield status.problem.hint
    if status.retry_at and status.retry_at > scene.now:
        yield f"Asked again after {clock_words(status.retry_at, scene.now)}"
    if scene.level in (Level.WARNING, Level.CRITICAL):
        yield _threshold_note(scene)


def _threshold_note(scene: _Input) -> str:
    """Which threshold was reached; blank where it cannot be worded."""
    balance, thresholds, region = scene.balance, scene.account.thresholds, scene.account.region
    if balance is None or thresholds is None or region is None:
        return ""
    if thresholds.level(balance.available) is Level.OK:
        return f"At or below the mark of {scene.few_days} days, at the usual pace"
    if scene.hide_amount:
        return f"At or below the {scene.level.value} mark"
    limit = getattr(thresholds, scene.level.value)
    return f"At or below the {scene.level.value} mark of {format_balance(limit, region)}"


def _classes(scene: _Input) -> Iterator[str]:
    yield scene.level.value
    if scene.status.stale:
        yield "stale"
    if scene.balance and scene.balance.deficit:
        yield "deficit"
    if scene.status.problem:
        yield scene.status.problem.kind.value
