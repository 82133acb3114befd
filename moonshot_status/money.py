"""Amounts in words that are never better than the truth."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from moonshot_status.account import Region

UNKNOWN = "—"
_CENT = Decimal("0.01")
_MINUS = "\u2212"


def balance_words(amount: Decimal | None, region: Region) -> str:
    """The amount, rounded down to the cent: ``$49.58``, ``<$0.01``, ``−$1.00``."""
    if amount is None:
        return UNKNOWN
    if 0 < amount < _CENT:
        return f"<{region.sign}{_CENT}"
    cents = amount.quantize(_CENT, ROUND_FLOOR)
    return f"{_MINUS if cents < 0 else ''}{region.sign}{cents.copy_abs()}"


def deficit_words(deficit: Decimal, region: Region) -> str:
    """The positive amount that is missing, rounded up to the cent."""
    return f"{region.sign}{deficit.quantize(_CENT, ROUND_CEILING)}"
