"""A chart for the terminal: the closing balances as blocks, and below them what was spent."""

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

_NARROWEST, _WIDEST = 64, 120
_WIDEST_BAR = 12
# Beside the axis there is room for its amounts; the longest has eight characters.
_GUTTER = 8
# From the beginning of one date to that of the next there is at least this much room.
_DATE, _DATE_ROOM = len("2026-11-01"), 14
# By eighths: what stands on the axis, and what hangs from it, for which there are fewer blocks.
_STANDING = " ▁▂▃▄▅▆▇█"
_HANGING = " ▔▔▔▀▀▀▀█"
_PAID_IN = "▲"
# How many rows the balances have at most, and what was spent.
_BALANCE_ROWS, _SPENT_ROWS = 10, 4
_ZERO = Decimal(0)


@dataclass(frozen=True)
class _Column:
    """One day, or several that follow one another where there is no room for each."""

    begins: date
    closing: Decimal
    spent: Decimal
    is_paid_in: bool


@dataclass(frozen=True)
class _Scale:
    """An axis with a mark at every ``step``: so many above zero and below it, ``rows`` apart."""

    step: Decimal
    above: int
    below: int
    rows: int


def render(history: DailyHistory, width: int) -> str:
    """The chart of at least one day, for a terminal of so many columns."""
    room = min(max(width, _NARROWEST), _WIDEST) - _GUTTER - 2
    together = -(-len(history.days) // room)
    columns = _columns(history.days, together)
    bar = min(room // len(columns), _WIDEST_BAR)
    lines = [
        f"{one_line(history.account, 30)} · {history.region.value}",
        "",
        _balance_title(columns),
        *_balances(columns, bar, history.region),
        "",
        "spent each day" if together == 1 else f"spent in {together} days each",
        *_spends(columns, bar, history.region),
        *_dates(columns, bar, room),
        "",
        _summary(history),
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _columns(days: Sequence[Day], together: int) -> list[_Column]:
    groups = [days[first : first + together] for first in range(0, len(days), together)]
    wholes = [(group[0].date, total(group)) for group in groups]
    return [
        _Column(begins, whole.closing, whole.spent, whole.topped_up + whole.granted > 0)
        for begins, whole in wholes
    ]


def _balance_title(columns: list[_Column]) -> str:
    title = "closing balance"
    if any(column.is_paid_in for column in columns):
        title += f", {_PAID_IN} with money that came in"
    return title


def _balances(columns: list[_Column], bar: int, region: Region) -> list[str]:
    axis = "".join((_PAID_IN if column.is_paid_in else "─") + "─" * (bar - 1) for column in columns)
    values = [column.closing for column in columns]
    return _panel(values, _BALANCE_ROWS, axis, (bar, bar), region)


def _spends(columns: list[_Column], bar: int, region: Region) -> list[str]:
    # A gap between the bars, where there is room for one, tells the days apart.
    filled = max(bar - 1, 1)
    axis = "─" * (bar * len(columns))
    values = [column.spent for column in columns]
    return _panel(values, _SPENT_ROWS, axis, (filled, bar), region)


def _panel(
    values: list[Decimal], rows: int, axis: str, bar: tuple[int, int], region: Region
) -> list[str]:
    """Bars over an axis and under it; each is so wide, and takes so much room."""
    scale = _scale(values, rows)
    above = [
        _label(scale, row, region) + _row(values, scale, row, bar)
        for row in range(scale.above * scale.rows, 0, -1)
    ]
    below = [
        _label(scale, -row, region) + _row(values, scale, -row, bar)
        for row in range(1, scale.below * scale.rows + 1)
    ]
    return [*above, f"{format_axis_mark(_ZERO, region):>{_GUTTER}} ┼{axis}", *below]


def _scale(values: list[Decimal], rows: int) -> _Scale:
    """The finest scale, from a cent on, whose marks are at least two rows apart."""
    highest, lowest = max(_ZERO, *values), min(_ZERO, *values)
    steps = (
        Decimal((0, (digit,), exponent)) for exponent in itertools.count(-2) for digit in (1, 2, 5)
    )
    marks = ((step, _marks(highest, step), _marks(-lowest, step)) for step in steps)
    step, above, below = next(found for found in marks if found[1] + found[2] <= rows // 2)
    return _Scale(step, above, below, rows // max(above + below, 1))


def _marks(size: Decimal, step: Decimal) -> int:
    return int((size / step).to_integral_value(ROUND_CEILING))


def _label(scale: _Scale, row: int, region: Region) -> str:
    """What stands at the outer edge of a row: 1 is the first above zero, -1 the first below."""
    marks, rest = divmod(row, scale.rows)
    words = "" if rest else format_axis_mark(marks * scale.step, region)
    return f"{words:>{_GUTTER}} {'│' if rest else '┤'}"


def _row(values: list[Decimal], scale: _Scale, row: int, bar: tuple[int, int]) -> str:
    blocks = _STANDING if row > 0 else _HANGING
    filled, wide = bar
    return "".join(
        (blocks[_eighths(value if row > 0 else -value, scale, abs(row))] * filled).ljust(wide)
        for value in values
    )


def _eighths(size: Decimal, scale: _Scale, row: int) -> int:
    """How much of a row is filled, from 0 to 8; whatever is more than nothing is to be seen."""
    if size <= 0:
        return 0
    height = max(int(size * scale.rows * 8 / scale.step), 1)
    return min(max(height - (row - 1) * 8, 0), 8)


def _dates(columns: list[_Column], bar: int, room: int) -> list[str]:
    """Marks below the axis, and the dates of the columns that begin there."""
    apart = -(-_DATE_ROOM // bar)
    places = [place for place in range(0, len(columns), apart) if place * bar + _DATE <= room]
    mark, words = "╵".ljust(apart * bar), [str(columns[place].begins) for place in places]
    margin = " " * (_GUTTER + 2)
    return [
        margin + mark * len(places),
        margin + "".join(word.ljust(apart * bar) for word in words),
    ]


def _summary(history: DailyHistory) -> str:
    whole, region = total(history.days), history.region
    parts = [
        f"{history.days[0].date} to {whole.date}",
        f"spent {format_bar_deficit(whole.spent, region)}",
        f"closing {format_bar_balance(whole.closing, region)}",
    ]
    return " · ".join(parts)
