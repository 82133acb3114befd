"""What this shell has and a bar that was started at login has not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from moonshot_status.api import proxy
from moonshot_status.config import resolver
from moonshot_status.core.errors import ProblemError
from moonshot_status.doctor.context import Context
from moonshot_status.doctor.finding import Finding, hint, ok

_SETTINGS = (
    "MOONSHOT_API_KEY", "MOONSHOT_KEY", "MOONSHOT_REGION", "MOONSHOT_BASE_URL", "CODEXBAR_CONFIG",
)  # fmt: skip
_TRUST = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_FOLDERS = {"XDG_CONFIG_HOME": ".config", "XDG_STATE_HOME": ".local/state"}


def findings(case: Context) -> Iterator[Finding]:
    names = _settings(case) + _way(case) + _folders()
    if not names:
        yield ok("environment", "nothing in it that a bar would miss")
        return
    fact = f"a bar that was started elsewhere may lack what this shell has: {', '.join(names)}"
    yield hint("environment", fact, _mend(case, names))


def _settings(case: Context) -> list[str]:
    """The variables without which the account would be another."""
    now = (case.settings.account, case.settings.problem)
    names = []
    for name in (name for name in _SETTINGS if case.environ.get(name, "").strip()):
        bare = {other: value for other, value in case.environ.items() if other != name}
        without = resolver.resolve(case.options, bare)
        if (without.account, without.problem) != now:
            names.append(name)
    return names


def _way(case: Context) -> list[str]:
    """The variables that lead to the API: a proxy, and whom to trust."""
    url = case.settings.account.base_url or "https://"
    if not url.startswith("https:"):
        return []
    try:
        route = proxy.route_for(url)
    except ProblemError:
        return []
    names = [proxy.proxy_variable()] if route else []
    return names + [name for name in _TRUST if os.environ.get(name)]


def _folders() -> list[str]:
    home = Path(os.path.expanduser("~"))
    return [
        name
        for name, usual in _FOLDERS.items()
        if os.environ.get(name) and Path(os.environ[name]) != home / usual
    ]


def _mend(case: Context, names: list[str]) -> str:
    if names[0] in _SETTINGS:
        return f"Write what a bar needs into {case.path}: it has no .bashrc and no .zshrc."
    return "Set it for the whole session, in ~/.config/environment.d or the like."
