"""Check the commands that bars run, and what the checks of all bars share."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from moonshot_status.config.settings_file import read_bytes
from moonshot_status.core import bar_path, paths
from moonshot_status.core.bar_path import PROGRAM
from moonshot_status.doctor.finding import Finding, fail, hint

_BOUNDARY = r"""\s"'`;|&"""
_PROGRAM_PATH = re.compile(
    rf"(?<![^{_BOUNDARY}=()])[^{_BOUNDARY}=()]*{PROGRAM}(?=[{_BOUNDARY})]|$)"
)
# The time of shlex grows with the square of a word's length.
_MAX_SPLIT = 1 << 16
_FORMAT = re.compile(r"--format[= ](\w+)")


@dataclass(frozen=True)
class Bar:
    """An installed bar; ``file`` is its configuration, or its plugin with the module.

    ``findings`` are the mistakes in the module.
    """

    name: str
    file: Path | None = None
    has_module: bool = False
    findings: tuple[Finding, ...] = ()


def without_file(name: str) -> Bar | None:
    """Return the bar for which the user has no configuration, or None if it is not installed."""
    return Bar(name) if shutil.which(name) or bar_path.which(name) else None


def config_home() -> Path:
    """Return the folder of the bars' configurations."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"))


def expand(path: str) -> Path:
    """Return the path with ``~`` and variables expanded as a shell does."""
    return Path(os.path.expandvars(paths.with_home(path)))


def read_text(file: Path) -> str:
    """Return the text of the file. Raises OSError."""
    return read_bytes(file).decode("utf-8", "replace")


def text_of(file: Path) -> str:
    """Return the text of the file; empty if it cannot be read."""
    try:
        return read_text(file)
    except OSError:
        return ""


def mentions_program(text: str) -> bool:
    """Return whether the text names this program, or its Python module."""
    return PROGRAM in text or PROGRAM.replace("-", "_") in text


def runs_program(command: str) -> bool:
    """Return whether the command, or the script that it consists of, runs this program."""
    script = _script(command)
    return mentions_program(text_of(script) if script else command)


def _script(command: str) -> Path | None:
    """Return the script that the command runs, or None if it runs this program itself."""
    words = command.split(maxsplit=1)
    if not words or "/" not in words[0] or mentions_program(command):
        return None
    return expand(words[0])


def command_findings(name: str, command: str, output_format: str) -> Iterator[Finding]:
    """Yield the mistakes in a command that the bar runs. Raises OSError.

    ``output_format`` is the value of ``--format`` that it has to have.
    """
    script = _script(command)
    if script and not paths.is_file(script):
        fix = f"Copy it there, as integrations/{name}/README.md says."
        yield fail(name, f"{script} is not there, which it runs", fix)
    elif script and not os.access(script, os.X_OK):
        yield fail(name, f"{script} cannot be run", f"chmod +x {paths.shell_word(script)}")
    else:
        yield from text_findings(name, text_of(script) if script else command, output_format)


def text_findings(name: str, text: str, output_format: str) -> Iterator[Finding]:
    """Yield the mistakes in the text of a command or script, as ``command_findings`` does."""
    yield from _program_findings(name, text)
    if output_format not in _FORMAT.findall(text):
        fact = f"its command does not say --format {output_format}"
        yield fail(name, fact, f"Add --format {output_format} to it.")


def _existing_paths(text: str) -> list[str]:
    """Return the paths of the program, in quotes or not, that are words of the text and exist.

    A text that is too long for a script of a bar has none.
    """
    if len(text) > _MAX_SPLIT:
        return []
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        return []
    found = [word for word in words if word.endswith(f"/{PROGRAM}")]
    return [path for path in found if os.access(expand(path), os.X_OK)]


def _program_findings(name: str, text: str) -> Iterator[Finding]:
    found = _existing_paths(text) or _PROGRAM_PATH.findall(text)
    if not found and mentions_program(text):
        return  # It runs the module with a Python that it names.
    path = found[-1] if found else PROGRAM
    fix = f"Write its full path: {bar_path.running_program()}"
    if "/" in path:
        if not os.access(expand(path), os.X_OK):
            yield fail(name, f"its command runs {path}, which is not there", fix)
        return
    program = bar_path.which(path)
    if program is None:
        yield fail(name, f"it does not find {path} with the PATH of bars", fix)
    elif Path(program).parent == bar_path.local_bin() and ".local/bin" not in text:
        yield hint(name, f"it finds {path} only where ~/.local/bin is in the session's PATH", fix)
