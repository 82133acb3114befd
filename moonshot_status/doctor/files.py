"""The settings files: which are read, by whom else, and where the mistake is."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from moonshot_status.config import codexbar
from moonshot_status.config.settings_file import SettingsFile, read_bytes
from moonshot_status.core.errors import ProblemError
from moonshot_status.doctor.context import Context, is_about_the_key
from moonshot_status.doctor.finding import Finding, absent, fail, hint, ok

# What people write that is not JSON, and what to tell them.
_SLIPS = (
    (re.compile(r"\A\s*\Z"), "It is empty: write {} into it, or remove it."),
    (re.compile(r",\s*[}\]]"), "A comma stands before a closing bracket: take it away."),
    (re.compile("[“”„«»]"), 'Typographic quotes stand in it: JSON wants ".'),
    (re.compile(r"^\s*(//|#|/\*)", re.MULTILINE), "JSON has no comments: take them away."),
    (
        re.compile(r"'\w+'\s*:|^\s*\w+\s*[:=]", re.MULTILINE),
        'Names stand in ": {"region": "china"}.',
    ),
)


def findings(case: Context) -> Iterator[Finding]:
    yield _own(case)
    if case.file:
        yield from _modes(case, case.file)
        yield _codexbar(case, case.file)
        yield from _settings(case)


def _own(case: Context) -> Finding:
    path, problem = case.path, case.file_problem
    if problem:
        mend = _slip(path) or _meant(problem.message) or _owner(path) or problem.hint
        return fail("settings file", problem.message, mend)
    if path.is_symlink() and not path.exists():
        return fail("settings file", f"{path} is a link that leads nowhere", "Make the link anew.")
    if not path.exists():
        return _no_file(path)
    count = len(case.file.accounts) if case.file else 0
    several = f", {count} account{'s' if count > 1 else ''} by name" if count else ""
    return ok("settings file", f"{path} is valid{several}")


def _no_file(path: Path) -> Finding:
    beside = sorted(other.name for other in path.parent.glob("*") if other.is_file())
    elsewhere = Path(os.path.expanduser("~/.config/moonshot-status/config.json"))
    if elsewhere != path and elsewhere.is_file():
        return hint("settings file", f"{elsewhere} is not read", f"Move it to {path}.")
    if beside:
        return hint(
            "settings file",
            f"{path} is not there; {beside[0]} beside it is not read",
            f"Only the name {path.name} counts.",
        )
    return absent("settings file", f"{path} is not there")


def _slip(path: Path) -> str:
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        return "Save it as UTF-8."
    except OSError:
        return ""
    from moonshot_status.core import strict_json

    try:
        strict_json.loads(text.encode())
    except ValueError:
        return next((words for pattern, words in _SLIPS if pattern.search(text)), "")
    return ""


def _meant(message: str) -> str:
    """What the mistake was probably meant to be."""
    if "Expecting ',' delimiter" in message:
        return "A comma, or a closing bracket, is missing before that place."
    unknown = re.search(r"([^\s.]+): allowed is one of (.+)", message)
    if unknown is None:
        return ""
    from difflib import get_close_matches

    close = get_close_matches(unknown[1].lower(), unknown[2].split(", "), 1)
    return f'Is "{close[0]}" what is meant?' if close else ""


def _owner(path: Path) -> str:
    try:
        foreign = path.stat().st_uid != os.geteuid()
    except OSError:
        return f"Look at who owns {path.parent}, and its mode."
    if foreign:
        return f'It belongs to another user: sudo chown "$USER" {path}'
    return "" if os.access(path, os.R_OK) else f"chmod u+r {path}"


def _modes(case: Context, file: SettingsFile) -> Iterator[Finding]:
    """The files with keys that others can read."""
    held = (file.settings, *file.accounts.values())
    own = {file.path} if any("api_key" in settings for settings in held) else set()
    others = {s.file for s in case.sources if s.file and s.secret and s.secret.key}
    for path in sorted(own | others):
        mode = path.stat().st_mode
        if stat.S_ISREG(mode) and mode & (stat.S_IRGRP | stat.S_IROTH):
            fact = f"{path} holds a key and has mode {stat.S_IMODE(mode):04o}: others can read it"
            yield fail("file mode", fact, f"chmod 600 {path}")
        else:
            yield ok("file mode", f"{path} is for you alone")


def _codexbar(case: Context, file: SettingsFile) -> Finding:
    there = next((path for path in codexbar.candidates(case.environ) if path.exists()), None)
    if there is None:
        named = case.environ.get("CODEXBAR_CONFIG", "").strip()
        if named:
            return hint(
                "CodexBar's file",
                "CODEXBAR_CONFIG names a file that is not there",
                "Correct the variable, or unset it.",
            )
        return absent("CodexBar's file", "there is none")
    if case.settings.account.name in file.accounts:
        return absent("CodexBar's file", f"{there} is not looked at: the account has a name")
    try:
        entry = codexbar.read(case.environ)
    except ProblemError as error:
        if error.problem == case.problem:
            return fail("CodexBar's file", error.problem.message, error.problem.hint)
        return hint("CodexBar's file", f"{error.problem.message}, but it is not needed")
    if entry is None:
        return absent("CodexBar's file", f"{there} has no entry of Moonshot")
    if not entry.api_key:
        return absent("CodexBar's file", f"{there} has no key of Moonshot")
    return ok("CodexBar's file", f"{there} has a key of Moonshot")


def _settings(case: Context) -> Iterator[Finding]:
    """What is wrong with the settings together, where it is not said already."""
    problem = case.problem
    if problem and not is_about_the_key(problem) and not problem.message.startswith("CodexBar's"):
        yield fail("settings", problem.message, problem.hint)
