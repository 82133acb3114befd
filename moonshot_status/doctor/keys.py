"""Check the region and the key: where they come from, and what is wrong with the key."""

from __future__ import annotations

import re
from collections.abc import Iterator

from moonshot_status.config.settings import BY_NAME
from moonshot_status.core.errors import Kind, Problem
from moonshot_status.core.regions import DEFAULT_REGION
from moonshot_status.doctor import key_command
from moonshot_status.doctor.context import Context
from moonshot_status.doctor.finding import Finding, fail, hint, ok, untried

_VARIABLES = BY_NAME["api_key"].variables
_OWNER = re.compile("MOONSHOT|KIMI", re.IGNORECASE)
_SECRET = re.compile("KEY|TOKEN", re.IGNORECASE)
_NO_KEYS = (
    (re.compile(r"[$%]"), "is the name of a variable", "It is not expanded: write the key."),
    (re.compile(r"\A[\w-]+://"), "is an address", 'Write "api_key_command": ["op", "read", …].'),
    (
        re.compile(r"(?i)(sk-)?(\.\.\.|…|<|x{6}|\*|your[-_ ])"),
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
    if context.settings_problem:
        yield untried("key", "the settings are wrong")
        return
    problem = context.problem
    if problem:
        yield _unusable(context, problem)
    else:
        yield from _in_use(context)
    is_missing = problem is not None and problem.kind is Kind.NO_KEY
    if not is_missing:  # else the problem names them
        yield from _unused_sources(context)
    yield from _unused_variables(context)
    if is_missing:
        yield from _misnamed_variables(context)


def _region(context: Context) -> Finding:
    decided_by = context.choice.decided_by
    if context.settings.account.region is None:
        return untried("region", "the settings are wrong")
    if context.options.region:
        why = "as --region says"
    elif decided_by and decided_by.region:
        why = f"as {decided_by.region_source} says"
    else:
        why = f"because none is written {'beside the key' if decided_by else 'anywhere'}"
    return ok("region", f"{context.region.value}, {why}")


def _unusable(context: Context, problem: Problem) -> Finding:
    if problem.kind is Kind.NO_KEY:
        return fail("key", f"{problem.message}. {problem.hint}", _how_to_set_a_key(context))
    secret = context.chosen.secret
    no_key = secret and _no_key(secret.key, context.chosen.name)
    return no_key or fail("key", problem.message, problem.hint)


def _how_to_set_a_key(context: Context) -> str:
    region, other = context.region, context.other_region
    if any(source.secret for source in context.sources):
        return (
            f'If that key is from {other.platform}, write "region": "{other.value}";'
            f" else put one from {region.platform} into {context.path}."
        )
    return f'Write {{"region": "{region.value}", "api_key": "sk-..."}} into {context.path}.'


def _in_use(context: Context) -> Iterator[Finding]:
    problem = context.key_result.problem
    if context.settings.account.secret.command:
        yield key_command.finding(context)
    if problem is None:
        yield _valid(context)


def _valid(context: Context) -> Finding:
    """Return the finding on a valid key, which may still be none."""
    key, place = context.key_result.key, context.chosen.name
    no_key = _no_key(key, place)
    if no_key:
        return no_key
    if not key.startswith("sk-"):
        fact = f"the key from {place} does not begin with sk-, as keys do"
        return hint("key", fact, "Copy it once more from the console.")
    return ok("key", f"from {place}, of {context.region.value}")


def _no_key(key: str, place: str) -> Finding | None:
    """Return the finding on what was written in place of a key, or None if that is unknown."""
    for pattern, what, fix in _NO_KEYS:
        if pattern.match(key):
            return fail("key", f"what stands in {place} {what}", fix)
    return None


def _unused_sources(context: Context) -> Iterator[Finding]:
    for source in context.sources:
        if source.secret and not source.error and source != context.chosen:
            key_region = (source.key_region or DEFAULT_REGION.value).lower()
            why = "it is of the other region"
            if key_region == context.region.value:
                why = f"{context.chosen.name} comes first"
            yield hint("another key", f"the key in {source.name} is not used: {why}")


def _unused_variables(context: Context) -> Iterator[Finding]:
    names = [name for name in _VARIABLES if context.environ.get(name, "").strip()]
    if names and context.settings.account.name in context.settings.accounts:
        yield hint("another key", f"{names[0]} is not used: the account has a name in the settings")
    elif len(names) > 1:
        yield hint("another key", f"{names[1]} is not used: {names[0]} comes first")


def _misnamed_variables(context: Context) -> Iterator[Finding]:
    """Yield the variables that were probably meant to hold the missing key."""
    for name in sorted(set(context.environ) - set(_VARIABLES)):
        owner = _OWNER.search(name)
        if owner and _SECRET.search(name, owner.end()):
            yield hint("another key", f"{name} is not read", f"Its name is {_VARIABLES[0]}.")
