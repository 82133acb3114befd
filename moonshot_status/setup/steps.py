"""Carry out the steps in a bar's ``setup.json``, and undo them."""

from __future__ import annotations

import re
from pathlib import Path

from moonshot_status.setup import SetupError, modules, paths
from moonshot_status.setup.bars import Bar, Step
from moonshot_status.setup.changes import PendingChanges
from moonshot_status.setup.manifest import Manifest, digest

_BEGIN, _END = "moonshot-status: begin", "moonshot-status: end"
_BOM = "\ufeff"


def add(bar: Bar, pending: PendingChanges, manifest: Manifest) -> None:
    """Add the changes that add the module to the bar. Raises SetupError."""
    for step in bar.steps:
        if step["do"] == "copy":
            _copy(bar, step, pending, manifest)
            continue
        for path in _files_to_edit(bar, step, pending, manifest):
            text = pending.text(path) or ""
            if step["do"] == "modules":
                modules.add(bar, step, path, pending)
            elif step["do"] == "first line":
                pending.put(path, with_first_line(text, step["line"]))
            else:
                pending.put(path, with_block(text, bar.snippet(step["snippet"]), step["comment"]))


def remove(bar: Bar, pending: PendingChanges, manifest: Manifest) -> None:
    """Add the changes that remove the module from the bar. Raises SetupError."""
    for step in reversed(bar.steps):
        if step["do"] == "copy":
            _remove_copy(bar, step, pending, manifest)
            continue
        for path in _files(bar, step):
            text = pending.text(path)
            if text is None:
                continue
            if step["do"] == "modules":
                modules.remove(bar, step, path, pending)
            elif step["do"] == "first line":
                pending.put(path, without_line(text, step["line"]))
            else:
                snippet = bar.snippet(step["snippet"])
                pending.put(path, without_block(path, text, snippet, step["comment"]))
            _delete_if_created(bar, path, pending, manifest)


def _copy(bar: Bar, step: Step, pending: PendingChanges, manifest: Manifest) -> None:
    """Copy the snippet, but not over a file that setup did not write."""
    path, text = bar.path(step["snippet"]), bar.snippet(step["snippet"])
    existing = pending.text(path)
    if existing == text:
        return
    if existing is not None and digest(existing) != manifest.entry(bar.name, path):
        note = f"{paths.display(path)} stays as it is: it is not what setup wrote"
        pending.notes.append(note)
        return
    pending.put(path, text, 0o755 if step.get("executable") else 0o644)
    manifest.add(bar.name, path, digest(text))


def _remove_copy(bar: Bar, step: Step, pending: PendingChanges, manifest: Manifest) -> None:
    """Delete the copy of the snippet, unless it was edited or is a symlink."""
    path = bar.path(step["snippet"])
    text = pending.text(path)
    if text is None:
        return
    known = (manifest.entry(bar.name, path), digest(bar.snippet(step["snippet"])))
    if digest(text) in known and not path.is_symlink():
        pending.delete(path)
    else:
        pending.notes.append(f"{paths.display(path)} stays: it is not what setup wrote")


def _files(bar: Bar, step: Step) -> list[Path]:
    return [bar.path(file) for file in step["files"]]


def _files_to_edit(bar: Bar, step: Step, pending: PendingChanges, manifest: Manifest) -> list[Path]:
    """Return the user's files, or a new copy of the system's file if the user has none."""
    files = _files(bar, step)
    existing = [path for path in files if pending.text(path) is not None]
    if existing:
        return existing if step.get("every") else existing[:1]
    for file in step["system"]:
        source = bar.path(file)
        if (text := pending.text(source)) is not None:
            pending.put(files[0], text, source=source)
            manifest.add(bar.name, files[0], digest(text))
            return files[:1]
    if step["do"] == "modules":
        path = paths.display(files[0])
        raise SetupError(f"{bar.title} has no configuration: {path} is not there")
    manifest.add(bar.name, files[0], digest(""))
    return files[:1]


def _delete_if_created(bar: Bar, path: Path, pending: PendingChanges, manifest: Manifest) -> None:
    """Delete a file that setup created, if it has the content again that setup created it with."""
    if digest(pending.text(path) or "") == manifest.entry(bar.name, path):
        pending.delete(path)


def with_first_line(text: str, line: str) -> str:
    """Insert the line before all others, unless the text has it already."""
    if any(existing.strip() == line for existing in text.removeprefix(_BOM).splitlines()):
        return text
    bom = _BOM if text.startswith(_BOM) else ""
    return f"{bom}{line}{_line_end(text)}{text.removeprefix(bom)}"


def without_line(text: str, line: str) -> str:
    """Remove the line wherever it is."""
    bom = _BOM if text.startswith(_BOM) else ""
    pattern = rf"^[ \t]*{re.escape(line)}[ \t]*(?:\r?\n|\Z)"
    return bom + re.sub(pattern, "", text.removeprefix(bom), flags=re.MULTILINE)


def with_block(text: str, snippet: str, comment: str) -> str:
    """Append the snippet between two comments, unless the text has it already.

    ``comment`` is how a comment begins in this file.
    """
    if f"{comment}{_BEGIN}" in text or snippet.strip() in text.replace("\r\n", "\n"):
        return text
    lines = ["", f"{comment}{_BEGIN}", *snippet.rstrip("\n").split("\n"), f"{comment}{_END}", ""]
    return text + _line_end(text).join(lines)


def without_block(path: Path, text: str, snippet: str, comment: str) -> str:
    """Remove the block, or the snippet without comments that somebody copied by hand.

    Raises SetupError if the block has no end.
    """
    begin, end = re.escape(f"{comment}{_BEGIN}"), re.escape(f"{comment}{_END}")
    block = re.search(rf"{begin}.*?{end}[ \t]*(?:\r?\n|\Z)", text, re.DOTALL)
    if block:
        return _join(text[: block.start()], text[block.end() :])
    if f"{comment}{_BEGIN}" in text:
        raise SetupError(f"{paths.display(path)} has no line {comment}{_END}: take the block out")
    return text.replace(snippet, "", 1)


def _join(before: str, after: str) -> str:
    """Join the text around a block, without the line end that was inserted before the block.

    That line end stays if it is the only one between what is before and what was added after.
    """
    stripped = re.sub(r"\r?\n\Z", "", before)
    is_whole_line = stripped == "" or stripped.endswith("\n") or after == ""
    return (stripped if is_whole_line else before) + after


def _line_end(text: str) -> str:
    """Return the first line end in the text, or a line feed if there is none."""
    found = re.search(r"\r?\n", text)
    return found[0] if found else "\n"
