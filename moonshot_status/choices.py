"""What the command line chose, on its way to the settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from moonshot_status import settings
from moonshot_status.account import Region
from moonshot_status.settings import Options, Settings, UnknownAccountError


def options(choices: dict[str, Any]) -> Options:
    """The options of the command line, which ``choices`` holds by their names."""
    region = choices["region"]
    return Options(
        account=choices["account"],
        region=Region(region) if region else None,
        max_age=choices["max_age"],
        timeout=choices["timeout"],
        config=choices["config"],
        refresh=choices["refresh"],
        show=choices["show"],
        template=choices["template"],
        hide_amount=choices["hide_amount"],
        wanted_at=choices.get("wanted_at"),
    )


def settings_of(choices: dict[str, Any]) -> Settings:
    """The settings for these choices. Raises click's usage error for an unknown account."""
    with usage_errors():
        return settings.resolve(options(choices), os.environ)


def settings_of_each(choices: dict[str, Any]) -> list[Settings]:
    """The settings of each account that these choices ask for. Raises as ``settings_of`` does."""
    with usage_errors():
        accounts = settings.each_account(options(choices))
        return [settings.resolve(account, os.environ) for account in accounts]


@contextmanager
def usage_errors() -> Iterator[None]:
    """Say an unknown account as click says wrong usage."""
    try:
        yield
    except UnknownAccountError as error:
        raise click.BadParameter(str(error), param_hint="'--account'") from error
