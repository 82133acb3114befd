"""The chart as a picture, drawn with matplotlib, which only this module imports.

The same days give the same bytes: the file has no date, and any matplotlibrc is ignored.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
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
_BALANCE, _SPENT, _CREDIT, _LOSS, _FAINT = "#2563a8", "#b8720a", "#2e7d32", "#c0392b", "#6b7280"
_MATPLOTLIB_PARAMS: dict[Any, Any] = {
    "svg.hashsalt": "moonshot-status",
    "svg.fonttype": "none",  # keep text searchable, in the reader's fonts
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
# matplotlib's default font, and fonts for Chinese names.
_FONTS = (
    "DejaVu Sans", "Noto Sans CJK SC", "PingFang SC", "Hiragino Sans GB", "WenQuanYi Micro Hei",
)  # fmt: skip
_METADATA = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}
_MAX_DATES, _MAX_BARS_WITH_GAPS = 8, 120
_EPOCH = date(1970, 1, 1)
# By the name of the amount: label in the legend, marker, and line properties.
_MARKERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "topped_up": ("topped up", "^", {"color": _CREDIT, "markersize": 8}),
    "granted": ("voucher given", "^", {"color": _CREDIT, "fillstyle": "none", "markersize": 8}),
    "ended": ("voucher lost", "v", {"color": _LOSS, "markersize": 8}),
}


def draw(history: DailyHistory, file_type: str) -> bytes:
    """Return a picture of at least one day, as ``svg`` or ``png``."""
    buffer = io.BytesIO()
    with matplotlib.rc_context(), warnings.catch_warnings():
        # matplotlib warns of characters that no font has, and draws boxes for them.
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_MATPLOTLIB_PARAMS)
        installed = fontManager.get_font_names()
        matplotlib.rcParams["font.family"] = [font for font in _FONTS if font in installed]
        _figure(history).savefig(buffer, format=file_type, metadata=_METADATA[file_type])
    return buffer.getvalue()


def _figure(history: DailyHistory) -> Figure:
    figure = Figure(figsize=_INCHES)
    figure.suptitle(
        f"{one_line(history.account, 40)} · {history.region.value}",
        x=0.012, ha="left", weight="bold", parse_math=False,
    )  # fmt: skip
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    _balances(upper, history)
    _spending(lower, history)
    lower.set_ylim(bottom=0)
    if all(day.closing >= 0 for day in history.days):
        upper.set_ylim(bottom=0)
    lower.set_xticks(*_dates(history.days))
    for axes in (upper, lower):
        _tidy(axes, history.region)
    return figure


def _tidy(axes: Axes, region: Region) -> None:
    """Format the axis in the account's currency, draw a line at zero, and remove the frame."""
    axes.yaxis.set_major_formatter(
        lambda amount, _: format_axis_mark(Decimal(f"{amount:.9g}"), region)
    )
    axes.tick_params(length=0, pad=6)
    axes.spines[:].set_visible(False)
    axes.axhline(0, color=_FAINT, linewidth=0.8, clip_on=False)
    axes.margins(x=0.01)


def _balances(axes: Axes, history: DailyHistory) -> None:
    """Draw the closing balances as steps."""
    days = history.days
    edges = [*map(_number, days), _number(days[-1]) + 1]
    closings = [float(day.closing) for day in days]
    heights = [*closings, closings[-1]]
    axes.step(edges, heights, where="post", color=_BALANCE, linewidth=2)
    axes.fill_between(edges, heights, step="post", color=_BALANCE, alpha=0.12, linewidth=0)
    _mark_credits_and_losses(axes, days)
    newest = format_balance(days[-1].closing, history.region)
    axes.set_title(f"Closing balance, {newest} on {days[-1].date}", parse_math=False)


def _mark_credits_and_losses(axes: Axes, days: Sequence[Day]) -> None:
    """Draw markers on days with top-ups, granted vouchers and expired ones, and a legend."""
    for name, (label, marker, style) in _MARKERS.items():
        marked = [day for day in days if getattr(day, name)]
        if marked:
            positions = [_number(day) + 0.5 for day in marked]
            amounts = [float(day.closing) for day in marked]
            axes.plot(positions, amounts, marker, label=label, clip_on=False, zorder=3, **style)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, ncols=len(_MARKERS), loc="lower right", bbox_to_anchor=(1, 1))


def _spending(axes: Axes, history: DailyHistory) -> None:
    positions = [_number(day) + 0.5 for day in history.days]
    # Gaps between many narrow bars are drawn unevenly.
    width = 0.8 if len(positions) <= _MAX_BARS_WITH_GAPS else 1.0
    axes.bar(positions, [float(day.spent) for day in history.days], width=width, color=_SPENT)
    spent = format_deficit(total(history.days).spent, history.region)
    axes.set_title(f"Spent each day, {spent} since {history.days[0].date}", parse_math=False)


def _dates(days: Sequence[Day]) -> tuple[list[float], list[str]]:
    """Return the positions and labels of as many dates as there is room for."""
    marked = days[:: -(-len(days) // _MAX_DATES)]
    return [_number(day) + 0.5 for day in marked], [str(day.date) for day in marked]


def _number(day: Day) -> int:
    """Return the day in matplotlib's unit, days since 1970."""
    return (day.date - _EPOCH).days
