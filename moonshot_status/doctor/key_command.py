"""Check the key command, which is run as a bar would run it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from moonshot_status.config import api_key
from moonshot_status.core import bar_path, causes, paths
from moonshot_status.core.errors import Kind, Problem
from moonshot_status.doctor.context import Context, KeyResult
from moonshot_status.doctor.finding import Finding, fail, hint, ok

_SLOW_SECONDS = 3
_NAME = "key command"
_SHELL_SYNTAX = {"|", ">", "<", "&&", "||", ";", "2>/dev/null"}


def finding(context: Context) -> Finding:
    """Return the finding on the command; it never shows the arguments, which may be secret."""
    command, result = context.settings.account.secret.command, context.key_result
    program = command[0]
    if result.only_in_shell:
        fact = f"{program} works in this shell, but not with the PATH of bars"
        found = None if bar_path.which(program) else shutil.which(program)
        fix = "Have it name the programs that it runs by their full paths."
        return fail(_NAME, fact, f"Write its full path: {found}" if found else fix)
    if result.problem:
        return fail(_NAME, result.problem.message, _fix(command, result, result.problem))
    if result.ignored:
        return hint(_NAME, api_key.note("the key that api_key_command prints", result.ignored))
    took = f"{program} took {result.seconds:.1f} s"
    if result.seconds > _SLOW_SECONDS:
        return hint(_NAME, f"{took} of the {api_key.COMMAND_SECONDS} that it has")
    return ok(_NAME, took)


def _fix(command: tuple[str, ...], result: KeyResult, problem: Problem) -> str:
    """Return the fix for the most likely cause of the failure."""
    program = paths.with_home(command[0])
    if problem.kind is not Kind.NO_KEY:
        return problem.hint
    if program.startswith("$"):
        return "There is no shell that expands $: write the full path."
    if paths.is_file(Path(program)) and not os.access(program, os.X_OK):
        return f"chmod +x {paths.shell_word(Path(program))}"
    found = shutil.which(program)
    if found is None:
        if " " in program:
            return 'Each word is an item of its own: ["pass", "show", "moonshot"].'
        return f"{program.rpartition('/')[2]} is not installed, or not there: give its full path."
    if not os.path.isabs(found) and problem.cause is causes.KEY_COMMAND_NOT_STARTED:
        fact = "It is found only through a folder of PATH that is relative, and not searched."
        return f"{fact} Write its full path: {os.path.normpath(Path.cwd() / found)}"
    if _SHELL_SYNTAX & set(command):
        return 'No shell reads it: write ["sh", "-c", "…"].'
    if result.seconds >= api_key.COMMAND_SECONDS:
        return (
            "It may wait for a passphrase: a bar has no terminal, only a graphical pinentry helps."
        )
    return "Run it as a bar does: setsid COMMAND </dev/null. Only its first line counts."
