"""Amounts in words that are never better than the truth.

Balances are rounded down and deficits up; there is no locale and no separator of thousands.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from moonshot_status.core.regions import Region

UNKNOWN = "—"
_MINUS = "\u2212"
_CENT = Decimal("0.01")
_TENTH = Decimal("0.1")
_ONE = Decimal(1)
_WIDE = 10_000
# Powers of ten and their letters.
_UNITS = ((9, "B"), (6, "M"), (3, "k"))


def format_balance(amount: Decimal | None, region: Region) -> str:
    """The amount to the cent: ``$49.58``, ``<$0.01``, ``−$1.00``."""
    if amount is None:
        return UNKNOWN
    if 0 < amount < _CENT:
        return f"<{region.sign}{_CENT}"
    return _signed(amount.quantize(_CENT, ROUND_FLOOR), region)


def format_deficit(deficit: Decimal, region: Region) -> str:
    """The positive amount that is missing, to the cent."""
    return _signed(deficit.quantize(_CENT, ROUND_CEILING), region)


def format_bar_balance(amount: Decimal, region: Region) -> str:
    """For the bar, where a wide amount is shortened: ``¥12.3k``."""
    return _shortened(amount, region, ROUND_FLOOR) or format_balance(amount, region)


def format_bar_deficit(deficit: Decimal, region: Region) -> str:
    """For the bar, where a wide amount is shortened."""
    return _shortened(deficit, region, ROUND_CEILING) or format_deficit(deficit, region)


def format_short_balance(amount: Decimal, region: Region) -> str:
    """For a narrow bar: ``$49``, ``$3.2``, ``$.58``; always shorter than in the bar."""
    if 0 < amount < 1:
        return format_balance(amount, region).replace("0.", ".")
    step = _TENTH if 0 < amount < 10 else _ONE
    whole = _signed(amount.quantize(step, ROUND_FLOOR), region)
    return _shortened(amount, region, ROUND_FLOOR, decimals=0) or whole


def format_exact(amount: Decimal, region: Region, decimals: int) -> str:
    """With so many decimals, which have to be enough for all digits of the amount."""
    return _signed(Decimal(format(amount, f".{decimals}f")), region)


def format_axis_mark(amount: Decimal, region: Region) -> str:
    """For a mark on an axis, a number of few digits: ``$0.05``, ``$60``, ``¥1.5M``."""
    units = ((power, letter) for power, letter in _UNITS if amount.copy_abs() >= 10**power)
    power, letter = next(units) if amount.copy_abs() >= _WIDE else (0, "")
    return _signed(amount.scaleb(-power).normalize(), region) + letter


def _shortened(amount: Decimal, region: Region, rounding: str, decimals: int = 1) -> str:
    """In thousands, millions or billions; empty for an amount that is not wide."""
    if amount.copy_abs() < _WIDE:
        return ""
    power, letter = next(unit for unit in _UNITS if amount.copy_abs() >= 10 ** unit[0])
    step = Decimal((0, (1,), power - decimals))
    return _signed(amount.quantize(step, rounding).scaleb(-power), region) + letter


def _signed(amount: Decimal, region: Region) -> str:
    return f"{_MINUS if amount < 0 else ''}{region.sign}{amount.copy_abs():f}"
