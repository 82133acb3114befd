"""What tests and fixtures share that is no fixture."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
PROGRAM = (str(Path(sys.executable).with_name("moonshot-status")),)
KEY = "sk-canary0123456789"

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]
