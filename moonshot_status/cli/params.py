"""Click parameter types for options, and the options of the settings."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from moonshot_status.config.settings import ALL_ACCOUNTS, PARTS, SETTINGS, Setting
from moonshot_status.core.regions import REGION_NAMES
from moonshot_status.core.text import one_line, unquoted

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Seconds(click.ParamType[float]):
    """A finite number of seconds in a range; click's own float range accepts ``nan``."""

    name = "seconds"

    def __init__(self, minimum: float, maximum: float) -> None:
        self._minimum, self._maximum = minimum, maximum

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if self._minimum <= seconds <= self._maximum:
            return seconds
        raise click.BadParameter(
            f"{value!r} is not a number from {self._minimum:g} to {self._maximum:g}.", ctx, param
        )


class Positive(click.ParamType[Decimal]):
    """A number above zero in plain digits, converted without rounding."""

    def __init__(self, name: str, maximum: int) -> None:
        self.name, self._maximum = name, maximum

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        text = unquoted(value)
        if re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,20})?", text):
            number = Decimal(text)
            if 0 < number <= self._maximum:
                return number
        raise click.BadParameter(
            f"{one_line(value, 40)!r} is not a number above 0, up to {self._maximum}.", ctx, param
        )


class RegionName(click.Choice[str]):
    """A region in any case, with or without quotes and spaces around it; empty is unset."""

    def __init__(self) -> None:
        super().__init__(REGION_NAMES, case_sensitive=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        name = unquoted(value)
        return super().convert(name, param, ctx) if name else None


class AccountName(click.ParamType[str]):
    """The name of an account, completed from the settings file."""

    name = "account"

    def shell_complete(
        self,
        ctx: click.Context,
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem[str]]:
        from moonshot_status.cli import completion

        names = [*completion.account_names(ctx.params.get("config")), ALL_ACCOUNTS]
        return completion.list_items(names, incomplete)


class Parts(click.ParamType[tuple[str, ...]]):
    """A comma-separated list of parts of the text in the bar."""

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
        from moonshot_status.cli import completion

        return completion.list_items(PARTS, incomplete)


class Template(click.ParamType[str]):
    """A template of the text in the bar."""

    name = "template"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from moonshot_status.display import template

        error = template.template_error(value)
        if error:
            raise click.BadParameter(f"{value!r}: {error}.", ctx, param)
        return str(value)


class FirstDay(click.ParamType[date]):
    """A local date, a number of days up to today such as ``30d``, or ``all``."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if value == "all":
            return date.min
        if re.fullmatch("0*[1-9][0-9]{0,8}d", value):
            return date.fromordinal(max(date.today().toordinal() - int(value[:-1]) + 1, 1))
        try:
            # Since Python 3.11 fromisoformat accepts other forms as well.
            is_plain = re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value)
            return date.fromisoformat(value if is_plain else "")
        except ValueError as error:
            raise click.BadParameter(
                f"{value!r} is neither a date such as 2026-11-01, nor days such as 30d, nor all.",
                ctx,
                param,
            ) from error


class PictureFile(click.Path):
    """The path of a picture, which ends in .svg or .png."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        super().convert(value, param, ctx)
        if Path(value).suffix.lower() in (".svg", ".png"):
            return Path(value)
        raise click.BadParameter(f"{value!r} ends neither in .svg nor in .png.", ctx, param)


_F = TypeVar("_F", bound=Callable[..., Any])


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
    schema = setting.schema
    types: dict[str, Callable[[], click.ParamType[Any]]] = {
        "region": RegionName,
        "parts": Parts,
        "template": Template,
        "seconds": lambda: Seconds(schema["minimum"], schema["maximum"]),
    }
    return types[setting.param]()
