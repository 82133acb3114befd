"""All that is to be done for one bar: known first, then shown, then carried out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from moonshot_status.core.paths import private_folder, state_folder
from moonshot_status.setup import SetupError, apply, changes, manifest, path_link, paths, steps
from moonshot_status.setup.bars import Bar
from moonshot_status.setup.changes import Change
from moonshot_status.setup.path_link import Link


@dataclass(frozen=True)
class Plan:
    """The changes of files, the link that is made, and what is taken away after them.

    ``leftovers`` are links that setup has made, and folders where they are empty by then. ``notes``
    are what the user should know.
    """

    bar: Bar
    changes: tuple[Change, ...]
    link: Link | None = None
    leftovers: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done that a user would notice."""
        return not (self.link or self.leftovers or any(not c.quiet for c in self.changes))

    def shown(self) -> Iterator[str]:
        """The plan for the user, a paragraph at a time."""
        for change in self.changes:
            if not change.quiet:
                yield change.shown()
        if self.link:
            yield f"link: {paths.short(self.link.path)} -> {self.link.target}"
        for path in self.leftovers:
            what = "link removed" if path.is_symlink() else "folder removed, if empty"
            yield f"{what}: {paths.short(path)}"
        for change in self.changes:
            if change.path.name.rpartition(changes.BACKUP)[1]:
                verb = "dropped" if change.after is None else "kept"
                yield f"backup {verb}: {paths.short(change.path)}"

    def check(self) -> None:
        """Raises SetupError where a file cannot be written."""
        for change in self.changes:
            apply.check(change)

    def carry_out(self) -> None:
        """Do all of it, or nothing. Raises SetupError."""
        self.check()
        try:
            private_folder(state_folder())
            if self.link:
                self.link.make()
        except OSError as error:
            raise SetupError(f"{error.filename} cannot be made: {error.strerror}") from error
        try:
            apply.write_all(self.changes)
        except SetupError:
            if self.link:
                self.link.path.unlink()
            raise
        for path in self.leftovers:
            with suppress(OSError):
                path.unlink() if path.is_symlink() else path.rmdir()


def to_add(bar: Bar) -> Plan:
    """What puts the module into the bar. Raises SetupError."""
    drafted, made = changes.PendingChanges(), manifest.read()
    steps.add(bar, drafted, made)
    changes.back_up(drafted)
    link = path_link.missing_link()
    new = [link.path] if link else []
    for folder in apply.missing_folders([*(change.path for change in drafted.changes()), *new]):
        made.note(bar.name, folder, manifest.FOLDER)
    if link or made.is_shared(path_link.own_path(), manifest.LINK):
        made.note(bar.name, path_link.own_path(), manifest.LINK)
    made.save(drafted)
    return Plan(bar, drafted.changes(), link, notes=tuple(drafted.notes))


def to_remove(bar: Bar) -> Plan:
    """What takes the module out of the bar. Raises SetupError."""
    drafted, made = changes.PendingChanges(), manifest.read()
    steps.remove(bar, drafted, made)
    changes.drop_backups(drafted)
    left = [*made.paths(bar.name, manifest.LINK), *made.paths(bar.name, manifest.FOLDER)]
    leftovers = [path for path in left if path.is_symlink() or path.is_dir()]
    made.forget(bar.name)
    made.save(drafted)
    return Plan(
        bar, drafted.changes(), leftovers=tuple(leftovers), notes=tuple(drafted.notes)
    )  # fmt: skip
