"""The regions of the platform: one row for each, with everything that depends on the region."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum


class Region(Enum):
    """One of the platforms; their keys, hosts, consoles and currencies never mix.

    The value is the name in settings, options and output. A new region is one row here and one word
    in the JSON Schemas.
    """

    INTERNATIONAL = (
        "international", "api.moonshot.ai", "USD", "$",
        "platform.moonshot.ai", Decimal(5), Decimal(1),
    )  # fmt: skip
    CHINA = (
        "china", "api.moonshot.cn", "CNY", "¥",
        "platform.kimi.com", Decimal(35), Decimal(7),
    )  # fmt: skip

    host: str
    """The API's host."""
    currency: str
    """The ISO 4217 code; the API's response has none, so the host decides."""
    sign: str
    """The currency sign in front of amounts."""
    platform: str
    """The host of the platform's website."""
    default_warning: Decimal
    """The default warning threshold, in the region's currency."""
    default_critical: Decimal
    """The default critical threshold, in the region's currency."""

    def __new__(cls, name: str, *_: object) -> Region:
        region = object.__new__(cls)
        region._value_ = name
        return region

    def __init__(
        self, _: str, host: str = "", currency: str = "", sign: str = "", platform: str = "",
        default_warning: Decimal = Decimal(0), default_critical: Decimal = Decimal(0),
    ) -> None:  # fmt: skip
        # The defaults let type checkers accept ``Region(name)``.
        self.host = host
        self.currency = currency
        self.sign = sign
        self.platform = platform
        self.default_warning = default_warning
        self.default_critical = default_critical

    @property
    def console(self) -> str:
        """The URL of the page where the account is topped up."""
        return f"https://{self.platform}/console/account"


REGION_NAMES = tuple(region.value for region in Region)
DEFAULT_REGION = Region.INTERNATIONAL
