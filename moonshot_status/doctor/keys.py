"""Check the region and the key: where they come from, and what is wrong with the key."""

from __future__ import annotations

import re
from collections.abc import Iterator

from moonshot_status.config.settings import BY_NAME
from moonshot_status.core.errors import Kind, Problem
from moonshot_status.core.regions import DEFAULT_REGION, Region
from moonshot_status.doctor import key_command
from moonshot_status.doctor.context import Context, is_key_problem
from moonshot_status.doctor.finding import Finding, fail, hint, ok, untried

_VARIABLES = BY_NAME["api_key"].variables
_SIMILAR_NAME = re.compile(r"(MOONSHOT|KIMI).*(KEY|TOKEN)", re.IGNORECASE)
_INVALID_CHARACTERS = (
    (re.compile(r"[\r\n]"), "a line break"),
    (re.compile(r"[ \t\u00a0]"), "a blank"),
    (re.compile(r"[\x00-\x1f\x7f-\x9f]"), "a control character"),
    (re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]"), "an invisible character"),
    (re.compile("[‐-―−]"), "a dash of typography"),
)
_NO_KEYS = (
    (re.compile(r"[$%]"), "is the name of a variable", "It is not expanded: write the key."),
    (re.compile(r"[\w-]+://"), "is an address", 'Write "api_key_command": ["op", "read", …].'),
    (
        re.compile(r"(sk-)?(\.\.\.|…|<|x{6}|\*|your[-_ ])", re.I),
        "is a placeholder",
        "Write your key.",
    ),
)


def findings(context: Context) -> Iterator[Finding]:
    """Yield the region, the key in use, and the keys that are not used."""
    if context.file is None:
        yield untried("region", "the settings file is broken")
        yield untried("key", "the settings file is broken")
        return
    yield _region(context)
    if context.problem and not is_key_problem(context.problem):
        yield untried("key", "the settings are wrong")
        return
    if context.problem:
        yield _unusable(context, context.problem)
    else:
        yield from _in_use(context)
    yield from _unused(context)
    yield from _misnamed_variables(context)


def other_region(region: Region | None) -> Region:
    """Return the region to suggest to a user whose key is not of this one."""
    return next(other for other in Region if other is not (region or DEFAULT_REGION))


def _region(context: Context) -> Finding:
    region = context.settings.account.region
    if region is None:
        return untried("region", "the settings are wrong")
    if context.options.region:
        return ok("region", f"{region.value}, as --region says")
    for source in context.sources:
        if source.region:
            return ok("region", f"{region.value}, as {source.region_source} says")
        if source.secret:
            return ok("region", f"{region.value}, because none is written beside the key")
    return ok("region", f"{region.value}, because none is written anywhere")


def _unusable(context: Context, problem: Problem) -> Finding:
    if problem.kind is Kind.NO_KEY:
        return fail("key", f"{problem.message}. {problem.hint}", _how_to_set_a_key(context))
    chosen = context.chosen
    place = f" ({chosen.name})" if chosen else ""
    character = chosen and chosen.secret and _invalid_character(chosen.secret.key)
    detail = f": {character} stands in it" if character and problem.kind is Kind.BAD_KEY else ""
    return fail("key", f"{problem.message}{detail}{place}", problem.hint)


def _how_to_set_a_key(context: Context) -> str:
    region = context.settings.account.region or DEFAULT_REGION
    other = other_region(region)
    if any(source.secret for source in context.sources):
        return (
            f'If that key is from {other.platform}, write "region": "{other.value}";'
            f" else put one from {region.platform} into {context.path}."
        )
    return f'Write {{"region": "{region.value}", "api_key": "sk-..."}} into {context.path}.'


def _invalid_character(key: str) -> str:
    """Describe the first invalid character of the key; empty if there is none."""
    found = next((words for pattern, words in _INVALID_CHARACTERS if pattern.search(key)), "")
    return found or ("" if key.isascii() else "a character that is not ASCII")


def _in_use(context: Context) -> Iterator[Finding]:
    region, problem = context.settings.account.region, context.key_result.problem
    if context.settings.account.secret.command:
        yield key_command.finding(context)
    if problem and is_key_problem(problem):
        if problem.kind is not Kind.NO_KEY:
            yield fail("key", f"{problem.message} (api_key_command)", problem.hint)
        return
    place = _chosen_name(context)
    yield _suspicious(context.key_result.key, place) or ok(
        "key", f"from {place}, of {region.value if region else ''}"
    )


def _suspicious(key: str, place: str) -> Finding | None:
    """Return a finding for a valid key that is probably none."""
    for pattern, what, fix in _NO_KEYS:
        if pattern.match(key):
            return fail("key", f"what stands in {place} {what}", fix)
    if key.startswith("sk-"):
        return None
    return hint(
        "key",
        f"the key from {place} does not begin with sk-, as keys do",
        "Copy it once more from the console.",
    )


def _unused(context: Context) -> Iterator[Finding]:
    """Yield the keys that are not used, and why."""
    region = context.settings.account.region
    unused = [source for source in context.sources if source.secret and source != context.chosen]
    if context.problem and context.problem.kind is Kind.NO_KEY:
        unused = []  # the problem names them
    for source in unused:
        key_region = (source.key_region or DEFAULT_REGION.value).lower()
        is_foreign = region is not None and key_region != region.value
        first = f"{_chosen_name(context)} comes first"
        why = "it is of the other region" if is_foreign else first
        yield hint("another key", f"the key in {source.name} is not used: {why}")
    names = [name for name in _VARIABLES if context.environ.get(name, "").strip()]
    if context.file and context.settings.account.name in context.file.accounts and names:
        yield hint("another key", f"{names[0]} is not used: the account has a name in the settings")
    elif len(names) > 1:
        yield hint("another key", f"{names[1]} is not used: {names[0]} comes first")


def _misnamed_variables(context: Context) -> Iterator[Finding]:
    """Yield the variables that were probably meant to hold the missing key."""
    if context.problem and context.problem.kind is Kind.NO_KEY:
        for name in sorted(set(context.environ) - set(_VARIABLES)):
            if _SIMILAR_NAME.search(name):
                yield hint("another key", f"{name} is not read", f"Its name is {_VARIABLES[0]}.")


def _chosen_name(context: Context) -> str:
    return context.chosen.name if context.chosen else "another place"
