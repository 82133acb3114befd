"""The findings in words for a terminal, or in JSON that can be published."""

from __future__ import annotations

import os
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
from moonshot_status.settings import DEFAULT_ACCOUNT
from moonshot_status.text import one_line

_WIDTH = 15
_LONGEST = 600


def line(finding: Finding) -> str:
    """For the user's own eyes: real paths and amounts, and no secret."""
    fact = _clean(f"{finding.fact}{finding.private}")
    mend = f"\n{' ' * (_WIDTH + 3)}→ {_clean(finding.mend)}" if finding.mend else ""
    return f"{finding.state.sign} {finding.name:{_WIDTH}} {fact}{mend}\n"


def document(findings: Iterable[Finding], case: Case) -> str:
    """For anybody's eyes: no secret, no amount, and no name of a person, an account or a host."""
    words = _private_words(case)
    listed = [
        {
            "name": finding.name,
            "state": finding.state.value,
            "fact": _public(finding.fact, words),
            "mend": _public(finding.mend, words),
        }
        for finding in findings
    ]
    rows = ",\n ".join(strictjson.dumps(row) for row in listed)
    return f'{{"version": 1, "findings": [\n {rows}\n]}}\n'


def _clean(text: str) -> str:
    return debug.masked(one_line(text, _LONGEST))


def _public(text: str, words: dict[str, str]) -> str:
    text = _clean(text)
    for word, instead in sorted(words.items(), key=lambda pair: -len(pair[0])):
        text = re.sub(rf"(?<![\w-]){re.escape(word)}(?![\w-])", lambda _, i=instead: i, text)
    return text


def _private_words(case: Case) -> dict[str, str]:
    """What is not to be published, and what stands in its place."""
    words = dict.fromkeys(_hosts(case), "HOST")
    accounts = case.file.accounts if case.file else {}
    words |= dict.fromkeys({*accounts, case.settings.account.name} - {DEFAULT_ACCOUNT}, "ACCOUNT")
    home = os.path.expanduser("~")
    users = {Path(home).name, os.environ.get("USER", ""), os.environ.get("LOGNAME", "")}
    words |= dict.fromkeys(users, "USER")
    words |= dict.fromkeys((home, os.path.realpath(home)), "~")
    return {word: instead for word, instead in words.items() if word.strip("/ ")}


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
