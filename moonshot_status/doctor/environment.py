"""Warn about environment variables that a bar started at login may not have."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from moonshot_status.api import proxy
from moonshot_status.config import resolver
from moonshot_status.core.errors import ProblemError
from moonshot_status.doctor.context import VARIABLES, Context
from moonshot_status.doctor.finding import Finding, hint, ok

_CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_FOLDERS = {"XDG_CONFIG_HOME": ".config", "XDG_STATE_HOME": ".local/state"}


def findings(context: Context) -> Iterator[Finding]:
    """Yield one finding with the variables without which the result would be another."""
    names = _account_variables(context) + _network_variables(context) + _folder_variables()
    if not names:
        yield ok("environment", "nothing in it that a bar would miss")
        return
    fact = f"a bar that was started elsewhere may lack what this shell has: {', '.join(names)}"
    yield hint("environment", fact, _fix(context, names))


def _account_variables(context: Context) -> list[str]:
    """Return the variables without which the account would be another."""
    current = (context.settings.account, context.settings.problem)
    names = []
    for name in (name for name in VARIABLES if context.environ.get(name, "").strip()):
        others = {other: value for other, value in context.environ.items() if other != name}
        without = resolver.resolve(context.options, others)
        if (without.account, without.problem) != current:
            names.append(name)
    return names


def _network_variables(context: Context) -> list[str]:
    """Return the variables that name the proxy and the trusted certificates."""
    url = context.settings.account.base_url or "https://"
    if not url.startswith("https:"):
        return []
    try:
        route = proxy.route_for(url)
    except ProblemError:
        return []
    names = [proxy.proxy_variable()] if route else []
    return names + [name for name in _CERTIFICATE_VARIABLES if os.environ.get(name)]


def _folder_variables() -> list[str]:
    """Return the variables that name another folder than the default one."""
    home = Path(os.path.expanduser("~"))
    return [
        name
        for name, default in _FOLDERS.items()
        if os.environ.get(name) and Path(os.environ[name]) != home / default
    ]


def _fix(context: Context, names: list[str]) -> str:
    if names[0] in VARIABLES:
        return f"Write what a bar needs into {context.path}: it has no .bashrc and no .zshrc."
    return "Set it for the whole session, in ~/.config/environment.d or the like."
