"""The findings in words for a terminal, or in JSON that can be published."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from moonshot_status.api import proxy
from moonshot_status.api.base_url import is_loopback
from moonshot_status.core import log, strict_json
from moonshot_status.core.errors import ProblemError
from moonshot_status.core.regions import Region
from moonshot_status.core.text import one_line
from moonshot_status.doctor.context import Context
from moonshot_status.doctor.finding import Finding

_WIDTH = 15
_LONGEST = 600
_SETTINGS = "region|api_key|api_key_command|base_url|max_age|timeout|thresholds|show"


def line(finding: Finding) -> str:
    """For the user's own eyes: with amounts, and with full paths where they are to be typed."""
    fact = _homely(_clean(f"{finding.fact}{finding.private}"))
    mend = f"\n{' ' * (_WIDTH + 3)}→ {_clean(finding.fix)}" if finding.fix else ""
    return f"{finding.state.sign} {finding.name:{_WIDTH}} {fact}{mend}\n"


def document(findings: Iterable[Finding], case: Context) -> str:
    """For anybody's eyes: no secret, no amount, and no name of a person, an account or a host."""
    masks = _masks(case)
    listed = [
        {
            "name": finding.name,
            "state": finding.state.value,
            "fact": _public(finding.fact, masks),
            "mend": _public(finding.fix, masks),
        }
        for finding in findings
    ]
    rows = ",\n ".join(strict_json.dumps(row) for row in listed)
    return f'{{"version": 1, "findings": [\n {rows}\n]}}\n'


def _homely(text: str) -> str:
    home = os.path.expanduser("~")
    homes = {home, os.path.realpath(home)} if os.path.isabs(home) else set()
    for path in _longest_first(homes - {"/"}):
        text = re.sub(rf"{re.escape(path)}(?![\w.-])", "~", text)
    return text


def _clean(text: str) -> str:
    return log.masked(one_line(text, _LONGEST))


def _public(text: str, masks: list[tuple[str, str]]) -> str:
    text = _homely(_clean(text))
    for pattern, instead in masks:
        text = re.sub(pattern, instead, text)
    return text


def _masks(case: Context) -> list[tuple[str, str]]:
    """What is not to be published, as patterns, and what stands in its place."""
    home = Path(os.path.expanduser("~"))
    people = {home.name, os.environ.get("USER"), os.environ.get("LOGNAME"), platform.node()}
    accounts = {*(case.file.accounts if case.file else ()), case.settings.account.name}
    return [
        *((rf"(?<=/){re.escape(name)}(?![\w.-])", "NAME") for name in _longest_first(people)),
        *(
            (rf"(?<=\baccounts\.){re.escape(one_line(name, _LONGEST))}(?=[ .:])", "NAME")
            for name in _longest_first(accounts)
        ),
        # In a broken file the names are not known.
        (rf"(?<=\baccounts\.)(?!NAME\b)[^/]*?(?=(\.({_SETTINGS})\b[\w.]*)?(:| in /))", "NAME"),
        *(
            (rf"(?<![\w.-]){re.escape(host)}(?![\w-])", "HOST")
            for host in _longest_first(_hosts(case))
        ),
    ]


def _longest_first(words: Iterable[str | None]) -> list[str]:
    return sorted((word for word in words if word), key=len, reverse=True)


def _hosts(case: Context) -> set[str]:
    """The API's host, where it is not the official one, and the proxy's."""
    url = case.settings.account.base_url
    hosts = {urlsplit(url).hostname or ""}
    try:
        route = proxy.route_for(url) if url else None
    except ProblemError:
        route = None
    if route:
        hosts.add(urlsplit(route.url).hostname or "")
    official = {region.host for region in Region}
    return {host for host in hosts - official if not is_loopback(host)}
