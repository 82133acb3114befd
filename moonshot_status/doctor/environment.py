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
_FOLDERS = {"XDG_CONFIG_HOME": "~/.config", "XDG_STATE_HOME": "~/.local/state"}


def findings(context: Context) -> Iterator[Finding]:
    """Yield one finding with the variables without which the result would be another."""
    names = [name for name in VARIABLES if _decides_on_account(name, context)]
    names += _network_variables(context)
    names += [name for name, default in _FOLDERS.items() if _names_other_folder(name, default)]
    if not names:
        yield ok("environment", "nothing in it that a bar would miss")
        return
    fix = "Set it for the whole session, in ~/.config/environment.d or the like."
    if names[0] in VARIABLES:
        fix = f"Write what a bar needs into {context.path}: it has no .bashrc and no .zshrc."
    fact = f"a bar that was started elsewhere may lack what this shell has: {', '.join(names)}"
    yield hint("environment", fact, fix)


def _decides_on_account(name: str, context: Context) -> bool:
    """Return whether the account, or the problem with it, would be another without the variable."""
    if not context.environ.get(name, "").strip():
        return False
    others = {other: value for other, value in context.environ.items() if other != name}
    without = resolver.resolve(context.options, others)
    return (without.account, without.problem) != (context.settings.account, context.problem)


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


def _names_other_folder(name: str, default: str) -> bool:
    folder = os.environ.get(name, "")
    return bool(folder) and Path(folder) != Path(os.path.expanduser(default))
