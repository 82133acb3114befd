"""What setup has made itself: only that is deleted when a bar is left again.

What it changed in files that were there is found in the files, and needs no record.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from moonshot_status.core import paths
from moonshot_status.setup.changes import PendingChanges, content_of

FOLDER = "folder"
LINK = "link"


@dataclass(frozen=True)
class Manifest:
    """By bar and path: the digest of a file as it was made, or ``FOLDER``, or ``LINK``."""

    made: dict[str, dict[str, str]] = field(default_factory=dict)

    def note(self, bar: str, path: Path, what: str) -> None:
        self.made.setdefault(bar, {})[str(path)] = what

    def of(self, bar: str, path: Path) -> str | None:
        return self.made.get(bar, {}).get(str(path))

    def is_shared(self, path: Path, what: str) -> bool:
        """Whether that was made for any bar."""
        return any(made.get(str(path)) == what for made in self.made.values())

    def paths(self, bar: str, what: str) -> list[Path]:
        """What was made of that kind and is no other bar's too, the inner ones first."""
        others = {path for name, made in self.made.items() if name != bar for path in made}
        mine = [path for path, kind in self.made.get(bar, {}).items() if kind == what]
        return [Path(path) for path in sorted(mine, reverse=True) if path not in others]

    def forget(self, bar: str) -> None:
        self.made.pop(bar, None)

    def save(self, draft: PendingChanges) -> None:
        """Have the record written with the other changes."""
        if self.made:
            draft.put_quietly(_path(), json.dumps(self.made, indent=1).encode(), 0o600)
        else:
            draft.delete(_path(), quiet=True)


def read() -> Manifest:
    """The record; an empty one where there is none that can be read."""
    try:
        made = json.loads(content_of(_path()) or b"{}")
        return Manifest({bar: {**paths} for bar, paths in made.items()})
    except (ValueError, TypeError, AttributeError):
        return Manifest()


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _path() -> Path:
    return paths.state_folder() / "setup.json"
