"""A chart for the terminal: closing balances as blocks, and spending below them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
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
class _Column:
    """One day, or several consecutive days if there is no room for each."""

    first_day: date
    closing: Decimal
    spent: Decimal
    has_credit: bool


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
    room = min(max(width, _MIN_WIDTH), _MAX_WIDTH) - _LABEL_WIDTH - 2
    days_per_column = -(-len(history.days) // room)
    columns = _columns(history.days, days_per_column)
    bar = min(room // len(columns), _MAX_BAR_WIDTH)
    lines = [
        f"{one_line(history.account, 30)} · {history.region.value}",
        "",
        _balance_title(columns),
        *_balances(columns, bar, history.region),
        "",
        "spent each day" if days_per_column == 1 else f"spent in {days_per_column} days each",
        *_spending(columns, bar, history.region),
        *_dates(columns, bar, room),
        "",
        _summary(history),
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _columns(days: Sequence[Day], days_per_column: int) -> list[_Column]:
    starts = range(0, len(days), days_per_column)
    groups = [days[start : start + days_per_column] for start in starts]
    sums = [(group[0].date, total(group)) for group in groups]
    return [
        _Column(first_day, group.closing, group.spent, group.topped_up + group.granted > 0)
        for first_day, group in sums
    ]


def _balance_title(columns: list[_Column]) -> str:
    title = "closing balance"
    if any(column.has_credit for column in columns):
        title += f", {_CREDIT_SIGN} with money that came in"
    return title


def _balances(columns: list[_Column], bar: int, region: Region) -> list[str]:
    axis = "".join(
        (_CREDIT_SIGN if column.has_credit else "─") + "─" * (bar - 1) for column in columns
    )
    values = [column.closing for column in columns]
    return _panel(values, _MAX_BALANCE_ROWS, axis, (bar, bar), region)


def _spending(columns: list[_Column], bar: int, region: Region) -> list[str]:
    # Leave a gap between bars that are wide enough.
    filled = max(bar - 1, 1)
    axis = "─" * (bar * len(columns))
    values = [column.spent for column in columns]
    return _panel(values, _MAX_SPENT_ROWS, axis, (filled, bar), region)


def _panel(
    values: list[Decimal], rows: int, axis: str, bar: tuple[int, int], region: Region
) -> list[str]:
    """Return bars above and below an axis; ``bar`` is their width without and with the gap."""
    scale = _scale(values, rows)
    above = [
        _label(scale, row, region) + _row(values, scale, row, bar)
        for row in range(scale.above * scale.rows, 0, -1)
    ]
    below = [
        _label(scale, -row, region) + _row(values, scale, -row, bar)
        for row in range(1, scale.below * scale.rows + 1)
    ]
    return [*above, f"{format_axis_mark(_ZERO, region):>{_LABEL_WIDTH}} ┼{axis}", *below]


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
    """Return the axis label of a row; 1 is the first above zero, -1 the first below."""
    ticks, rest = divmod(row, scale.rows)
    amount = "" if rest else format_axis_mark(ticks * scale.step, region)
    return f"{amount:>{_LABEL_WIDTH}} {'│' if rest else '┤'}"


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


def _dates(columns: list[_Column], bar: int, room: int) -> list[str]:
    """Return a line of ticks below the axis, and a line of dates."""
    step = -(-_MIN_DATE_DISTANCE // bar)
    indexes = [i for i in range(0, len(columns), step) if i * bar + _DATE_WIDTH <= room]
    tick, labels = "╵".ljust(step * bar), [str(columns[i].first_day) for i in indexes]
    margin = " " * (_LABEL_WIDTH + 2)
    return [
        margin + tick * len(indexes),
        margin + "".join(label.ljust(step * bar) for label in labels),
    ]


def _summary(history: DailyHistory) -> str:
    sums, region = total(history.days), history.region
    parts = [
        f"{history.days[0].date} to {sums.date}",
        f"spent {format_bar_deficit(sums.spent, region)}",
        f"closing {format_bar_balance(sums.closing, region)}",
    ]
    return " · ".join(parts)
