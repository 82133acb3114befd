"""The balance of a Moonshot / Kimi Open Platform account, for status bars."""

__version__ = "0.2.0"
