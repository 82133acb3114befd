"""The findings in words for a terminal, or in JSON that can be published."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from moonshot_status import debug, proxy, strictjson
from moonshot_status.account import Region
from moonshot_status.doctor.case import Case
from moonshot_status.doctor.finding import Finding
from moonshot_status.endpoint import is_loopback
from moonshot_status.errors import ProblemError
from moonshot_status.text import one_line

_WIDTH = 15
_LONGEST = 600
_SETTINGS = "region|api_key|api_key_command|base_url|max_age|timeout|thresholds|show"


def line(finding: Finding) -> str:
    """For the user's own eyes: with amounts, and with full paths where they are to be typed."""
    fact = _homely(_clean(f"{finding.fact}{finding.private}"))
    mend = f"\n{' ' * (_WIDTH + 3)}→ {_clean(finding.mend)}" if finding.mend else ""
    return f"{finding.state.sign} {finding.name:{_WIDTH}} {fact}{mend}\n"


def document(findings: Iterable[Finding], case: Case) -> str:
    """For anybody's eyes: no secret, no amount, and no name of a person, an account or a host."""
    masks = _masks(case)
    listed = [
        {
            "name": finding.name,
            "state": finding.state.value,
            "fact": _public(finding.fact, masks),
            "mend": _public(finding.mend, masks),
        }
        for finding in findings
    ]
    rows = ",\n ".join(strictjson.dumps(row) for row in listed)
    return f'{{"version": 1, "findings": [\n {rows}\n]}}\n'


def _homely(text: str) -> str:
    home = os.path.expanduser("~")
    homes = {home, os.path.realpath(home)} if os.path.isabs(home) else set()
    for path in _longest_first(homes - {"/"}):
        text = re.sub(rf"{re.escape(path)}(?![\w.-])", "~", text)
    return text


def _clean(text: str) -> str:
    return debug.masked(one_line(text, _LONGEST))


def _public(text: str, masks: list[tuple[str, str]]) -> str:
    text = _homely(_clean(text))
    for pattern, instead in masks:
        text = re.sub(pattern, instead, text)
    return text


def _masks(case: Case) -> list[tuple[str, str]]:
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


def _hosts(case: Case) -> set[str]:
    """The API's host, where it is not the official one, and the proxy's."""
    url = case.settings.account.base_url
    hosts = {urlsplit(url).hostname or ""}
    try:
        route = proxy.for_url(url) if url else None
    except ProblemError:
        route = None
    if route:
        hosts.add(urlsplit(route.url).hostname or "")
    official = {region.host for region in Region}
    return {host for host in hosts - official if not is_loopback(host)}
