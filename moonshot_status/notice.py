"""When the level of an account is worth a word. Pure.

Worse is believed at once. Better is believed when it would still be better with a little less money
and fewer days left: an amount that wobbles around a mark is told once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from moonshot_status.account import Balance, Level, Thresholds, fingerprint

_FROM_GOOD_TO_BAD = (Level.OK, Level.WARNING, Level.CRITICAL, Level.EMPTY)
# How much less money and how many fewer days are taken to be left.
_MARGIN, _MARGIN_OF_DAYS = Decimal("0.1"), 0.25
# In the account's currency: near zero a tenth of what is there is no margin at all.
_LEAST_MARGIN = Decimal("0.01")


@dataclass(frozen=True)
class Change:
    """From one level to another; ``previous`` is UNKNOWN where none was remembered."""

    previous: Level
    level: Level

    @property
    def is_news(self) -> bool:
        """At first sight it is no news that all is well."""
        return self.previous is not Level.UNKNOWN or self.level is not Level.OK


def settled(
    previous: Level, balance: Balance, thresholds: Thresholds, days_left: float | None
) -> Level:
    """The level to remember after this balance; ``days_left`` is None where it is not known."""
    now = balance.level(thresholds, days_left)
    if previous is Level.UNKNOWN:
        return now
    return _worse(now, _better(previous, _cautious(balance, thresholds, days_left)))


def settings_name(thresholds: Thresholds, command: tuple[str, ...]) -> str:
    """A one-way name of what decides on notices: each set of settings remembers its own level."""
    marks = (thresholds.warning, thresholds.critical, thresholds.runway_days)
    words = ("" if mark is None else format(mark.normalize(), "f") for mark in marks)
    return fingerprint(*words, *command)


def _cautious(balance: Balance, thresholds: Thresholds, days_left: float | None) -> Level:
    """The level with the margins taken off; below the critical mark its tenth is the margin."""
    margin = max(max(balance.available, thresholds.critical) * _MARGIN, _LEAST_MARGIN)
    days = None if days_left is None else days_left * (1 - _MARGIN_OF_DAYS)
    return replace(balance, available=balance.available - margin).level(thresholds, days)


def _better(one: Level, other: Level) -> Level:
    return min(one, other, key=_FROM_GOOD_TO_BAD.index)


def _worse(one: Level, other: Level) -> Level:
    return max(one, other, key=_FROM_GOOD_TO_BAD.index)
