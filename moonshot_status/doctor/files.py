"""Check the settings file and CodexBar's file: syntax, spelling, owner and permissions."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from moonshot_status.config import codexbar
from moonshot_status.config.file_trust import may_group_read
from moonshot_status.config.settings import SETTINGS
from moonshot_status.config.settings_file import SettingsFile, read_bytes
from moonshot_status.core import causes, paths, strict_json
from moonshot_status.core.errors import Problem, ProblemError
from moonshot_status.core.regions import DEFAULT_REGION, REGION_NAMES
from moonshot_status.core.text import unquoted
from moonshot_status.doctor.context import SETTING_NAMES, Context
from moonshot_status.doctor.finding import Finding, State, absent, fail, hint, ok

_OWN, _CODEXBAR = "settings file", "CodexBar's file"
# No pattern matches a line end before what it looks for: it would take a time that grows with the
# square of the number of empty lines.
_SYNTAX_MISTAKES = {
    re.compile(r"\A\s*\Z"): "It is empty: write {} into it, or remove it.",
    re.compile(r",\s*[}\]]"): "A comma stands before a closing bracket: take it away.",
    re.compile(r"[“”„«»]"): 'Typographic quotes stand in it: JSON wants ".',
    re.compile(r"(?m)^[^\S\n]*(//|#|/\*)"): "JSON has no comments: take them away.",
    re.compile(r"(?m)'\w+'\s*:|^[^\S\n]*\w+\s*[:=]"): 'Names stand in ": {"region": "china"}.',
}
# The json module has no code for this error.
_NO_COMMA = "Expecting ',' delimiter"


def findings(context: Context) -> Iterator[Finding]:
    """Yield the files with settings and keys, and what is wrong with the settings as a whole."""
    yield _own_file(context)
    if context.file is None:
        return
    dangers = context.file.dangers
    yield from (fail("file mode", danger.message, danger.hint) for danger in dangers)
    yield from _permissions(context, context.file)
    from_codexbar, problem = _codexbar(context), context.settings_problem
    yield from_codexbar
    if problem and problem not in dangers and from_codexbar.state is not State.FAIL:
        yield fail("settings", problem.message, problem.hint)
    for remark in context.settings.remarks:
        yield hint("settings", remark.message, remark.hint)


def _own_file(context: Context) -> Finding:
    path, problem = context.path, context.file_problem
    if problem:
        fix = _syntax_fix(path) or _spelling_fix(problem) or _owner_fix(path) or problem.hint
        return fail(_OWN, problem.message, fix)
    if paths.exists(path):
        count = len(context.settings.accounts)
        several = f", {count} account{'s' if count > 1 else ''} by name" if count else ""
        return ok(_OWN, f"{path} is valid{several}")
    if path.is_symlink():
        return fail(_OWN, f"{path} is a link that leads nowhere", "Make the link anew.")
    default = Path(os.path.expanduser("~/.config/moonshot-status/config.json"))
    if default != path and paths.is_file(default):
        return hint(_OWN, f"{default} is not read", f"Move it to {path}.")
    neighbours = sorted(other.name for other in path.parent.glob("*") if paths.is_file(other))
    if neighbours:
        fact = f"{path} is not there; {neighbours[0]} beside it is not read"
        return hint(_OWN, fact, f"Only the name {path.name} counts.")
    return absent(_OWN, f"{path} is not there")


def _syntax_fix(path: Path) -> str:
    """Return the fix for a file that is not JSON; empty if it is, or if there is none."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
        strict_json.loads(text.encode())
    except UnicodeDecodeError:
        return "Save it as UTF-8."
    except OSError:
        return ""
    except ValueError as error:
        is_comma = str(error).startswith(_NO_COMMA)
        fix = "A comma, or a closing bracket, is missing before that place." if is_comma else ""
        found = (words for pattern, words in _SYNTAX_MISTAKES.items() if pattern.search(text))
        return next(found, fix)
    return ""


def _spelling_fix(problem: Problem) -> str:
    """Return the fix for an unknown name that is similar to a known one."""
    if problem.cause is not causes.INVALID_SETTING:
        return ""
    *parents, name = str(dict(problem.facts)["setting"]).split(".")
    known = _known_names(parents)
    if not known or name in known:
        return ""
    from difflib import get_close_matches

    close = get_close_matches(name.lower(), known, 1)
    return f'Is "{close[0]}" what is meant?' if close else ""


def _known_names(parents: list[str]) -> tuple[str, ...]:
    """Return the names that the object at this place may have; none if it is not known."""
    if not parents:
        return ("$schema", *SETTING_NAMES, "accounts")
    group = parents[-1]
    inside = tuple(s.name.partition(".")[2] for s in SETTINGS if s.name.startswith(f"{group}."))
    return inside or (SETTING_NAMES if parents[0] == "accounts" and len(parents) > 1 else ())


def _owner_fix(path: Path) -> str:
    try:
        is_foreign = path.stat().st_uid != os.geteuid()
    except OSError:
        return f"Look at who owns {path.parent}, and its mode."
    if is_foreign:
        return f"It belongs to another user. {paths.owner_fix(paths.real(path))}"
    return "" if os.access(path, os.R_OK) else f"chmod u+r {paths.shell_word(path)}"


def _permissions(context: Context, file: SettingsFile) -> Iterator[Finding]:
    """Yield whether other users can read the files that hold keys."""
    objects = (file.settings, *file.accounts.values())
    own = {file.path} if any("api_key" in settings for settings in objects) else set()
    others = {s.file for s in context.sources if s.file and s.secret and s.secret.key}
    for path in sorted(own | others):
        status = path.stat()
        mode = f"mode {stat.S_IMODE(status.st_mode):04o}"
        fix = f"chmod 600 {paths.shell_word(path)}"
        if status.st_mode & stat.S_IROTH:
            yield fail("file mode", f"{path} holds a key and has {mode}: others can read it", fix)
        elif may_group_read(path, status):
            fact = f"{path} holds a key and has {mode}: its group can read it"
            yield hint("file mode", fact, f"If that is not meant: {fix}")
        elif path != file.path or not file.dangers:
            yield ok("file mode", f"{path} is for you alone")


def _codexbar(context: Context) -> Finding:
    path = context.codexbar_file
    if path is None:
        if not context.environ.get(codexbar.VARIABLE, "").strip():
            return absent(_CODEXBAR, "there is none")
        fact = f"{codexbar.VARIABLE} names a file that is not there"
        return hint(_CODEXBAR, fact, "Correct the variable, or unset it.")
    if context.settings.account.name in context.settings.accounts:
        return absent(_CODEXBAR, f"{path} is not looked at: the account has a name")
    error = next((source.error for source in context.sources if source.error), None)
    if error and error.problem != context.problem:
        fact = f"{error.problem.message}, but it is not needed"
        return hint(_CODEXBAR, fact, error.problem.hint)
    try:
        entry = codexbar.read(context.environ)
    except ProblemError as unreadable:
        return fail(_CODEXBAR, unreadable.problem.message, unreadable.problem.hint)
    if entry and entry.unknown:
        names = " and ".join(entry.unknown)
        fact = f"{path} has an unknown {names}, which counts as {DEFAULT_REGION.value}"
        return hint(_CODEXBAR, fact, f"Known are {' and '.join(REGION_NAMES)}.")
    if entry and unquoted(entry.api_key):
        return ok(_CODEXBAR, f"{path} has a key of Moonshot")
    if codexbar.is_blank(read_bytes(path)):
        return absent(_CODEXBAR, f"{path} is blank, which counts as absent")
    return absent(_CODEXBAR, f"{path} has no {'key' if entry else 'entry'} of Moonshot")
