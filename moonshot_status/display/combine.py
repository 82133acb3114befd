"""Combine several accounts into one View; balances are never added up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from moonshot_status.core.text import one_line
from moonshot_status.core.thresholds import FROM_GOOD_TO_BAD, Level
from moonshot_status.display.view import View

# An unknown balance is worse than a good one, and better than a low one.
_FROM_GOOD_TO_BAD = (FROM_GOOD_TO_BAD[0], Level.UNKNOWN, *FROM_GOOD_TO_BAD[1:])
# This character has no meaning in the syntax of any bar.
_SEPARATOR = " │ "
_NAME_LENGTH = 16


def combine(views: Sequence[View]) -> View:
    """Return one View of at least one account, with the worst of their levels."""
    if len(views) == 1:
        return views[0]
    level = max((view.level for view in views), key=_FROM_GOOD_TO_BAD.index)
    regions = {view.region for view in views}
    return View(
        account=", ".join(view.account for view in views),
        region=regions.pop() if len(regions) == 1 else None,
        balance=None,
        thresholds=None,
        forecast=None,
        hide_amount=views[0].hide_amount,
        level=level,
        stale=any(view.stale for view in views),
        expired=any(view.expired for view in views),
        fetched_at=min((view.fetched_at for view in views if view.fetched_at), default=None),
        problem=next((view.problem for view in views if view.problem), None),
        retry_at=None,
        headline=_SEPARATOR.join(f"{_name(view)} {view.headline}" for view in views),
        short=_SEPARATOR.join(view.short for view in views),
        line=_SEPARATOR.join(f"{_name(view)} {view.line}" for view in views),
        template_line=_template_line(views),
        rows=(),
        notes=tuple(f"{_name(view)}: {note}" for view in views for note in view.notes),
        classes=tuple(_classes(level, views)),
        refresh=views[0].refresh,
        toggle=views[0].toggle,
        valid_until=min(view.valid_until for view in views),
        members=tuple(views),
    )


def _template_line(views: Sequence[View]) -> str | None:
    """Join the accounts' template lines, with the headline of those without a template.

    Empty lines are left out. Returns None if no account has a template.
    """
    if all(view.template_line is None for view in views):
        return None
    lines = (
        f"{_name(view)} {view.headline}" if view.template_line is None else view.template_line
        for view in views
    )
    return _SEPARATOR.join(line for line in lines if line)


def _name(view: View) -> str:
    return one_line(view.account, _NAME_LENGTH) or "—"


def _classes(level: Level, views: Sequence[View]) -> Iterator[str]:
    """Yield the combined level, then every other class of an account once."""
    yield level.value
    levels = {level.value for level in Level}
    yield from dict.fromkeys(name for view in views for name in view.classes if name not in levels)
