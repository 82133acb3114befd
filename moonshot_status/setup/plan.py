"""Plan everything that is to be done for one bar, show it and carry it out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from moonshot_status.core.paths import exists, private_folder, state_folder
from moonshot_status.setup import SetupError, apply, changes, path_link, paths, steps
from moonshot_status.setup.bars import Bar
from moonshot_status.setup.changes import Change, PendingChanges
from moonshot_status.setup.manifest import FOLDER, LINK, Manifest
from moonshot_status.setup.path_link import Link


@dataclass(frozen=True)
class Plan:
    """The changes to files, the symlink to create, and ``leftovers`` to remove afterwards.

    Leftovers are symlinks and folders that setup created; a folder stays unless it is empty.
    ``notes`` are messages for the user.
    """

    bar: Bar
    changes: tuple[Change, ...]
    link: Link | None = None
    leftovers: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do but to update the manifest."""
        return not (self.link or self.leftovers or any(not c.quiet for c in self.changes))

    def preview(self) -> Iterator[str]:
        """Yield the paragraphs that show the plan to the user."""
        yield from (change.diff() for change in self.changes if not change.quiet)
        if self.link:
            yield f"link: {paths.display(self.link.path)} -> {self.link.target}"
        for path in self.leftovers:
            what = "link removed" if path.is_symlink() else "folder removed, if empty"
            yield f"{what}: {paths.display(path)}"
        for change in self.changes:
            if changes.BACKUP_SUFFIX in change.path.name:
                verb = "dropped" if change.after is None else "kept"
                yield f"backup {verb}: {paths.display(change.path)}"

    def check(self) -> None:
        """Check that every file can be written. Raises SetupError."""
        apply.check(self.changes)

    def carry_out(self) -> None:
        """Carry out the whole plan, or nothing of it. Raises SetupError."""
        self.check()
        folders: list[Path] = []
        try:
            private_folder(state_folder())
            folders = self.link.create() if self.link else []
        except OSError as error:
            # The first file in the error of a symlink is what it leads to.
            place = paths.display(Path(error.filename2 or error.filename))
            raise SetupError(f"{place} cannot be made: {error.strerror}") from error
        try:
            apply.write_all(self.changes)
        except SetupError:
            with suppress(OSError):
                if self.link:
                    self.link.path.unlink()
            apply.remove_folders(folders)
            raise
        for path in self.leftovers:
            with suppress(OSError):
                path.unlink() if path.is_symlink() else path.rmdir()


def to_add(bar: Bar) -> Plan:
    """Return the plan that adds the module to the bar. Raises SetupError and OSError."""
    pending, manifest = PendingChanges(), Manifest.load()
    steps.add(bar, pending, manifest)
    changes.back_up(pending)
    link = path_link.missing_link()
    created = [change.path for change in pending.changes()] + ([link.path] if link else [])
    for folder in sorted({folder for path in created for folder in path.parents}):
        if not exists(folder):
            manifest.add(bar.name, folder, FOLDER)
    if link or manifest.has_link(path_link.link_path()):
        manifest.add(bar.name, path_link.link_path(), LINK)
    manifest.save(pending)
    return Plan(bar, pending.changes(), link, notes=tuple(pending.notes))


def to_remove(bar: Bar) -> Plan:
    """Return the plan that removes the module from the bar. Raises SetupError and OSError."""
    pending, manifest = PendingChanges(), Manifest.load()
    steps.remove(bar, pending, manifest)
    changes.drop_backups(pending)
    leftovers = tuple(manifest.remove(bar.name))
    manifest.save(pending)
    return Plan(bar, pending.changes(), leftovers=leftovers, notes=tuple(pending.notes))
