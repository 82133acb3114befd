"""i3blocks: the block and its script."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from moonshot_status.doctor import bars
from moonshot_status.doctor.bars import Bar
from moonshot_status.doctor.finding import Finding, fail

_NAME = "i3blocks"
Block = dict[str, str]


def bar() -> Bar | None:
    file = next((file for file in _places() if file.is_file()), None)
    if file is None:
        return bars.without_file(_NAME)
    ours = [block for block in blocks(bars.text_of(file)) if _is_ours(block)]
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


def _is_ours(block: Block) -> bool:
    command = _command(block)
    return "moonshot" in f"{block['']} {command}" or bars.runs_us(command)


def _command(block: Block) -> str:
    command = block.get("command", "")
    return re.sub(r"\$\{?BLOCK_NAME\}?", lambda _: block[""], command)


def _faults(block: Block) -> Iterator[Finding]:
    place, command = f"[{block['']}]", _command(block)
    if not command:
        yield fail(_NAME, f"{place} has no command", "Write command=~/.config/i3blocks/moonshot.")
        return
    if block.get("markup") == "pango":
        yield fail(_NAME, f"{place} sets markup=pango, but the text is plain", "Take it away.")
    if block.get("interval", "0") == "0":
        yield fail(
            _NAME,
            f"{place} has no interval, so it is shown once and never again",
            "Write interval=60.",
        )
    yield from bars.faults_of_command(_NAME, command, _NAME)
