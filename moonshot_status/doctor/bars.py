"""The bars that are there, and whether our module is in their files."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from moonshot_status.doctor import places
from moonshot_status.doctor.finding import Finding, hint, wrong

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
    return Bar(name) if shutil.which(name) or places.found_by_bars(name) else None


def config_home() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"))


def expanded(path: str) -> Path:
    return Path(os.path.expandvars(os.path.expanduser(path)))


def text_of(file: Path) -> str:
    """The file's text, or nothing where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def faults_of_command(name: str, command: str, wanted: str) -> Iterator[Finding]:
    """What is wrong with a command that a bar runs; ``wanted`` is the format it must name."""
    yield from _program(name, command)
    if not re.search(rf"--format[= ]{wanted}\b", command):
        yield wrong(
            name, f"its command does not say --format {wanted}", f"Add --format {wanted} to it."
        )


def _program(name: str, command: str) -> Iterator[Finding]:
    words = [word for word in _WORD.findall(command) if "$PATH" not in word]
    word = words[-1] if words else places.PROGRAM
    mend = f"Write its full path: {places.running()}"
    if "/" in word:
        if not os.access(expanded(word), os.X_OK):
            yield wrong(name, f"its command runs {word}, which is not there", mend)
        return
    found = places.found_by_bars(word)
    if found is None:
        yield wrong(name, f"it does not find {word} with the PATH of bars", mend)
    elif Path(found).parent == Path(places.own_folder()) and ".local/bin" not in command:
        yield hint(name, f"it finds {word} only where ~/.local/bin is in the session's PATH", mend)
