"""The types of the command line's options that click has none for."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from moonshot_status.text import one_line, unquoted

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

PARTS = ("balance", "runway", "pace", "today")
"""What the bar's text can be made of."""


class Seconds(click.ParamType[float]):
    """A finite number of seconds; click's own float range lets ``nan`` and ``inf`` through."""

    name = "seconds"

    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = least, most

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if self._least <= seconds <= self._most:
            return seconds
        raise click.BadParameter(
            f"{value!r} is not a number from {self._least:g} to {self._most:g}.", ctx, param
        )


class Positive(click.ParamType[Decimal]):
    """A number above zero in plain digits, exactly as it was written."""

    def __init__(self, name: str, most: int) -> None:
        self.name, self._most = name, most

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        written = unquoted(value)
        if re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,20})?", written):
            number = Decimal(written)
            if 0 < number <= self._most:
                return number
        raise click.BadParameter(
            f"{one_line(value, 40)!r} is not a number above 0, up to {self._most}.", ctx, param
        )


class RegionName(click.Choice[str]):
    """A region in any case, with or without quotes and blanks around it; blank is unset."""

    def __init__(self) -> None:
        super().__init__(["international", "china"], case_sensitive=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        name = unquoted(value)
        return super().convert(name, param, ctx) if name else None


class AccountName(click.ParamType[str]):
    """The name of an account, which a shell can complete from the settings file."""

    name = "account"

    def shell_complete(
        self,
        ctx: click.Context,
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem[str]]:
        from moonshot_status import completion

        return completion.items(completion.accounts(ctx.params.get("config")), incomplete)


class Parts(click.ParamType[tuple[str, ...]]):
    """Names of parts of the bar's text, with commas between them."""

    name = "parts"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        names = tuple(word.strip() for word in value.split(","))
        if set(names) <= set(PARTS):
            return names
        raise click.BadParameter(f"{value!r} is not made of {', '.join(PARTS)}.", ctx, param)

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem[str]]:
        from moonshot_status import completion

        done, comma, _ = incomplete.rpartition(",")
        rest = (part for part in PARTS if part not in done.split(","))
        return completion.items((done + comma + part for part in rest), incomplete)
