"""A chart for the terminal: closing balances as blocks, and spending below them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from moonshot_status.core.money import format_axis_mark, format_bar_balance, format_bar_deficit
from moonshot_status.core.regions import Region
from moonshot_status.core.text import one_line
from moonshot_status.history import DailyHistory, total
from moonshot_status.spending.daily import Day

_MIN_WIDTH, _MAX_WIDTH = 64, 120
_MAX_BAR_WIDTH = 12
# The longest amount on an axis has eight characters.
_LABEL_WIDTH = 8
_DATE_WIDTH, _MIN_DATE_DISTANCE = len("2026-11-01"), 14
# By eighths of a row, above the axis and below it; Unicode has fewer blocks that hang.
_STANDING = " ▁▂▃▄▅▆▇█"
_HANGING = " ▔▔▔▀▀▀▀█"
_CREDIT_SIGN = "▲"
_MAX_BALANCE_ROWS, _MAX_SPENT_ROWS = 10, 4
_ZERO = Decimal(0)


@dataclass(frozen=True)
class _Scale:
    """An axis with a tick every ``step``, ``rows`` rows apart.

    ``above`` and ``below`` are the numbers of ticks above and below zero.
    """

    step: Decimal
    above: int
    below: int
    rows: int


def render(history: DailyHistory, width: int) -> str:
    """Return the chart of at least one day for a terminal of ``width`` columns."""
    days, region = history.days, history.region
    room = min(max(width, _MIN_WIDTH), _MAX_WIDTH) - _LABEL_WIDTH - 2
    # Several consecutive days share a column if there is no room for each.
    group = -(-len(days) // room)
    columns = [total(days[start : start + group]) for start in range(0, len(days), group)]
    bar = min(room // len(columns), _MAX_BAR_WIDTH)
    # Leave a gap between bars of spending that are wide enough.
    filled = max(bar - 1, 1)
    credited = [column.topped_up + column.granted > 0 for column in columns]
    axis = "".join((_CREDIT_SIGN if has_credit else "─").ljust(bar, "─") for has_credit in credited)
    explanation = f", {_CREDIT_SIGN} with money that came in" if any(credited) else ""
    closings, spent = [column.closing for column in columns], [column.spent for column in columns]
    lines = [
        f"{one_line(history.account, 30)} · {region.value}",
        "",
        f"closing balance{explanation}",
        *_panel(closings, _MAX_BALANCE_ROWS, axis, (bar, bar), region),
        "",
        "spent each day" if group == 1 else f"spent in {group} days each",
        *_panel(spent, _MAX_SPENT_ROWS, "─" * len(axis), (filled, bar), region),
        *_dates(days[::group], bar, room),
        "",
        _summary(history),
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _panel(
    values: list[Decimal], rows: int, axis: str, bar: tuple[int, int], region: Region
) -> list[str]:
    """Return bars above and below an axis; ``bar`` is their width without and with the gap."""
    scale = _scale(values, rows)
    numbers = range(scale.above * scale.rows, -scale.below * scale.rows - 1, -1)
    return [
        _label(scale, row, region) + (_row(values, scale, row, bar) if row else axis)
        for row in numbers
    ]


def _scale(values: list[Decimal], rows: int) -> _Scale:
    """Return the finest scale, from a cent on, whose ticks are at least two rows apart."""
    highest, lowest = max(_ZERO, *values), min(_ZERO, *values)
    steps = (
        Decimal((0, (digit,), exponent)) for exponent in itertools.count(-2) for digit in (1, 2, 5)
    )
    scales = ((step, _ticks(highest, step), _ticks(-lowest, step)) for step in steps)
    step, above, below = next(scale for scale in scales if scale[1] + scale[2] <= rows // 2)
    return _Scale(step, above, below, rows // max(above + below, 1))


def _ticks(size: Decimal, step: Decimal) -> int:
    return int((size / step).to_integral_value(ROUND_CEILING))


def _label(scale: _Scale, row: int, region: Region) -> str:
    """Return the axis label of a row; 0 is the axis, 1 the first above it, -1 the first below."""
    ticks, rest = divmod(row, scale.rows)
    amount = "" if rest else format_axis_mark(ticks * scale.step, region)
    line = "│" if rest else "┤" if row else "┼"
    return f"{amount:>{_LABEL_WIDTH}} {line}"


def _row(values: list[Decimal], scale: _Scale, row: int, bar: tuple[int, int]) -> str:
    blocks = _STANDING if row > 0 else _HANGING
    filled, width = bar
    return "".join(
        (blocks[_eighths(value if row > 0 else -value, scale, abs(row))] * filled).ljust(width)
        for value in values
    )


def _eighths(size: Decimal, scale: _Scale, row: int) -> int:
    """Return how much of a row is filled, from 0 to 8; a positive size fills at least 1."""
    if size <= 0:
        return 0
    height = max(int(size * scale.rows * 8 / scale.step), 1)
    return min(max(height - (row - 1) * 8, 0), 8)


def _dates(first_days: Sequence[Day], bar: int, room: int) -> list[str]:
    """Return a line of ticks below the axis, and a line of dates."""
    distance = -(-_MIN_DATE_DISTANCE // bar)
    shown = first_days[: (room - _DATE_WIDTH) // bar + 1 : distance]
    margin = " " * (_LABEL_WIDTH + 2)
    return [
        margin + "╵".ljust(distance * bar) * len(shown),
        margin + "".join(str(day.date).ljust(distance * bar) for day in shown),
    ]


def _summary(history: DailyHistory) -> str:
    sums, region = total(history.days), history.region
    parts = [
        f"{history.days[0].date} to {sums.date}",
        f"spent {format_bar_deficit(sums.spent, region)}",
        f"closing {format_bar_balance(sums.closing, region)}",
    ]
    return " · ".join(parts)
