"""The View: everything that a bar can show of an account, as plain text in no bar's syntax."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from moonshot_status.core import causes
from moonshot_status.core.account import Account, Balance
from moonshot_status.core.errors import Problem
from moonshot_status.core.regions import Region
from moonshot_status.core.status import Status
from moonshot_status.core.text import one_line
from moonshot_status.core.thresholds import Level, Thresholds
from moonshot_status.display import status_text
from moonshot_status.display.words import Row
from moonshot_status.spending.forecast import Forecast

_NOTE_LENGTH = 400


@dataclass(frozen=True)
class View:
    """An account, or several side by side, as facts and as text.

    The facts are complete even if ``hide_amount`` keeps amounts out of the texts; ``account`` can
    contain any character. ``expired``: the balance is older than allowed; ``stale``: expired, and
    no newer balance can be fetched. ``problem`` is the current problem, ``retry_at`` (UTC) when
    the next attempt is allowed.

    The texts are plain text on one line each, with local times. ``headline`` is for the bar,
    ``short`` for a narrow bar, ``line`` has all amounts to the cent, and ``template_line`` is the
    user's template with its fields filled in, or None without a template. ``notes`` begin with
    the most important one. ``classes`` are for style sheets.

    ``refresh`` and ``toggle`` are the commands that refresh the balance and that hide or show
    amounts; empty if there is none. The View stays true until ``valid_until`` if nothing but time
    changes. ``members`` are the accounts of a View of several; they have the rows and the console.
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
        """One View for each account."""
        return self.members or (self,)

    @property
    def has_balance(self) -> bool:
        return any(section.balance for section in self.sections)

    @property
    def next_step(self) -> str:
        """The command that helps most with the first problem; empty without a problem."""
        problems = (section.problem for section in self.sections)
        return next((problem.next_step for problem in problems if problem), "")

    @property
    def unknown_account(self) -> str:
        """The message about an account that does not exist; empty if every account does."""
        problems = (section.problem for section in self.sections)
        unknown = (p for p in problems if p and p.cause is causes.UNKNOWN_ACCOUNT)
        return next((problem.message for problem in unknown), "")

    @property
    def console(self) -> str:
        """The URL of the page for topping up; empty if the region is unknown."""
        return self.region.console if self.region else ""


def build_view(
    account: Account, status: Status, now: datetime, refresh: tuple[str, ...] = (),
    advice: tuple[str, ...] = (), *, forecast: Forecast | None = None,
    show: tuple[str, ...] = (status_text.BALANCE_PART,), template: str = "",
    hide_amount: bool = False, toggle: tuple[str, ...] = (),
) -> View:  # fmt: skip
    """Return the View of an account's status as of ``now``.

    ``advice`` are the last of the notes. ``show`` names the parts of the headline.
    ``template`` is the user's valid template, or empty. With ``hide_amount`` no text contains an
    amount.
    """
    given = status_text.Input(account, status, now, forecast, show, hide_amount)
    notes = [*status_text.notes(given), *advice]
    return View(
        account=account.name, region=account.region, thresholds=account.thresholds,
        balance=given.balance, level=given.level, forecast=forecast, hide_amount=hide_amount,
        stale=status.stale, expired=status.expired,
        fetched_at=status.reading.fetched_at if status.reading else None,
        problem=status.problem, retry_at=status.retry_at,
        headline=status_text.headline(given), short=status_text.short(given),
        line=status_text.line(given),
        template_line=_template_line(given, template) if template else None,
        rows=tuple(status_text.rows(given)),
        notes=tuple(one_line(note, _NOTE_LENGTH) for note in notes if note),
        classes=tuple(status_text.classes(given)),
        refresh=refresh, toggle=toggle, valid_until=status_text.valid_until(given),
    )  # fmt: skip


def _template_line(given: status_text.Input, template_text: str) -> str:
    from moonshot_status.display import template

    return template.fill(template_text, status_text.template_fields(given))
