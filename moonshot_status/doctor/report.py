"""Print findings as lines for a terminal, or as JSON that can be published."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from moonshot_status.api import proxy
from moonshot_status.api.base_url import is_loopback
from moonshot_status.core import log, paths, strict_json
from moonshot_status.core.errors import ProblemError
from moonshot_status.core.regions import Region
from moonshot_status.core.text import one_line
from moonshot_status.doctor.context import SETTING_NAMES, Context
from moonshot_status.doctor.finding import Finding

_NAME_WIDTH = 15
_MAX_LENGTH = 600
_SETTINGS = "|".join(SETTING_NAMES)
# The account in the name of a setting, which a problem cuts off after 120 characters.
_UNKNOWN_ACCOUNT = re.compile(
    rf"(?<=\baccounts\.)(?!NAME\b)[^/]{{0,120}}?"
    rf"(?=(\.({_SETTINGS})\b[\w.]{{0,40}})?(:| in /))"
)
_Masks = list[tuple[re.Pattern[str], str]]


def line(finding: Finding) -> str:
    """Return the line for the user's terminal, with amounts, and a second one with the fix."""
    fact = _clean(f"{finding.fact}{finding.private}", _home_masks())
    # Paths in a fix stay complete, because it may be copied into a shell.
    fix = f"\n{' ' * (_NAME_WIDTH + 3)}→ {_clean(finding.fix, [])}" if finding.fix else ""
    return f"{finding.state.sign} {finding.name:{_NAME_WIDTH}} {fact}{fix}\n"


def document(findings: Iterable[Finding], context: Context) -> str:
    """Return the JSON, without secrets, amounts, and names of users, accounts and hosts."""
    masks = [*_home_masks(), *_private_masks(context)]
    rows = ",\n ".join(
        strict_json.dumps(
            {
                "name": finding.name,
                "state": finding.state.value,
                "fact": _clean(finding.fact, masks),
                "mend": _clean(finding.fix, masks),
            }
        )
        for finding in findings
    )
    return f'{{"version": 1, "findings": [\n {rows}\n]}}\n'


def _clean(text: str, masks: _Masks) -> str:
    """Return the text on one line, without secrets and with these replacements."""
    text = log.masked(one_line(text, _MAX_LENGTH))
    for pattern, replacement in masks:
        text = pattern.sub(replacement, text)
    return text


def _home_masks() -> _Masks:
    home = os.path.expanduser("~")
    homes = {home, str(paths.real(Path(home)))} - {"/"} if os.path.isabs(home) else ()
    return _masks(homes, "", r"(?![\w.-])", "~")


def _private_masks(context: Context) -> _Masks:
    """Return patterns of what must not be published, and their replacements."""
    home = Path(os.path.expanduser("~"))
    users = {home.name, os.environ.get("USER"), os.environ.get("LOGNAME"), platform.node()}
    accounts = {*context.settings.accounts, context.settings.account.name}
    written = {one_line(name, _MAX_LENGTH) for name in accounts}
    return [
        *_masks(users, r"(?<=/)", r"(?![\w.-])", "NAME"),
        *_masks(written, r"(?<=\baccounts\.)", r"(?=[ .:])", "NAME"),
        (_UNKNOWN_ACCOUNT, "NAME"),  # The accounts of an invalid file are not known.
        *_masks(_hosts(context), r"(?<![\w.-])", r"(?![\w-])", "HOST"),
    ]


def _masks(words: Iterable[str | None], before: str, after: str, replacement: str) -> _Masks:
    """Return a mask for each word between these patterns, the longest first."""
    longest_first = sorted((word for word in words if word), key=len, reverse=True)
    return [(re.compile(before + re.escape(word) + after), replacement) for word in longest_first]


def _hosts(context: Context) -> set[str]:
    """Return the hosts of the API and the proxy, unless they are official or on this machine."""
    url = context.settings.account.base_url
    hosts = {urlsplit(url).hostname or ""}
    try:
        route = proxy.route_for(url) if url else None
    except ProblemError:
        route = None
    if route:
        hosts.add(route.name)
    official = {region.host for region in Region}
    return {host for host in hosts - official if not is_loopback(host)}
