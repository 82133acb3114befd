"""A check of Nagios and Icinga: a status line, performance data, and what is wrong below it.

The syntax and the exit codes are those of the Monitoring Plugins Development Guidelines. There a
low limit is the range ``10:``, which a value leaves below 10; the status counts 10 itself, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from moonshot_status.core.thresholds import Level
from moonshot_status.display.view import View
from moonshot_status.formats import Reply, _names

_STATUS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
_CODES = {Level.OK: 0, Level.WARNING: 1, Level.CRITICAL: 2, Level.EMPTY: 2, Level.UNKNOWN: 3}
_STALE = 1
# "|" begins performance data, and web interfaces take "<" for the begin of a tag.
_LOOK_ALIKES = str.maketrans({"|": "∣", "<": "‹", ">": "›"})
# "=" and "'" end a label, and "::" within one has a meaning of its own in Icinga.
_NO_LABEL = re.compile(r"[^\w .@-]")

# A check is run anew each time.
update = None


def render(view: View) -> Reply:
    code = max(_CODES[view.level], _STALE if view.stale else 0)
    text = f"{_STATUS[code]}: {view.line}".translate(_LOOK_ALIKES)
    data = " ".join(_performance_data(view))
    first = f"{text} | {data}" if data else text
    notes = [note.translate(_LOOK_ALIKES) for note in view.notes]
    return Reply("".join(f"{line}\n" for line in [first, *notes]), code)


def _performance_data(view: View) -> Iterator[str]:
    """Of each account what is known; of several, each value with its account's name."""
    for name, section in zip(_names.labels(view, _as_label), view.sections, strict=True):
        prefix = f"{name} " if view.members else ""
        for label, value in _values(section):
            yield f"'{prefix}{label}'={value}"


def _values(view: View) -> Iterator[tuple[str, str]]:
    limits = view.thresholds
    if view.balance and not view.hide_amount:
        low = f";{limits.warning:f}:;{limits.critical:f}:" if limits else ""
        yield "available", f"{view.balance.available:f}{low}"
        for label, amount in (("voucher", view.balance.voucher), ("cash", view.balance.cash)):
            if amount is not None:
                yield label, f"{amount:f}"
    if view.forecast and view.forecast.runway.zero_at and view.fetched_at:
        few = limits.runway_days if limits else None
        seconds = (view.forecast.runway.zero_at - view.fetched_at) // timedelta(seconds=1)
        yield "runway", f"{seconds}s" + ("" if few is None else f";{_seconds(few)}:")


def _seconds(days: Decimal) -> str:
    return f"{days * 86400:.0f}"


def _as_label(name: str) -> str:
    return _NO_LABEL.sub("_", name)
