"""Several accounts in one place: side by side, and never added up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from moonshot_status.core.text import one_line
from moonshot_status.core.thresholds import Level
from moonshot_status.display.view import View

# From good to bad.
_LEVELS = (Level.OK, Level.UNKNOWN, Level.WARNING, Level.CRITICAL, Level.EMPTY)
# A stroke that is no syntax in any bar.
_SEPARATOR = " │ "
_NAME_LENGTH = 16


def combine(views: Sequence[View]) -> View:
    """One View of all these; the worst level is its level. A single one stays as it is."""
    if len(views) == 1:
        return views[0]
    level = max((view.level for view in views), key=_LEVELS.index)
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
        template_line=_own(views),
        rows=(),
        notes=tuple(f"{_name(view)}: {note}" for view in views for note in view.notes),
        classes=tuple(_classes(level, views)),
        refresh=views[0].refresh,
        toggle=views[0].toggle,
        valid_until=min(view.valid_until for view in views),
        members=tuple(views),
    )


def _own(views: Sequence[View]) -> str | None:
    """Each account's own line, its usual one where it has none; what is empty takes no place."""
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
    """The worst level, and everything else that is true of one of them."""
    yield level.value
    levels = {level.value for level in Level}
    yield from dict.fromkeys(name for view in views for name in view.classes if name not in levels)
