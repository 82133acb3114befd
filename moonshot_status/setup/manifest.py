"""Keep a manifest of what setup creates, because only that is deleted when a bar is removed.

Edits of existing files are not in it: they are recognized in the files themselves.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from moonshot_status.core import paths
from moonshot_status.core.atomic_write import PRIVATE
from moonshot_status.setup.changes import PendingChanges, encode, read_file

FOLDER = "folder"
LINK = "link"


@dataclass(frozen=True)
class Manifest:
    """For each bar and path what was created: ``FOLDER``, ``LINK``, or the digest of a file."""

    entries: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def load(cls) -> Manifest:
        """Read the manifest; return an empty one if it is missing or damaged."""
        try:
            entries = json.loads(read_file(_path()) or b"{}")
            return cls({bar: {**own} for bar, own in entries.items()})
        except (ValueError, TypeError, AttributeError):
            return cls()

    def add(self, bar: str, path: Path, entry: str) -> None:
        """Record what was created at the path."""
        self.entries.setdefault(bar, {})[str(path)] = entry

    def entry(self, bar: str, path: Path) -> str | None:
        """Return what was created at the path for the bar, or None."""
        return self.entries.get(bar, {}).get(str(path))

    def has_link(self, path: Path) -> bool:
        """Return whether the symlink was created for any bar."""
        return any(entries.get(str(path)) == LINK for entries in self.entries.values())

    def remove(self, bar: str) -> list[Path]:
        """Remove the bar's entries; return its existing symlinks and folders no other bar needs.

        The symlinks are first, and an inner folder is before an outer one.
        """
        own = self.entries.pop(bar, {})
        others = {path for entries in self.entries.values() for path in entries}
        unshared = [path for path in sorted(own, reverse=True) if path not in others]
        links = [Path(path) for path in unshared if own[path] == LINK]
        folders = [Path(path) for path in unshared if own[path] == FOLDER]
        return [path for path in links + folders if os.path.islink(path) or os.path.isdir(path)]  # noqa: PTH112, PTH114

    def save(self, pending: PendingChanges) -> None:
        """Add the manifest to the pending changes; an empty one is deleted."""
        content = json.dumps(self.entries, indent=1) if self.entries else None
        pending.put(_path(), content, mode=PRIVATE, quiet=True)


def digest(text: str) -> str:
    """Return the entry for a file with this text."""
    return hashlib.sha256(encode(text)).hexdigest()


def _path() -> Path:
    return paths.state_folder() / "setup.json"
