"""Check Waybar: the module, and the list of modules that shows it."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moonshot_status.config import jsonc
from moonshot_status.config.jsonc import JsoncError
from moonshot_status.core import paths
from moonshot_status.doctor import bars
from moonshot_status.doctor.bars import Bar
from moonshot_status.doctor.finding import Finding, fail

_NAME = "waybar"
_MAX_FILES = 100


@dataclass
class _Config:
    """All bars of a file and its includes, taken together; ``files`` are those that were read.

    ``modules`` are the definitions, ``listed`` the names in lists of modules, and ``missing`` the
    includes for which there is no file.
    """

    files: set[Path] = field(default_factory=set)
    modules: dict[str, dict[str, Any]] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)


def bar() -> Bar | None:
    """Return Waybar and the mistakes in its configuration, or None if it is not installed.

    Raises OSError if a file cannot be read.
    """
    file = next((file for file in _places() if paths.is_file(file)), None)
    if file is None:
        return bars.without_file(_NAME)
    config = _Config()
    try:
        _collect_file(file, file.parent, config)
    except JsoncError as error:
        finding = fail(_NAME, f"{file} cannot be understood: {error}", "Correct it at that place.")
        return Bar(_NAME, file, "moonshot" in bars.text_of(file), (finding,))
    ours = {n for n, module in config.modules.items() if bars.runs_program(_exec(module))}
    ours |= {n for n in {*config.modules, *config.listed} if n.startswith("custom/moonshot")}
    findings = (finding for name in sorted(ours) for finding in _findings(name, config, file))
    return Bar(_NAME, file, bool(ours), tuple(findings))


def _places() -> Iterator[Path]:
    home = Path(os.path.expanduser("~"))
    for folder in (bars.config_home() / _NAME, home / ".config" / _NAME, home / _NAME):
        yield from (folder / name for name in ("config", "config.jsonc"))


def _collect_file(file: Path, folder: Path, config: _Config) -> None:
    """Add the bars of the file and its includes to ``config``. Raises JsoncError and OSError.

    ``folder`` is what relative includes start from.
    """
    if file in config.files or len(config.files) == _MAX_FILES:
        return
    config.files.add(file)
    # Waybar ignores everything after the value.
    document = jsonc.parse(bars.read_text(file), whole=False).value
    for each in document if isinstance(document, list) else [document]:
        if not isinstance(each, dict):
            continue
        for name, value in each.items():
            _collect_member(name, value, config)
        includes = each.get("include", [])
        for include in includes if isinstance(includes, list) else [includes]:
            if isinstance(include, str):
                _collect_include(include, folder, config)


def _collect_member(name: str, value: Any, config: _Config) -> None:
    names = value if name.startswith("modules-") else ()
    if isinstance(value, dict):
        config.modules.setdefault(name, value)
        names = value.get("modules") if name.startswith("group/") else ()
    if isinstance(names, list):
        config.listed |= {name for name in names if isinstance(name, str)}


def _collect_include(include: str, folder: Path, config: _Config) -> None:
    # Path.glob has no absolute patterns.
    files = sorted(glob.glob(str(folder / bars.expand(include))))  # noqa: PTH207
    if not files:
        config.missing.append(include)
    for file in files:
        _collect_file(Path(file), folder, config)


def _exec(module: dict[str, Any]) -> str:
    return str(module.get("exec", ""))


def _findings(name: str, config: _Config, file: Path) -> Iterator[Finding]:
    module = config.modules.get(name)
    if module is None:
        fact = f"{name} is in a list of {file}, but defined nowhere"
        if config.missing:
            fact += f", and {config.missing[0]}, which it includes, is not there"
        fix = 'Copy moonshot.jsonc there: "include": ["~/.config/waybar/moonshot.jsonc"].'
        yield fail(_NAME, fact, fix)
        return
    if name not in config.listed:
        fact = f"{name} is defined, but is in no list of modules of {file}"
        yield fail(_NAME, fact, f'Write "{name}" into modules-right or another list.')
    if module.get("escape"):
        fact = f"{name} sets escape, but the text is escaped already"
        yield fail(_NAME, fact, 'Take "escape" away.')
    if module.get("return-type") != "json":
        yield fail(_NAME, f"{name} shows raw JSON", 'Write "return-type": "json".')
    if not (module.get("interval") or module.get("restart-interval")):
        fact = f"{name} has no interval, so it is shown once and never again"
        yield fail(_NAME, fact, 'Write "interval": 60.')
    yield from bars.command_findings(_NAME, _exec(module), _NAME)
