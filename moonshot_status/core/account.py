"""Accounts, keys, balances and readings: frozen values without any I/O."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from moonshot_status.core.errors import KeyPlace
from moonshot_status.core.regions import Region
from moonshot_status.core.thresholds import Thresholds


@dataclass(frozen=True)
class Secret:
    """A key or a key command, exactly one of which is set, and where it comes from."""

    key: str = field(default="", repr=False)
    command: tuple[str, ...] = field(default=(), repr=False)
    place: KeyPlace = field(default=KeyPlace(), repr=False, compare=False)


@dataclass(frozen=True)
class Account:
    """One account as the settings describe it.

    ``base_url`` has no ``/v1`` and no slash at its end. ``region``, ``base_url`` and ``secret``
    are empty where the settings are incomplete.
    """

    name: str
    region: Region | None = None
    base_url: str = ""
    secret: Secret = Secret()
    thresholds: Thresholds | None = None

    @property
    def identity(self) -> str:
        """A digest of the region, the base URL and the key (or key command)."""
        region = self.region.value if self.region else ""
        return fingerprint(region, self.base_url, self.secret.key, *self.secret.command)


@dataclass(frozen=True)
class Balance:
    """What the API returned, in the currency of the account's region; None for missing amounts."""

    available: Decimal
    voucher: Decimal | None = None
    cash: Decimal | None = None

    @property
    def deficit(self) -> Decimal | None:
        """The positive amount by which cash is below zero, or None if it is not."""
        return self.cash.copy_negate() if self.cash is not None and self.cash < 0 else None


@dataclass(frozen=True)
class Reading:
    """A balance and the time (UTC) at which its response arrived."""

    balance: Balance
    fetched_at: datetime


def fingerprint(*parts: str) -> str:
    """Return a SHA-256 digest of the parts; different lists of parts have different digests."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
