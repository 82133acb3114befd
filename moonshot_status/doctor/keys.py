"""Region and key: who decides, which key is used, and what is odd about it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from moonshot_status.core.errors import Kind, Problem
from moonshot_status.core.regions import Region
from moonshot_status.doctor import key_command
from moonshot_status.doctor.context import Context, is_about_the_key
from moonshot_status.doctor.finding import Finding, fail, hint, ok, untried

_VARIABLES = ("MOONSHOT_API_KEY", "MOONSHOT_KEY")
_NEARLY = re.compile(r"(MOONSHOT|KIMI).*(KEY|TOKEN)", re.IGNORECASE)
_PLATFORMS = {"international": "platform.moonshot.ai", "china": "platform.kimi.com"}
# Which characters no key has, and what to call them.
_STRANGE = (
    (re.compile(r"[\r\n]"), "a line break"),
    (re.compile(r"[ \t\u00a0]"), "a blank"),
    (re.compile(r"[\x00-\x1f\x7f-\x9f]"), "a control character"),
    (re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]"), "an invisible character"),
    (re.compile("[‐-―−]"), "a dash of typography"),
)
# What stands where a key should, and what to do about it.
_STAND_INS = (
    (re.compile(r"[$%]"), "is the name of a variable", "It is not expanded: write the key."),
    (re.compile(r"[\w-]+://"), "is an address", 'Write "api_key_command": ["op", "read", …].'),
    (
        re.compile(r"(sk-)?(\.\.\.|…|<|x{6}|\*|your[-_ ])", re.I),
        "is a placeholder",
        "Write your key.",
    ),
)


def findings(case: Context) -> Iterator[Finding]:
    if case.file is None:
        yield untried("region", "the settings file is broken")
        yield untried("key", "the settings file is broken")
        return
    yield _region(case)
    if case.problem and not is_about_the_key(case.problem):
        yield untried("key", "the settings are wrong")
        return
    if case.problem:
        yield _bad(case, case.problem)
    else:
        yield from _used(case)
    yield from _unused(case)
    yield from _unread(case)


def _region(case: Context) -> Finding:
    region = case.settings.account.region
    if region is None:
        return untried("region", "the settings are wrong")
    if case.options.region:
        return ok("region", f"{region.value}, as --region says")
    for source in case.sources:
        if source.region:
            return ok("region", f"{region.value}, as {source.region_name} says")
        if source.secret:
            return ok("region", f"{region.value}, because none is written beside the key")
    return ok("region", f"{region.value}, because none is written anywhere")


def _bad(case: Context, problem: Problem) -> Finding:
    if problem.kind is Kind.NO_KEY:
        return fail("key", f"{problem.message}. {problem.hint}", _way_to_a_key(case))
    place = f" ({case.chosen.name})" if case.chosen else ""
    strange = case.chosen and case.chosen.secret and strangeness(case.chosen.secret.key)
    within = f": {strange} stands in it" if strange and problem.kind is Kind.BAD_KEY else ""
    return fail("key", f"{problem.message}{within}{place}", problem.hint)


def _way_to_a_key(case: Context) -> str:
    region = case.settings.account.region or Region.INTERNATIONAL
    other = next(other for other in Region if other is not region)
    if any(source.secret for source in case.sources):
        return (
            f'If that key is from {_PLATFORMS[other.value]}, write "region": "{other.value}";'
            f" else put one from {_PLATFORMS[region.value]} into {case.path}."
        )
    return f'Write {{"region": "{region.value}", "api_key": "sk-..."}} into {case.path}.'


def strangeness(key: str) -> str:
    """What no key has and this one does."""
    found = next((words for pattern, words in _STRANGE if pattern.search(key)), "")
    return found or ("" if key.isascii() else "a character that is not ASCII")


def _used(case: Context) -> Iterator[Finding]:
    region, answered = case.settings.account.region, case.answered
    if case.settings.account.secret.command:
        yield key_command.finding(case)
    if answered.problem and is_about_the_key(answered.problem):
        if answered.problem.kind is not Kind.NO_KEY:
            yield fail(
                "key", f"{answered.problem.message} (api_key_command)", answered.problem.hint
            )
        return
    yield _looks(answered.key, _name(case)) or ok(
        "key", f"from {_name(case)}, of {region.value if region else ''}"
    )


def _looks(key: str, place: str) -> Finding | None:
    for pattern, what, mend in _STAND_INS:
        if pattern.match(key):
            return fail("key", f"what stands in {place} {what}", mend)
    if key.startswith("sk-"):
        return None
    return hint(
        "key",
        f"the key from {place} does not begin with sk-, as keys do",
        "Copy it once more from the console.",
    )


def _unused(case: Context) -> Iterator[Finding]:
    """The keys that are not used, and why."""
    region = case.settings.account.region
    others = [source for source in case.sources if source.secret and source != case.chosen]
    if case.problem and case.problem.kind is Kind.NO_KEY:
        others = []  # the problem says it
    for source in others:
        is_of = (source.key_region or "international").lower()
        foreign = region is not None and is_of != region.value
        why = "it is of the other region" if foreign else f"{_name(case)} comes first"
        yield hint("another key", f"the key in {source.name} is not used: {why}")
    names = [n for n in _VARIABLES if case.environ.get(n, "").strip()]
    if case.file and case.settings.account.name in case.file.accounts and names:
        yield hint("another key", f"{names[0]} is not used: the account has a name in the settings")
    elif len(names) > 1:
        yield hint("another key", "MOONSHOT_KEY is not used: MOONSHOT_API_KEY comes first")


def _unread(case: Context) -> Iterator[Finding]:
    """Variables of names that are nearly right, where a key is missing."""
    if case.problem and case.problem.kind is Kind.NO_KEY:
        for name in sorted(set(case.environ) - set(_VARIABLES)):
            if _NEARLY.search(name):
                yield hint("another key", f"{name} is not read", "Its name is MOONSHOT_API_KEY.")


def _name(case: Context) -> str:
    return case.chosen.name if case.chosen else "another place"
