"""The chart as a picture, drawn by matplotlib; this module alone imports it.

The same days make the same bytes: there is no date in the file, and no matplotlibrc has a say.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from moonshot_status.core.money import format_axis_mark, format_balance, format_deficit
from moonshot_status.core.regions import Region
from moonshot_status.core.text import one_line
from moonshot_status.history import DailyHistory, total
from moonshot_status.spending.daily import Day

_INCHES = (8.0, 4.5)
_BALANCE, _SPENT, _CAME, _LOST, _FAINT = "#2563a8", "#b8720a", "#2e7d32", "#c0392b", "#6b7280"
# Its keys are the names of matplotlib's own settings.
_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "moonshot-status",
    "svg.fonttype": "none",  # text stays text: to be searched, and in the reader's own fonts
    "font.size": 10,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "grid.color": "#e2e5e9",
    "xtick.color": _FAINT,
    "ytick.color": _FAINT,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.1,
    "figure.constrained_layout.w_pad": 0.1,
}
_CHINESE = ("Noto Sans CJK SC", "PingFang SC", "Hiragino Sans GB", "WenQuanYi Micro Hei")
_METADATA = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}
_MOST_DATES, _MOST_GAPS = 8, 120
_FIRST = date(1970, 1, 1)
# By the name of the amount: a word for the legend, the shape, and its colours.
_MARKS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "topped_up": ("topped up", "^", {"color": _CAME, "markersize": 8}),
    "granted": ("voucher given", "^", {"color": _CAME, "fillstyle": "none", "markersize": 8}),
    "ended": ("voucher lost", "v", {"color": _LOST, "markersize": 8}),
}


def draw(history: DailyHistory, ending: str) -> bytes:
    """The picture of at least one day, as ``svg`` or ``png``."""
    file = io.BytesIO()
    with matplotlib.rc_context(), warnings.catch_warnings():
        # For a character that no font has, a box is drawn; there is nothing to do about it.
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({**_STYLE, "font.family": _fonts()})
        _figure(history).savefig(file, format=ending, metadata=_METADATA[ending])
    return file.getvalue()


def _fonts() -> list[str]:
    """matplotlib's own, and for names in Chinese one of those that systems have, if it is there."""
    there = fontManager.get_font_names()
    return ["DejaVu Sans", *(name for name in _CHINESE if name in there)]


def _figure(history: DailyHistory) -> Figure:
    figure = Figure(figsize=_INCHES)
    figure.suptitle(
        f"{one_line(history.account, 40)} · {history.region.value}",
        x=0.012, ha="left", weight="bold", parse_math=False,
    )  # fmt: skip
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    _balances(upper, history)
    _spends(lower, history)
    lower.set_ylim(bottom=0)
    if all(day.closing >= 0 for day in history.days):
        upper.set_ylim(bottom=0)
    lower.set_xticks(*_dates(history.days))
    for axes in (upper, lower):
        _tidy(axes, history.region)
    return figure


def _tidy(axes: Axes, region: Region) -> None:
    """Amounts in the account's currency, a line at zero, and no frame."""
    axes.yaxis.set_major_formatter(partial(_amount, region=region))
    axes.tick_params(length=0, pad=6)
    axes.spines[:].set_visible(False)
    axes.axhline(0, color=_FAINT, linewidth=0.8, clip_on=False)
    axes.margins(x=0.01)


def _balances(axes: Axes, history: DailyHistory) -> None:
    """Each day's closing balance as a step."""
    days = history.days
    edges = [*map(_number, days), _number(days[-1]) + 1]
    closings = [float(day.closing) for day in days]
    heights = [*closings, closings[-1]]
    axes.step(edges, heights, where="post", color=_BALANCE, linewidth=2)
    axes.fill_between(edges, heights, step="post", color=_BALANCE, alpha=0.12, linewidth=0)
    _marks(axes, days)
    newest = format_balance(days[-1].closing, history.region)
    axes.set_title(f"Closing balance, {newest} on {days[-1].date}", parse_math=False)


def _marks(axes: Axes, days: Sequence[Day]) -> None:
    """Shapes on the days on which money came or was lost, and what they mean."""
    for name, (label, marker, look) in _MARKS.items():
        marked = [day for day in days if getattr(day, name)]
        if marked:
            places = [_number(day) + 0.5 for day in marked]
            amounts = [float(day.closing) for day in marked]
            axes.plot(places, amounts, marker, label=label, clip_on=False, zorder=3, **look)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, ncols=len(_MARKS), loc="lower right", bbox_to_anchor=(1, 1))


def _spends(axes: Axes, history: DailyHistory) -> None:
    places = [_number(day) + 0.5 for day in history.days]
    # Gaps between very many bars would only flicker.
    width = 0.8 if len(places) <= _MOST_GAPS else 1.0
    axes.bar(places, [float(day.spent) for day in history.days], width=width, color=_SPENT)
    whole = format_deficit(total(history.days).spent, history.region)
    axes.set_title(f"Spent each day, {whole} since {history.days[0].date}", parse_math=False)


def _dates(days: Sequence[Day]) -> tuple[list[float], list[str]]:
    """Of as many days as there is room for: their middles and their dates."""
    marked = days[:: -(-len(days) // _MOST_DATES)]
    return [_number(day) + 0.5 for day in marked], [str(day.date) for day in marked]


def _number(day: Day) -> int:
    """The day as matplotlib counts days."""
    return (day.date - _FIRST).days


def _amount(amount: float, _: int | None, region: Region) -> str:
    return format_axis_mark(Decimal(f"{amount:.9g}"), region)
