"""Check i3blocks: the block and its script."""

from __future__ import annotations

import os
import re
from collections import ChainMap
from collections.abc import Iterator, MutableMapping
from pathlib import Path

from moonshot_status.core import paths
from moonshot_status.doctor import bars
from moonshot_status.doctor.bars import Bar
from moonshot_status.doctor.finding import Finding, fail

_NAME = "i3blocks"
# In characters; what stands in a longer line is no name and no command.
_MAX_LINE = 8192
Block = MutableMapping[str, str]


def bar() -> Bar | None:
    """Return i3blocks and the mistakes in its configuration, or None if it is not installed.

    Raises OSError if a file cannot be read.
    """
    home = Path(os.path.expanduser("~"))
    places = (bars.config_home() / _NAME / "config", home / ".i3blocks.conf")
    file = next((place for place in places if paths.is_file(place)), None)
    if file is None:
        return bars.without_file(_NAME)
    ours = [block for block in _blocks(bars.read_text(file)) if _is_ours(block)]
    findings = (finding for block in ours for finding in _findings(block))
    return Bar(_NAME, file, bool(ours), tuple(findings))


def _blocks(text: str) -> list[Block]:
    """Return the properties of each block, common ones included; ``""`` is the block's name."""
    common: dict[str, str] = {}
    found: list[Block] = []
    for line in (line for line in text.splitlines() if len(line) <= _MAX_LINE):
        stripped = line.strip()
        name, is_property, value = line.partition("=")
        if stripped.startswith("[") and stripped.endswith("]"):
            found.append(ChainMap({"": stripped[1:-1]}, common))
        elif is_property and not stripped.startswith("#"):
            (found[-1] if found else common)[name.strip()] = value.strip()
    return found


def _is_ours(block: Block) -> bool:
    command = _command(block)
    return "moonshot" in f"{block['']} {command}" or bars.runs_program(command)


def _command(block: Block) -> str:
    return re.sub(r"\$\{?BLOCK_NAME\}?", lambda _: block[""], block.get("command", ""))


def _findings(block: Block) -> Iterator[Finding]:
    place, command = f"[{block['']}]", _command(block)
    if not command:
        yield fail(_NAME, f"{place} has no command", "Write command=~/.config/i3blocks/moonshot.")
        return
    if block.get("markup") == "pango":
        yield fail(_NAME, f"{place} sets markup=pango, but the text is plain", "Take it away.")
    if block.get("interval", "0") == "0":
        fact = f"{place} has no interval, so it is shown once and never again"
        yield fail(_NAME, fact, "Write interval=60.")
    yield from bars.command_findings(_NAME, command, _NAME)
