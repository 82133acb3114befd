"""The command that prints the key, run as a bar would run it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from moonshot_status.config import api_key
from moonshot_status.doctor import bar_path
from moonshot_status.doctor.context import Context, KeyResult
from moonshot_status.doctor.finding import Finding, fail, hint, ok

_SLOW_SECONDS = 3
_NAME = "key command"
_SHELL = {"|", ">", "<", "&&", "||", ";", "2>/dev/null"}


def finding(case: Context) -> Finding:
    """Of its arguments nothing is shown: they may tell what is nobody else's business."""
    words, answered = case.settings.account.secret.command, case.answered
    if answered.only_in_shell:
        return fail(
            _NAME,
            f"{words[0]} works in this shell, but not with the PATH of bars",
            _full_path(words[0]),
        )
    if answered.problem:
        return fail(_NAME, answered.problem.message, _cause(words, answered))
    took = f"{words[0]} took {answered.seconds:.1f} s"
    if answered.seconds > _SLOW_SECONDS:
        return hint(_NAME, f"{took} of the {api_key.COMMAND_SECONDS} that it has")
    return ok(_NAME, took)


def _full_path(program: str) -> str:
    here = shutil.which(program)
    if here and not bar_path.found_by_bars(program):
        return f"Write its full path: {here}"
    return "Have it name the programs that it runs by their full paths."


def _cause(words: tuple[str, ...], answered: KeyResult) -> str:
    program = words[0]
    if program.startswith("~") or "$" in program:
        return "There is no shell that expands ~ or $: write the full path."
    if Path(program).is_file() and not os.access(program, os.X_OK):
        return f"chmod +x {program}"
    if shutil.which(program) is None:
        if " " in program:
            return 'Each word is an item of its own: ["pass", "show", "moonshot"].'
        return f"{program.rpartition('/')[2]} is not installed, or not there: give its full path."
    if _SHELL & set(words):
        return 'No shell reads it: write ["sh", "-c", "…"].'
    if answered.seconds >= api_key.COMMAND_SECONDS:
        return (
            "It may wait for a passphrase: a bar has no terminal, only a graphical pinentry helps."
        )
    return "Run it as a bar does: setsid COMMAND </dev/null. Only its first line counts."
