"""i3blocks: the block and its script."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from moonshot_status.doctor import bars
from moonshot_status.doctor.bars import Bar
from moonshot_status.doctor.finding import Finding, wrong

_NAME = "i3blocks"
Block = dict[str, str]


def bar() -> Bar | None:
    file = next((file for file in _places() if file.is_file()), None)
    if file is None:
        return bars.without_file(_NAME)
    ours = [b for b in blocks(bars.text_of(file)) if "moonshot" in f"{b['']} {_command(b)}"]
    findings = (fault for block in ours for fault in _faults(block))
    return Bar(_NAME, file, bool(ours), tuple(findings))


def _places() -> tuple[Path, ...]:
    home = Path(os.path.expanduser("~"))
    return (bars.config_home() / _NAME / "config", home / ".i3blocks.conf")


def blocks(text: str) -> list[Block]:
    """The properties of each block, with those that stand before all blocks; its name is ``""``."""
    common: Block = {}
    found: list[Block] = []
    for line in text.splitlines():
        heading = re.match(r"\s*\[(.*)\]\s*$", line)
        name, is_property, value = line.partition("=")
        if heading:
            found.append({**common, "": heading[1]})
        elif is_property and not line.lstrip().startswith("#"):
            (found[-1] if found else common)[name.strip()] = value.strip()
    return found


def _command(block: Block) -> str:
    command = block.get("command", "")
    return re.sub(r"\$\{?BLOCK_NAME\}?", lambda _: block[""], command)


def _faults(block: Block) -> Iterator[Finding]:
    place, command = f"[{block['']}]", _command(block)
    if not command:
        yield wrong(_NAME, f"{place} has no command", "Write command=~/.config/i3blocks/moonshot.")
        return
    if block.get("markup") == "pango":
        yield wrong(_NAME, f"{place} sets markup=pango, but the text is plain", "Take it away.")
    if block.get("interval", "0") == "0":
        yield wrong(
            _NAME,
            f"{place} has no interval, so it is shown once and never again",
            "Write interval=60.",
        )
    if "moonshot-status" in command:
        yield from bars.faults_of_command(_NAME, command, _NAME)
    else:
        yield from _faults_of_script(place, command)


def _faults_of_script(place: str, command: str) -> Iterator[Finding]:
    word = command.split()[0]
    script = bars.expanded(word)
    if not script.is_file():
        yield wrong(
            _NAME,
            f"{place} runs {word}, which is not there",
            f"cp integrations/i3blocks/moonshot {word}",
        )
    elif not os.access(script, os.X_OK):
        yield wrong(_NAME, f"{script} cannot be run", f"chmod +x {script}")
    else:
        yield from bars.faults_of_command(_NAME, bars.text_of(script), _NAME)
