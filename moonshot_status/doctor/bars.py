"""The bars that are there, and whether our module is in their files."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from moonshot_status.config.settings_file import read_bytes
from moonshot_status.doctor import bar_path
from moonshot_status.doctor.finding import Finding, fail, hint

US = re.compile("moonshot[-_]status")
"""What a command says that runs this program."""
_WORD = re.compile(r"""[^\s"'`;=|&()]*moonshot-status(?=[\s"'`;|&)]|$)""")


@dataclass(frozen=True)
class Bar:
    """One that is installed; ``file`` is where our module is, or should be.

    ``findings`` says what is wrong with the module that is there.
    """

    name: str
    file: Path | None = None
    has_module: bool = False
    findings: tuple[Finding, ...] = ()


def without_file(name: str) -> Bar | None:
    """The bar, if it is installed, that has no file of the user's own."""
    return Bar(name) if shutil.which(name) or bar_path.found_by_bars(name) else None


def config_home() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"))


def expanded(path: str) -> Path:
    return Path(os.path.expandvars(os.path.expanduser(path)))


def text_of(file: Path) -> str:
    """The file's text, or nothing where it cannot be read."""
    try:
        return read_bytes(file).decode("utf-8", "replace")
    except OSError:
        return ""


def runs_us(command: str) -> bool:
    """Whether the command, or the script that it is, runs this program."""
    script = _script(command)
    return bool(US.search(text_of(script) if script else command))


def _script(command: str) -> Path | None:
    """The script that a command is, where it does not run this program itself."""
    words = command.split()
    if not words or "/" not in words[0] or US.search(command):
        return None
    return expanded(words[0])


def faults_of_command(name: str, command: str, wanted: str) -> Iterator[Finding]:
    """What is wrong with a command that a bar runs; ``wanted`` is the format it must name."""
    script = _script(command)
    if script and not script.is_file():
        mend = f"Copy it there, as integrations/{name}/README.md says."
        yield fail(name, f"{script} is not there, which it runs", mend)
    elif script and not os.access(script, os.X_OK):
        yield fail(name, f"{script} cannot be run", f"chmod +x {script}")
    else:
        yield from faults_of_text(name, text_of(script) if script else command, wanted)


def faults_of_text(name: str, text: str, wanted: str) -> Iterator[Finding]:
    """The same for the text of a script."""
    yield from _program(name, text)
    if not re.search(rf"--format[= ]{wanted}\b", text):
        yield fail(
            name, f"its command does not say --format {wanted}", f"Add --format {wanted} to it."
        )


def _program(name: str, text: str) -> Iterator[Finding]:
    words = _WORD.findall(text)
    if not words and US.search(text):
        return  # as a module of a Python that it names
    word = words[-1] if words else bar_path.PROGRAM
    mend = f"Write its full path: {bar_path.running()}"
    if "/" in word:
        if not os.access(expanded(word), os.X_OK):
            yield fail(name, f"its command runs {word}, which is not there", mend)
        return
    found = bar_path.found_by_bars(word)
    if found is None:
        yield fail(name, f"it does not find {word} with the PATH of bars", mend)
    elif Path(found).parent == Path(bar_path.own_folder()) and ".local/bin" not in text:
        yield hint(name, f"it finds {word} only where ~/.local/bin is in the session's PATH", mend)
