"""Waybar: the module and the list that it has to be in."""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moonshot_status.doctor import bars
from moonshot_status.doctor.bars import Bar
from moonshot_status.doctor.finding import Finding, fail

_NAME = "waybar"
_DEEPEST = 8
_STRING = r'"(?:\\.|[^"\\])*"'
_COMMENT = re.compile(rf"{_STRING}|//[^\n]*|/\*.*?\*/", re.DOTALL)
_COMMA = re.compile(rf"{_STRING}|,(?=\s*[}}\]])", re.DOTALL)


@dataclass
class _Config:
    """All bars of a file and what it includes: definitions, names in lists, files not there."""

    modules: dict[str, dict[str, Any]] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)


def bar() -> Bar | None:
    """Raises ValueError for a file that is not what Waybar reads."""
    file = next((file for file in _places() if file.is_file()), None)
    if file is None:
        return bars.without_file(_NAME)
    config = _Config()
    try:
        _gather(loads(bars.text_of(file)), file.parent, config, 0)
    except ValueError as error:
        fault = fail(_NAME, f"{file} cannot be understood: {error}", "Correct it at that place.")
        return Bar(_NAME, file, "moonshot" in bars.text_of(file), (fault,))
    ours = {n for n, module in config.modules.items() if bars.runs_us(_exec(module))}
    ours |= {n for n in {*config.modules, *config.listed} if n.startswith("custom/moonshot")}
    findings = (fault for name in sorted(ours) for fault in _faults(name, config, file))
    return Bar(_NAME, file, bool(ours), tuple(findings))


def _places() -> Iterator[Path]:
    home = Path(os.path.expanduser("~"))
    for folder in (bars.config_home() / _NAME, home / ".config" / _NAME, home / _NAME):
        yield from (folder / name for name in ("config", "config.jsonc"))


def loads(text: str) -> Any:
    """JSON with comments and with commas before closing brackets. Raises ValueError."""
    for pattern in (_COMMENT, _COMMA):
        text = pattern.sub(lambda m: m[0] if m[0][0] == '"' else re.sub(r"[^\n]", " ", m[0]), text)
    return json.loads(text, strict=False)


def _gather(document: Any, folder: Path, config: _Config, depth: int) -> None:
    for each in document if isinstance(document, list) else [document]:
        if not isinstance(each, dict):
            continue
        for name, value in each.items():
            _note(name, value, config)
        includes = each.get("include", [])
        for include in [includes] if isinstance(includes, str) else includes:
            if depth < _DEEPEST and isinstance(include, str):
                _include(include, folder, config, depth)


def _note(name: str, value: Any, config: _Config) -> None:
    if isinstance(value, dict):
        config.modules.setdefault(name, value)
    lists = [value] if name.startswith("modules-") else []
    if name.startswith("group/") and isinstance(value, dict):
        lists.append(value.get("modules"))
    for names in lists:
        if isinstance(names, list):
            config.listed |= {name for name in names if isinstance(name, str)}


def _include(include: str, folder: Path, config: _Config, depth: int) -> None:
    # Path.glob has no absolute patterns.
    files = sorted(glob.glob(str(folder / bars.expanded(include))))  # noqa: PTH207
    if not files:
        config.missing.append(include)
    for file in files:
        _gather(loads(bars.text_of(Path(file))), folder, config, depth + 1)


def _exec(module: dict[str, Any]) -> str:
    return str(module.get("exec", ""))


def _faults(name: str, config: _Config, file: Path) -> Iterator[Finding]:
    module = config.modules.get(name)
    if module is None:
        lost = (
            f", and {config.missing[0]}, which it includes, is not there" if config.missing else ""
        )
        yield fail(
            _NAME,
            f"{name} is in a list of {file}, but defined nowhere{lost}",
            'Copy moonshot.jsonc there: "include": ["~/.config/waybar/moonshot.jsonc"].',
        )
        return
    if name not in config.listed:
        yield fail(
            _NAME,
            f"{name} is defined, but is in no list of modules of {file}",
            f'Write "{name}" into modules-right or another list.',
        )
    if module.get("escape"):
        yield fail(
            _NAME, f"{name} sets escape, but the text is escaped already", 'Take "escape" away.'
        )
    if module.get("return-type") != "json":
        yield fail(_NAME, f"{name} shows raw JSON", 'Write "return-type": "json".')
    if not (module.get("interval") or module.get("restart-interval")):
        yield fail(
            _NAME,
            f"{name} has no interval, so it is shown once and never again",
            'Write "interval": 60.',
        )
    yield from bars.faults_of_command(_NAME, _exec(module), "waybar")
