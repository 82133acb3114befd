"""Check xbar and SwiftBar: the plugin in their plugin folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from moonshot_status.core import paths, process
from moonshot_status.doctor import bars
from moonshot_status.doctor.bars import Bar
from moonshot_status.doctor.finding import Finding, fail

_DEFAULTS_SECONDS = 5
_INTERVAL = re.compile(r"\.\d+(ms|[smhd])\.")


def xbar() -> Bar | None:
    """Return xbar and the mistakes in its plugin, or None if it has no plugin folder."""
    return _bar("xbar", Path(os.path.expanduser("~/Library/Application Support/xbar/plugins")))


def swiftbar() -> Bar | None:
    """Return SwiftBar and the mistakes in its plugin, or None if it has no plugin folder."""
    defaults = shutil.which("defaults")
    if defaults is None:
        return None
    command = [defaults, "read", "com.ameba.SwiftBar", "PluginDirectory"]
    try:
        output = process.run(command, _DEFAULTS_SECONDS).output
    except (OSError, subprocess.TimeoutExpired):
        return None
    folder = os.fsdecode(output).strip()
    return _bar("swiftbar", Path(os.path.expanduser(folder))) if folder else None


def _bar(name: str, folder: Path) -> Bar | None:
    if not paths.is_folder(folder):
        return None
    files = sorted(file for file in folder.iterdir() if paths.is_file(file))
    ours = [file for file in files if bars.mentions_program(bars.text_of(file))]
    findings = (finding for file in ours for finding in _findings(name, file))
    return Bar(name, ours[0] if ours else folder, bool(ours), tuple(findings))


def _findings(name: str, file: Path) -> Iterator[Finding]:
    if not os.access(file, os.X_OK):
        yield fail(name, f"{file} cannot be run", f"chmod +x {paths.shell_word(file)}")
    if not _INTERVAL.search(file.name):
        yield fail(name, f"{file.name} has no interval in its name", "moonshot.1m.sh has: 1m.")
    yield from bars.text_findings(name, bars.text_of(file), name)
