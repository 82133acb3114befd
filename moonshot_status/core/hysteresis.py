"""Hysteresis: a balance that hovers at a threshold triggers one notification. Pure.

A drop counts at once. A rise counts only if it would hold with 10 % less money and 25 % fewer days.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from moonshot_status.core.account import Balance, fingerprint
from moonshot_status.core.thresholds import FROM_GOOD_TO_BAD, LIMITS, Level, Thresholds

_MARGIN, _MARGIN_OF_DAYS = Decimal("0.1"), 0.25
# In the account's currency: near zero, 10 % of the balance is no margin.
_MIN_MARGIN = Decimal("0.01")


@dataclass(frozen=True)
class LevelChange:
    """A change from one level to another; ``previous`` is UNKNOWN for the first level."""

    previous: Level
    level: Level

    @property
    def is_notable(self) -> bool:
        """Whether the user is notified; a first level that is OK is not notable."""
        return self.previous is not Level.UNKNOWN or self.level is not Level.OK


def level_with_hysteresis(
    previous: Level, balance: Balance, thresholds: Thresholds, days_left: float | None
) -> Level:
    """Return the level after this balance, given the previous level.

    ``days_left`` is the expected runway in days, or None if it is not known.
    """
    now = thresholds.level(balance.available, days_left)
    if previous is Level.UNKNOWN:
        return now
    badness = FROM_GOOD_TO_BAD.index
    better = min(previous, _with_margin(balance, thresholds, days_left), key=badness)
    return max(now, better, key=badness)


def settings_digest(thresholds: Thresholds, command: tuple[str, ...]) -> str:
    """Return a digest of the notification settings; the store keeps a level for each digest."""
    limits = (getattr(thresholds, name) for name in LIMITS)
    words = ("" if limit is None else format(limit.normalize(), "f") for limit in limits)
    return fingerprint(*words, *command)


def _with_margin(balance: Balance, thresholds: Thresholds, days_left: float | None) -> Level:
    """Return the level with the margins taken off the balance and the days.

    The margin of the balance is never less than 10 % of ``critical``.
    """
    margin = max(max(balance.available, thresholds.critical) * _MARGIN, _MIN_MARGIN)
    days = None if days_left is None else days_left * (1 - _MARGIN_OF_DAYS)
    return thresholds.level(balance.available - margin, days)
