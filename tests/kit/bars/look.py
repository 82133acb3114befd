"""What decides how the bars look: when it changes, the pictures have to be taken anew."""

from __future__ import annotations

import hashlib
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
PICTURES = REPOSITORY / "integrations" / "pictures"
_SHOWN = ("ok", "warning", "critical", "empty", "deficit", "stale-offline", "nothing-no-key")


def fingerprint() -> str:
    """One for the formats' goldens and for the files that users copy."""
    goldens = REPOSITORY / "tests" / "formats" / "goldens"
    paths = [goldens / bar / f"{view}.txt" for bar in ("waybar", "i3blocks") for view in _SHOWN]
    files = ("waybar/moonshot.css", "waybar/moonshot.jsonc", "i3blocks/moonshot.conf")
    paths += [REPOSITORY / "integrations" / name for name in files]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()
