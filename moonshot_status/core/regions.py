"""The regions of the platform: one row for each, with everything that depends on the region."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum


class Region(Enum):
    """One of the platforms; their keys, hosts, consoles and currencies never mix.

    The value is the name in settings, options and output. Each row has the API's host, the currency
    (ISO 4217; the API's response has none), its sign, the host of the platform's website, and the
    default thresholds for ``warning`` and ``critical`` in that currency.
    """

    # fmt: off
    INTERNATIONAL = "international", "api.moonshot.ai", "USD", "$", "platform.kimi.ai", 5, 1
    CHINA = "china", "api.moonshot.cn", "CNY", "¥", "platform.kimi.com", 35, 7
    # fmt: on

    def __new__(cls, name: str, *_: object) -> Region:
        region = object.__new__(cls)
        region._value_ = name
        return region

    def __init__(
        self, _: str, host: str = "", currency: str = "", sign: str = "", platform: str = "",
        default_warning: int = 0, default_critical: int = 0,
    ) -> None:  # fmt: skip
        # The defaults let type checkers accept ``Region(name)``.
        self.host, self.currency, self.sign, self.platform = host, currency, sign, platform
        self.default_warning = Decimal(default_warning)
        self.default_critical = Decimal(default_critical)

    @property
    def console(self) -> str:
        """The URL of the page where the account is topped up."""
        return f"https://{self.platform}/console/account"


REGION_NAMES = tuple(region.value for region in Region)
DEFAULT_REGION = Region.INTERNATIONAL
