"""What the notification command gets, in its environment and on standard input, without secrets.

The functions here are pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from moonshot_status.config import child_environment
from moonshot_status.core.account import Balance
from moonshot_status.core.hysteresis import LevelChange
from moonshot_status.core.money import format_balance
from moonshot_status.core.regions import Region
from moonshot_status.core.text import one_line
from moonshot_status.core.thresholds import Level, Thresholds
from moonshot_status.display.view import View
from moonshot_status.formats import json

PREFIX = "MOONSHOT_STATUS_"
_NAME_LIMIT = 40


@dataclass(frozen=True)
class NotificationPayload:
    """One change of level of an account, in words.

    ``name`` is the account's name and may hold any character. ``days_left`` is None without a
    forecast. With ``hide_amount`` the message and the formatted balance contain no amount.
    """

    name: str
    region: Region
    balance: Balance
    thresholds: Thresholds
    change: LevelChange
    days_left: float | None = None
    hide_amount: bool = False

    @property
    def message(self) -> str:
        """One sentence to show to the user."""
        return f"{one_line(self.name, _NAME_LIMIT)}: {self._state}{self._reason()}"

    def variables(self) -> dict[str, str]:
        """Return the environment variables, each value on one line and printable."""
        values = {
            "ACCOUNT": one_line(self.name, _NAME_LIMIT),
            "REGION": self.region.value,
            "CURRENCY": self.region.currency,
            "LEVEL": self.change.level.value,
            "PREVIOUS_LEVEL": self.change.previous.value,
            "BALANCE": ""
            if self.hide_amount
            else format_balance(self.balance.available, self.region),
            "AVAILABLE": format(self.balance.available, "f"),
            "DAYS_LEFT": _days(self.days_left),
            "MESSAGE": self.message,
            "CONSOLE": self.region.console,
        }
        return {PREFIX + name: value for name, value in values.items()}

    @property
    def _state(self) -> str:
        if self.hide_amount:
            return self.change.level.value
        return f"{format_balance(self.balance.available, self.region)} left"

    def _reason(self) -> str:
        """Return why the level is as it is, in words that are true with hysteresis, too."""
        level = self.change.level
        if level is Level.EMPTY:
            return ", calls are refused until the account is topped up"
        if level is Level.OK:
            return ""
        threshold = getattr(self.thresholds, level.value)
        if self.balance.available > threshold:
            # The level is due to the forecast, or a rise is not large enough yet to leave it.
            days = _days(self.days_left)
            return f", enough for {days} days" if days else ""
        if self.hide_amount:
            return ""
        return f", at or below the {level.value} mark of {format_balance(threshold, self.region)}"


def document(view: View, change: LevelChange) -> bytes:
    """Return what ``--format json`` prints with the new level, short enough for any pipe."""
    notified = replace(view, account=one_line(view.account, _NAME_LIMIT), level=change.level)
    return json.render(notified).text.encode()


def environment(inherited: Mapping[bytes, bytes], key: str, last_key: str) -> dict[bytes, bytes]:
    """Return the inherited variables without those that may contain a key or a password.

    ``key`` and ``last_key`` are those of ``child_environment.without_keys``.
    """

    def has_password(name: bytes, value: bytes) -> bool:
        return name.lower().endswith(b"_proxy") and b"@" in value

    kept = child_environment.without_keys(inherited, key, last_key)
    return {name: value for name, value in kept.items() if not has_password(name, value)}


def _days(days_left: float | None) -> str:
    """Return the days rounded down to a tenth; empty if they are not known."""
    return "" if days_left is None else f"{math.floor(days_left * 10) / 10:.1f}"
