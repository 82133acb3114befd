"""Format amounts of money so that they never look better than they are.

Balances are rounded down and deficits up. No locale is used, and no thousands separator.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from moonshot_status.core.regions import Region

UNKNOWN = "—"
_MINUS = "\u2212"
_CENT = Decimal("0.01")
_TENTH = Decimal("0.1")
_ONE = Decimal(1)
_SHORTENED_FROM = 10_000
_POWERS_AND_SUFFIXES = ((9, "B"), (6, "M"), (3, "k"))


def format_balance(amount: Decimal | None, region: Region) -> str:
    """Return the amount to the cent: ``$49.58``, ``<$0.01``, ``−$1.00``; a dash for None."""
    if amount is None:
        return UNKNOWN
    if 0 < amount < _CENT:
        return f"<{region.sign}{_CENT}"
    return _signed(amount.quantize(_CENT, ROUND_FLOOR), region)


def format_deficit(deficit: Decimal, region: Region) -> str:
    """Return a positive amount that is owed or was spent, to the cent."""
    return _signed(deficit.quantize(_CENT, ROUND_CEILING), region)


def format_bar_balance(amount: Decimal, region: Region) -> str:
    """Return the amount for a bar, where large ones are shortened: ``¥12.3k``."""
    return _shortened(amount, region, ROUND_FLOOR) or format_balance(amount, region)


def format_bar_deficit(deficit: Decimal, region: Region) -> str:
    """Return a positive amount that is owed or was spent, shortened for a bar if it is large."""
    return _shortened(deficit, region, ROUND_CEILING) or format_deficit(deficit, region)


def format_short_balance(amount: Decimal, region: Region) -> str:
    """Return the amount for a narrow bar: ``$49``, ``$3.2``, ``$.58``."""
    if 0 < amount < 1:
        return format_balance(amount, region).replace("0.", ".")
    step = _TENTH if 0 < amount < 10 else _ONE
    whole = _signed(amount.quantize(step, ROUND_FLOOR), region)
    return _shortened(amount, region, ROUND_FLOOR, decimals=0) or whole


def format_exact(amount: Decimal, region: Region, decimals: int) -> str:
    """Return the amount with ``decimals`` digits after the point, enough for all it has."""
    return _signed(Decimal(format(amount, f".{decimals}f")), region)


def format_axis_mark(amount: Decimal, region: Region) -> str:
    """Return a number of few digits for the tick of an axis: ``$0.05``, ``$60``, ``¥1.5M``."""
    power, suffix = _power_and_suffix(amount)
    return _signed(amount.scaleb(-power).normalize(), region) + suffix


def _shortened(amount: Decimal, region: Region, rounding: str, decimals: int = 1) -> str:
    """Return the amount in thousands, millions or billions; empty for one that is small."""
    power, suffix = _power_and_suffix(amount)
    if not suffix:
        return ""
    step = Decimal((0, (1,), power - decimals))
    return _signed(amount.quantize(step, rounding).scaleb(-power), region) + suffix


def _power_and_suffix(amount: Decimal) -> tuple[int, str]:
    """Return the power of ten in which a large amount is shown and its letter, else 0 and ""."""
    size = amount.copy_abs()
    if size < _SHORTENED_FROM:
        return 0, ""
    return next(unit for unit in _POWERS_AND_SUFFIXES if size >= 10 ** unit[0])


def _signed(amount: Decimal, region: Region) -> str:
    return f"{_MINUS if amount < 0 else ''}{region.sign}{amount.copy_abs():f}"
