"""A check for Nagios and Icinga: a status line with performance data, and notes below it.

The syntax and the exit codes are those of the Monitoring Plugins Development Guidelines. There a
lower threshold is the range ``10:``, which alerts below 10, while the status also counts 10.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from moonshot_status.core.thresholds import Level
from moonshot_status.display.view import View
from moonshot_status.formats import Reply, _names

WAITS_FOR_REQUEST = True

_STATUS_NAMES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
_CODES = {Level.OK: 0, Level.WARNING: 1, Level.CRITICAL: 2, Level.EMPTY: 2, Level.UNKNOWN: 3}
_STALE_CODE = 1
# "|" begins performance data, and web interfaces read "<" as the start of a tag.
_LOOK_ALIKES = str.maketrans({"|": "∣", "<": "‹", ">": "›"})
# "=" and "'" end a label, and "::" in a label is syntax in Icinga.
_INVALID_IN_LABEL = re.compile(r"[^\w .@-]")

# A check is run again for each update.
update = None


def render(view: View) -> Reply:
    """Return the lines; the exit code is that of the level, at least a warning if stale."""
    code = max(_CODES[view.level], _STALE_CODE if view.stale else 0)
    text = f"{_STATUS_NAMES[code]}: {view.line}".translate(_LOOK_ALIKES)
    data = " ".join(_performance_data(view))
    first = f"{text} | {data}" if data else text
    notes = [note.translate(_LOOK_ALIKES) for note in view.notes]
    return Reply("".join(f"{line}\n" for line in [first, *notes]), code)


def _performance_data(view: View) -> Iterator[str]:
    """Yield the known values; those of several accounts are prefixed with the account's name."""
    names = _names.labels(view, partial(_INVALID_IN_LABEL.sub, "_"))
    for name, section in zip(names, view.sections, strict=True):
        prefix = f"{name} " if view.members else ""
        for label, value in _values(section):
            yield f"'{prefix}{label}'={value}"


def _values(view: View) -> Iterator[tuple[str, str]]:
    """Yield labels, and values with their thresholds."""
    thresholds = view.thresholds
    if view.balance and not view.hide_amount:
        ranges = f";{thresholds.warning:f}:;{thresholds.critical:f}:" if thresholds else ""
        yield "available", f"{view.balance.available:f}{ranges}"
        for label, amount in (("voucher", view.balance.voucher), ("cash", view.balance.cash)):
            if amount is not None:
                yield label, f"{amount:f}"
    if view.forecast and view.forecast.runway.zero_at and view.fetched_at:
        days = thresholds.runway_days if thresholds else None
        seconds = (view.forecast.runway.zero_at - view.fetched_at) // timedelta(seconds=1)
        yield "runway", f"{seconds}s" + ("" if days is None else f";{days * 86400:.0f}:")
