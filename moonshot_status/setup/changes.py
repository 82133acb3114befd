"""What the files would be like, before anything is written."""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from moonshot_status.setup import SetupError, paths

BACKUP = ".before-moonshot-status"


@dataclass(frozen=True)
class Change:
    """One file: its content ``before`` and ``after``, None where it does not exist.

    ``mode`` is for a file that is new. ``source`` is the file that a new one is a copy of, with a
    change. A ``quiet`` change is our own book-keeping, and is named but not shown.
    """

    path: Path
    before: bytes | None
    after: bytes | None
    mode: int = 0o644
    source: Path | None = None
    quiet: bool = False

    @property
    def real(self) -> Path:
        """Where the bytes are: a link stays a link."""
        return Path(os.path.realpath(self.path))

    def shown(self) -> str:
        """The change as a diff of its lines; what is not printable in them is masked."""
        old = self.source.read_bytes() if self.source else self.before
        heads = (
            paths.short(self.source or self.path) if old is not None else "/dev/null",
            paths.short(self.path) if self.after is not None else "/dev/null",
        )
        lines = difflib.unified_diff(_lines(old), _lines(self.after), *heads, lineterm="")
        return "\n".join(lines)


class PendingChanges:
    """Files by their names, with the changes so far; nothing of it is on the disk.

    ``notes`` are what the user should know about it.
    """

    def __init__(self) -> None:
        self._changes: dict[Path, Change] = {}
        self.notes: list[str] = []

    def text(self, path: Path) -> str | None:
        """The file's text, every byte of it, or None if there is none. Raises SetupError."""
        content = self._change(path).after
        return None if content is None else content.decode("utf-8", "surrogateescape")

    def put(
        self, path: Path, text: str, mode: int = 0o644, source: Path | None = None,
    ) -> None:  # fmt: skip
        change = self._change(path)
        content = text.encode("utf-8", "surrogateescape")
        self._keep(replace(change, after=content, mode=mode, source=source or change.source))

    def put_quietly(self, path: Path, content: bytes, mode: int) -> None:
        self._keep(replace(self._change(path), after=content, mode=mode, quiet=True))

    def delete(self, path: Path, *, quiet: bool = False) -> None:
        self._keep(replace(self._change(path), after=None, quiet=quiet))

    def changes(self) -> tuple[Change, ...]:
        """What really changes; deletions come last, so that nothing leads to what is gone."""
        changed = [change for change in self._changes.values() if change.before != change.after]
        return tuple(sorted(changed, key=lambda change: change.after is None))

    def _change(self, path: Path) -> Change:
        real = Path(os.path.realpath(path))
        return self._changes.get(real) or Change(path, content_of(path), content_of(path))

    def _keep(self, change: Change) -> None:
        self._changes[change.real] = change


def content_of(path: Path) -> bytes | None:
    """The bytes of a regular file, or None if there is none. Raises SetupError."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SetupError(f"{paths.short(path)} is not a file")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        if path.is_symlink():
            raise SetupError(f"{paths.short(path)} is a link that leads nowhere") from error
        return None
    except OSError as error:
        raise SetupError(f"{paths.short(path)} cannot be read: {error.strerror}") from error


def back_up(draft: PendingChanges) -> None:
    """Have every file that was there before, and changes, kept as it is now."""
    for change in draft.changes():
        if change.before is not None and change.after is not None and not change.quiet:
            kept = list(_backups(change.path))
            if not any(content == change.before for _, content in kept if content is not None):
                mode = stat.S_IMODE(change.path.stat().st_mode)
                draft.put_quietly(kept[-1][0], change.before, mode)


def drop_backups(draft: PendingChanges) -> None:
    """Let go of the backups that are the same as what the file will be again."""
    for change in draft.changes():
        for path, content in list(_backups(change.path)):
            if content is not None and content == change.after:
                draft.delete(path, quiet=True)
            elif content is not None:
                draft.notes.append(f"{paths.short(path)} stays: you have changed the file since")


def _backups(path: Path) -> Iterator[tuple[Path, bytes | None]]:
    """The backups of a file with their contents, and then the first name that is free."""
    number, backup = 1, Path(f"{path}{BACKUP}")
    while (content := content_of(backup)) is not None:
        yield backup, content
        number += 1
        backup = Path(f"{path}{BACKUP}.{number}")
    yield backup, None


def _lines(content: bytes | None) -> list[str]:
    text = (content or b"").decode("utf-8", "replace").replace("\r\n", "\n")
    lines = text.removesuffix("\n").split("\n") if text else []
    return ["".join(c if c.isprintable() or c == "\t" else "�" for c in line) for line in lines]
