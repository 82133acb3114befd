"""From the parameters that click parsed to the options of the program."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from moonshot_status import formats
from moonshot_status.cli import errors
from moonshot_status.config import resolver
from moonshot_status.config.settings import SETTINGS, Options, Settings
from moonshot_status.core import causes
from moonshot_status.core.errors import Problem
from moonshot_status.core.regions import Region
from moonshot_status.polling.reply import Request

_DEFAULT_WAIT = 1.0


def make_options(params: dict[str, Any]) -> Options:
    """Return the options for click's parameters."""
    flags = {s.name: params[s.name] for s in SETTINGS if s.flag}
    # A flag without a value that is not given is False and must not override the file; a 0 must.
    given = {
        name: value for name, value in flags.items() if value is not None and value is not False
    }
    return Options(
        account=params["account"],
        region=Region(params["region"]) if params["region"] else None,
        config=params["config"],
        refresh=params["refresh"],
        flags=given,
    )


def make_request(params: dict[str, Any]) -> Request:
    """Return the request for output for click's parameters."""
    options, program = make_options(params), _program(params)
    return Request(params["format"], options, program, params["demo"] or "", _wait(params))


def _wait(params: dict[str, Any]) -> float | None:
    """Return how long a stored balance is held back while a request is made, in seconds."""
    if params["refresh"] or params["demo"] or params["debug"]:
        return None
    if params["wait"] is None and not formats.waits_for_request(params["format"]):
        return _DEFAULT_WAIT
    wait: float | None = params["wait"]
    return wait


def load_settings(params: dict[str, Any]) -> list[Settings]:
    """Return the settings of each requested account.

    Raises click's usage error for an unknown account.
    """
    accounts, file = resolver.each_account(make_options(params))
    return [_existing(resolver.resolve(account, os.environ, file)) for account in accounts]


def load_settings_of_one(params: dict[str, Any]) -> Settings:
    """Return the settings of the one requested account. Raises as ``load_settings`` does."""
    return _existing(resolver.resolve(make_options(params), os.environ))


def _existing(settings: Settings) -> Settings:
    require_account(settings.problem)
    return settings


def require_account(problem: Problem | None) -> None:
    """Raise click's usage error if the problem is that the account does not exist."""
    if problem and problem.cause is causes.UNKNOWN_ACCOUNT:
        raise errors.unknown_account(problem.message)


def _program(params: dict[str, Any]) -> tuple[str, ...]:
    """Return the command line that runs this program again for the same accounts."""
    program = shutil.which(sys.argv[0]) or ""
    words = [str(Path(program).absolute())] if program else _interpreted()
    for name in ("account", "region", "config"):
        if params[name] is not None:
            value = params[name].absolute() if name == "config" else params[name]
            words += [f"--{name}", str(value)]
    return tuple(words)


def _interpreted() -> list[str]:
    """Return the command line of this process up to the program's arguments.

    The options of the interpreter are in it, such as -P and -I.
    """
    return [sys.executable, *sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv) + 1]]
