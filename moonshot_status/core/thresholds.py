"""Levels of the balance, and the thresholds between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from moonshot_status.core.regions import Region


class Level(Enum):
    """How much is left, from good to bad; ``UNKNOWN`` when no balance has been fetched yet."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    EMPTY = "empty"
    UNKNOWN = "unknown"


FROM_GOOD_TO_BAD = (Level.OK, Level.WARNING, Level.CRITICAL, Level.EMPTY)
LIMITS = ("warning", "critical", "runway_days")
"""The names of the thresholds in the settings."""


@dataclass(frozen=True)
class Thresholds:
    """Amounts in the account's currency, and days; a value equal to a threshold is below it.

    ``runway_days`` is None where only the amount counts.
    """

    warning: Decimal
    critical: Decimal
    runway_days: Decimal | None = None

    def level(self, available: Decimal, days_left: float | None = None) -> Level:
        """Return the level of an available amount.

        ``days_left`` is the expected runway in days, or None if it is not known: a short runway is
        at least a warning.
        """
        if available <= 0:
            return Level.EMPTY
        if available <= self.critical:
            return Level.CRITICAL
        limit = self.runway_days
        if limit is not None and days_left is not None and days_left <= limit:
            return Level.WARNING
        return Level.WARNING if available <= self.warning else Level.OK


class CrossedThresholdsError(Exception):
    """The critical threshold is above the warning threshold."""


def with_defaults(given: Mapping[str, Decimal], region: Region) -> Thresholds:
    """Complete the given thresholds, by their names in ``LIMITS``, with the region's defaults.

    A default that would cross a given threshold follows it. Raises CrossedThresholdsError for two
    given ones that cross.
    """
    warning, critical = given.get("warning"), given.get("critical")
    if warning is None:
        warning = max(region.default_warning, critical or Decimal(0))
    elif critical is None:
        critical = min(region.default_critical, warning)
    critical = region.default_critical if critical is None else critical
    if critical > warning:
        raise CrossedThresholdsError
    return Thresholds(warning, critical, given.get("runway_days"))
