"""Collect changes to files in memory, before any file is written."""

from __future__ import annotations

import difflib
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from moonshot_status.core import safe_read
from moonshot_status.core.paths import resolved
from moonshot_status.setup import SetupError, paths

BACKUP_SUFFIX = ".before-moonshot-status"
_SIZE_LIMIT = 1 << 24


@dataclass(frozen=True)
class Change:
    """The content of one file ``before`` and ``after`` the change, None where it does not exist.

    ``mode`` is that of the file that is written. ``source`` is the system's file that a new file is
    a modified copy of. A ``quiet`` change (a backup, the manifest) has no diff in the preview.
    """

    path: Path
    before: bytes | None
    after: bytes | None
    mode: int = 0o644
    source: Path | None = None
    quiet: bool = False

    @property
    def real_path(self) -> Path:
        """The path with symlinks resolved, so that a symlink is preserved. Raises OSError."""
        return resolved(self.path)

    def diff(self) -> str:
        """Return the change as a unified diff, with unprintable characters masked."""
        old = self.source.read_bytes() if self.source else self.before
        names = (
            paths.display(self.source or self.path) if old is not None else "/dev/null",
            paths.display(self.path) if self.after is not None else "/dev/null",
        )
        lines = difflib.unified_diff(
            _printable_lines(old), _printable_lines(self.after), *names, lineterm=""
        )
        return "\n".join(lines)


class PendingChanges:
    """The changes so far, by file; ``notes`` are messages for the user about them."""

    def __init__(self) -> None:
        self._changes: dict[Path, Change] = {}
        self.notes: list[str] = []

    def text(self, path: Path) -> str | None:
        """Return the file's text with the changes so far, or None if there is no such file.

        Bytes that are not UTF-8 become lone surrogates. Raises SetupError.
        """
        content = self._change(path).after
        return None if content is None else content.decode("utf-8", "surrogateescape")

    def put(self, path: Path, content: str | bytes | None, **attributes: Any) -> None:
        """Create the file or replace its content, or delete it for None.

        The attributes are those of a Change. An existing file keeps its mode by default.
        """
        after = encode(content) if isinstance(content, str) else content
        change = replace(self._change(path), after=after, **attributes)
        self._changes[change.real_path] = change

    def changes(self) -> tuple[Change, ...]:
        """Return the changes that have an effect, in the order in which to write them.

        Deletions come last, so that no file ever refers to one that is deleted already.
        """
        changed = [change for change in self._changes.values() if change.before != change.after]
        return tuple(sorted(changed, key=lambda change: change.after is None))

    def _change(self, path: Path) -> Change:
        known = self._changes.get(resolved(path))
        if known:
            return known
        content = read_file(path)
        mode = 0o644 if content is None else stat.S_IMODE(path.stat().st_mode)
        return Change(path, content, content, mode)


def encode(text: str) -> bytes:
    """Return the bytes of a text that ``PendingChanges.text`` decoded."""
    return text.encode("utf-8", "surrogateescape")


def read_file(path: Path) -> bytes | None:
    """Return the content of a regular file, or None if it does not exist. Raises SetupError."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SetupError(f"{paths.display(path)} is not a file")
        return safe_read.read(path, limit=_SIZE_LIMIT)[0]
    except (FileNotFoundError, NotADirectoryError) as error:
        if path.is_symlink():
            raise SetupError(f"{paths.display(path)} is a link that leads nowhere") from error
        return None
    except OSError as error:
        raise SetupError(f"{paths.display(path)} cannot be read: {error.strerror}") from error


def back_up(pending: PendingChanges) -> None:
    """Add a backup of every existing file that is to change, unless there is the same backup."""
    for change in pending.changes():
        if change.before is not None and change.after is not None and not change.quiet:
            *backups, (free_path, _) = _backups(change.path)
            if all(content != change.before for _, content in backups):
                pending.put(free_path, change.before, mode=change.mode, quiet=True)


def drop_backups(pending: PendingChanges) -> None:
    """Delete the backups that equal the restored file; add a note for each of the others."""
    for change in pending.changes():
        *backups, _ = _backups(change.path)
        for path, content in backups:
            if content == change.after:
                pending.put(path, None, quiet=True)
            else:
                note = f"{paths.display(path)} stays: you have changed the file since"
                pending.notes.append(note)


def _backups(path: Path) -> Iterator[tuple[Path, bytes | None]]:
    """Yield each backup of a file with its content, then the first unused name with None."""
    number, backup = 1, Path(f"{path}{BACKUP_SUFFIX}")
    while (content := read_file(backup)) is not None:
        yield backup, content
        number += 1
        backup = Path(f"{path}{BACKUP_SUFFIX}.{number}")
    yield backup, None


def _printable_lines(content: bytes | None) -> list[str]:
    text = (content or b"").decode("utf-8", "replace").replace("\r\n", "\n")
    lines = text.removesuffix("\n").split("\n") if text else []
    return ["".join(c if c.isprintable() or c == "\t" else "�" for c in line) for line in lines]
