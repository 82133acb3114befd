"""Click parameter types for options, and the options of the settings."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import click

from moonshot_status.config.settings import ALL_ACCOUNTS, PARTS, SETTINGS, Setting
from moonshot_status.core.regions import REGION_NAMES
from moonshot_status.core.text import one_line, unquoted

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_T = TypeVar("_T")
_F = TypeVar("_F", bound=Callable[..., Any])


class Parsed(click.ParamType[_T], Generic[_T]):
    """A type whose values a function parses; it raises ValueError with what is wrong.

    ``words`` returns the words of a comma-separated list for shell completion.
    """

    def __init__(
        self, name: str, parse: Callable[[str], _T],
        words: Callable[[click.Context], Sequence[str]] = lambda _: (),
    ) -> None:  # fmt: skip
        self.name, self._parse, self._words = name, parse, words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> _T:
        try:
            return self._parse(value)
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from error

    def shell_complete(
        self, ctx: click.Context, _: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        from moonshot_status.cli import completion

        return completion.list_items(self._words(ctx), incomplete)


def seconds(minimum: float, maximum: float) -> Parsed[float]:
    """Return the type of a finite number of seconds; click's own float range accepts ``nan``."""

    def parse(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if minimum <= number <= maximum:
            return number
        raise ValueError(f"{value!r} is not a number from {minimum:g} to {maximum:g}.")

    return Parsed("seconds", parse)


def positive(name: str, maximum: int) -> Parsed[Decimal]:
    """Return the type of a number above zero in plain digits, converted without rounding."""

    def parse(value: str) -> Decimal:
        text = unquoted(value)
        if re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,20})?", text) and 0 < Decimal(text) <= maximum:
            return Decimal(text)
        raise ValueError(f"{one_line(value, 40)!r} is not a number above 0, up to {maximum}.")

    return Parsed(name, parse)


class RegionName(click.Choice[str]):
    """A region in any case, with or without quotes and spaces around it; empty is unset."""

    def __init__(self) -> None:
        super().__init__(REGION_NAMES, case_sensitive=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        name = unquoted(value)
        return super().convert(name, param, ctx) if name else None


def _account_names(ctx: click.Context) -> list[str]:
    from moonshot_status.cli import completion

    return [*completion.account_names(ctx.find_root().params.get("config")), ALL_ACCOUNTS]


def _parse_parts(value: str) -> tuple[str, ...]:
    names = tuple(word.strip() for word in value.split(","))
    if set(names) <= set(PARTS):
        return names
    raise ValueError(f"{value!r} is not made of {', '.join(PARTS)}.")


def _parse_template(value: str) -> str:
    from moonshot_status.display.template import template_error

    error = template_error(value)
    if error:
        raise ValueError(f"{value!r}: {error}.")
    return value


def _parse_first_day(value: str) -> date:
    """Parse a local date, a number of days up to today such as ``30d``, or ``all``."""
    if value == "all":
        return date.min
    if re.fullmatch(r"\A0*[1-9][0-9]{0,8}d", value):
        return date.fromordinal(max(date.today().toordinal() - int(value[:-1]) + 1, 1))
    try:
        # Since Python 3.11 fromisoformat accepts other forms as well.
        is_plain = re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value)
        return date.fromisoformat(value if is_plain else "")
    except ValueError as error:
        raise ValueError(
            f"{value!r} is neither a date such as 2026-11-01, nor days such as 30d, nor all."
        ) from error


class PicturePath(click.Path):
    """The path of a picture, which ends in .svg or .png; completed as a path."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        super().convert(value, param, ctx)
        if Path(value).suffix.lower() in (".svg", ".png"):
            return Path(value)
        raise click.BadParameter(f"{value!r} ends neither in .svg nor in .png.", ctx, param)


ACCOUNT = Parsed("account", str, _account_names)
FIRST_DAY = Parsed("day", _parse_first_day)
PICTURE = PicturePath(dir_okay=False)


def setting_options(command: _F) -> _F:
    """Add an option for each setting that has a flag."""
    for setting in reversed(SETTINGS):
        if setting.param == "flag":
            command = click.option(setting.flag, is_flag=True, help=setting.help)(command)
        elif setting.flag:
            metavar, type_ = setting.metavar or None, _param_type(setting)
            command = click.option(setting.flag, metavar=metavar, type=type_, help=setting.help)(
                command
            )
    return command


def _param_type(setting: Setting) -> click.ParamType[Any]:
    if setting.param == "seconds":
        return seconds(setting.schema["minimum"], setting.schema["maximum"])
    return {
        "region": RegionName(),
        "parts": Parsed("parts", _parse_parts, lambda _: PARTS),
        "template": Parsed("template", _parse_template),
    }[setting.param]
