"""xbar and SwiftBar: the plugin in their folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from moonshot_status.doctor import bars
from moonshot_status.doctor.bars import Bar
from moonshot_status.doctor.finding import Finding, fail

_PATIENCE_SECONDS = 5
_INTERVAL = re.compile(r"\.\d+(ms|[smhd])\.")


def xbar() -> Bar | None:
    return _bar("xbar", Path(os.path.expanduser("~/Library/Application Support/xbar/plugins")))


def swiftbar() -> Bar | None:
    defaults = shutil.which("defaults")
    if defaults is None:
        return None
    command = [defaults, "read", "com.ameba.SwiftBar", "PluginDirectory"]
    try:
        told = subprocess.run(
            command, capture_output=True, check=False, timeout=_PATIENCE_SECONDS,
            stdin=subprocess.DEVNULL,
        ).stdout  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    folder = os.fsdecode(told).strip()
    return _bar("swiftbar", Path(os.path.expanduser(folder))) if folder else None


def _bar(name: str, folder: Path) -> Bar | None:
    if not folder.is_dir():
        return None
    files = sorted(file for file in folder.iterdir() if file.is_file())
    ours = [file for file in files if bars.US.search(bars.text_of(file))]
    findings = (fault for file in ours for fault in _faults(name, file))
    return Bar(name, ours[0] if ours else folder, bool(ours), tuple(findings))


def _faults(name: str, file: Path) -> Iterator[Finding]:
    if not os.access(file, os.X_OK):
        yield fail(name, f"{file} cannot be run", f'chmod +x "{file}"')
    if not _INTERVAL.search(file.name):
        yield fail(name, f"{file.name} has no interval in its name", "moonshot.1m.sh has: 1m.")
    yield from bars.faults_of_text(name, bars.text_of(file), name)
