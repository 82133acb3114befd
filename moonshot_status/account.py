"""The nouns: regions, keys, accounts, balances and readings. Frozen, and without any I/O."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum


class Region(Enum):
    """One of the two platforms; their keys, hosts, consoles and currencies never mix."""

    INTERNATIONAL = "international"
    CHINA = "china"

    @property
    def host(self) -> str:
        return {"international": "api.moonshot.ai", "china": "api.moonshot.cn"}[self.value]

    @property
    def currency(self) -> str:
        """The ISO 4217 code; the API's answers carry none, the host decides it."""
        return {"international": "USD", "china": "CNY"}[self.value]

    @property
    def sign(self) -> str:
        return {"international": "$", "china": "¥"}[self.value]

    @property
    def console(self) -> str:
        """The page where the account is topped up."""
        platform = {"international": "platform.moonshot.ai", "china": "platform.kimi.com"}
        return f"https://{platform[self.value]}/console/account"


class Level(Enum):
    """How much is left, from good to bad; ``UNKNOWN`` when nothing was ever read."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    EMPTY = "empty"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Thresholds:
    """Amounts in the account's currency, and days; at or below one counts.

    ``runway_days`` is None where only money counts.
    """

    warning: Decimal
    critical: Decimal
    runway_days: Decimal | None = None


@dataclass(frozen=True)
class Secret:
    """A key, or the command that prints it; exactly one of the two is set."""

    key: str = field(default="", repr=False)
    command: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Account:
    """What is known of one account before anything is asked.

    ``base_url`` has no ``/v1`` and no slash at its end. ``region``, ``base_url`` and ``secret``
    are empty where the settings did not say enough.
    """

    name: str
    region: Region | None = None
    base_url: str = ""
    secret: Secret = Secret()
    thresholds: Thresholds | None = None

    @property
    def identity(self) -> str:
        """A one-way name: host, region and key (or key command) decide whose money it is."""
        region = self.region.value if self.region else ""
        return fingerprint(region, self.base_url, self.secret.key, *self.secret.command)


@dataclass(frozen=True)
class Balance:
    """What the API said, in the currency of the account's region; None where it said nothing."""

    available: Decimal
    voucher: Decimal | None = None
    cash: Decimal | None = None

    @property
    def deficit(self) -> Decimal | None:
        """The positive amount by which cash is below zero, if it is."""
        return self.cash.copy_negate() if self.cash is not None and self.cash < 0 else None

    def level(self, thresholds: Thresholds, days_left: float | None = None) -> Level:
        """``days_left`` is the runway, if it is known: the money may be there, but not the time."""
        if self.available <= 0:
            return Level.EMPTY
        if self.available <= thresholds.critical:
            return Level.CRITICAL
        few = thresholds.runway_days
        if few is not None and days_left is not None and days_left <= few:
            return Level.WARNING
        return Level.WARNING if self.available <= thresholds.warning else Level.OK


@dataclass(frozen=True)
class Reading:
    """A balance and the moment (UTC) at which its answer arrived."""

    balance: Balance
    fetched_at: datetime


def fingerprint(*parts: str) -> str:
    """A one-way digest; different lists of parts never share one."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
