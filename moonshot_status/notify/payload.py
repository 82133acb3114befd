"""What the notification command is told: in its environment, and on its standard input. Pure.

The key is not among it, nor what looks like one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from moonshot_status.core.account import Balance, fingerprint
from moonshot_status.core.hysteresis import LevelChange
from moonshot_status.core.money import format_balance
from moonshot_status.core.regions import Region
from moonshot_status.core.text import one_line, unquoted
from moonshot_status.core.thresholds import Level, Thresholds
from moonshot_status.display.view import View
from moonshot_status.formats import json

PREFIX = "MOONSHOT_STATUS_"
_NAME_LIMIT = 40
_KEY_VARIABLES = (b"MOONSHOT_API_KEY", b"MOONSHOT_KEY")
# After a slash only what is as long as keys are: /home/sk-anders is a folder.
_LIKE_A_KEY = re.compile(rb"\bsk-[\w-]{24,}|(?<!/)\bsk-[\w-]{4,}")


@dataclass(frozen=True)
class NotificationPayload:
    """One change of level, and what there is to say about it.

    ``name`` is the account's and may hold any character. ``days_left`` is None where the forecast
    says nothing. With ``hide_amount`` no word tells how much money there is.
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
        """One sentence, ready to be shown; it never makes the account look better than it is."""
        return f"{one_line(self.name, _NAME_LIMIT)}: {self._words}{self._why()}"

    def variables(self) -> dict[str, str]:
        """Each on one line, and without any character that an environment cannot hold."""
        facts = {
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
        return {PREFIX + name: value for name, value in facts.items()}

    @property
    def _words(self) -> str:
        if self.hide_amount:
            return self.change.level.value
        return f"{format_balance(self.balance.available, self.region)} left"

    def _why(self) -> str:
        level = self.change.level
        if level is Level.EMPTY:
            return ", calls are refused until the account is topped up"
        if level is Level.OK:
            return ""
        mark = getattr(self.thresholds, level.value)
        if self.balance.available > mark:
            return (
                f", enough for {_days(self.days_left)} days" if self.days_left is not None else ""
            )
        if self.hide_amount:
            return ""
        return f", at or below the {level.value} mark of {format_balance(mark, self.region)}"


def document(view: View, change: LevelChange) -> bytes:
    """The object that ``--format json`` prints, short enough for any pipe."""
    told = replace(view, account=one_line(view.account, _NAME_LIMIT), level=change.level)
    return json.render(told).text.encode()


def environment(inherited: Mapping[bytes, bytes], key: str, used: str) -> dict[bytes, bytes]:
    """What the command may see of our own environment.

    ``key`` is the account's, empty where a command prints it; ``used`` is the fingerprint of the
    key that was used last.
    """

    def is_secret(name: bytes, value: bytes) -> bool:
        if name in _KEY_VARIABLES or _LIKE_A_KEY.search(value):
            return True
        if name.lower().endswith(b"_proxy") and b"@" in value:
            return True
        words = value.decode("utf-8", "replace")
        return (key != "" and key in words) or fingerprint(unquoted(words)) == used

    return {name: value for name, value in inherited.items() if not is_secret(name, value)}


def _days(days_left: float | None) -> str:
    """Rounded down to a tenth; empty where it is not known."""
    return "" if days_left is None else f"{math.floor(days_left * 10) / 10:.1f}"
