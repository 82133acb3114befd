"""Rows as lines for a monospaced font, with amounts aligned at their decimal points."""

from __future__ import annotations

from moonshot_status.display.words import Row


def lines(rows: tuple[Row, ...]) -> list[str]:
    """Return one line for each of at least one row."""
    label_width = max(len(row.label) for row in rows)
    before_point = max((_width_before_point(row.value) for row in rows if row.is_amount), default=0)
    return [f"{row.label:<{label_width}}  {_value(row, before_point)}" for row in rows]


def _value(row: Row, before_point: int) -> str:
    if not row.is_amount:
        return row.value
    return " " * (before_point - _width_before_point(row.value)) + row.value


def _width_before_point(amount: str) -> int:
    return len(amount.partition(".")[0])
