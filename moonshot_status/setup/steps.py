"""Carry out the steps in a bar's ``setup.json``, and undo them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from moonshot_status.setup import SetupError, paths
from moonshot_status.setup.bars import Bar, Step
from moonshot_status.setup.changes import PendingChanges
from moonshot_status.setup.manifest import Manifest, digest
from moonshot_status.setup.modules import Configuration

_BEGIN, _END = "moonshot-status: begin", "moonshot-status: end"
_END_OF_BLOCK = re.compile(rf"{_END}[ \t]*(?:\r?\n|\Z)")
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
                Configuration(bar, step, path, pending).add()
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
        for path in _existing(bar, step["files"], pending):
            text = pending.text(path) or ""
            if step["do"] == "modules":
                Configuration(bar, step, path, pending).remove()
            elif step["do"] == "first line":
                pending.put(path, without_line(text, step["line"]))
            else:
                snippet = bar.snippet(step["snippet"])
                pending.put(path, without_block(path, text, snippet, step["comment"]))
            # Setup created the file if it has the content again that it was created with.
            if digest(pending.text(path) or "") == manifest.entry(bar.name, path):
                pending.put(path, None)


def _copy(bar: Bar, step: Step, pending: PendingChanges, manifest: Manifest) -> None:
    """Copy the snippet, but not over a file that setup did not write."""
    path, text = bar.path(step["snippet"]), bar.snippet(step["snippet"])
    existing = pending.text(path)
    if existing is None or digest(existing) == manifest.entry(bar.name, path):
        is_new_script = existing is None and step.get("executable")
        pending.put(path, text, **({"mode": 0o755} if is_new_script else {}))
        manifest.add(bar.name, path, digest(text))
    elif existing != text:
        pending.notes.append(f"{paths.display(path)} stays as it is: it is not what setup wrote")


def _remove_copy(bar: Bar, step: Step, pending: PendingChanges, manifest: Manifest) -> None:
    """Delete the copy of the snippet, unless it was edited or is a symlink."""
    path = bar.path(step["snippet"])
    text = pending.text(path)
    known = (manifest.entry(bar.name, path), digest(bar.snippet(step["snippet"])))
    if text is not None and digest(text) in known and not path.is_symlink():
        pending.put(path, None)
    elif text is not None:
        pending.notes.append(f"{paths.display(path)} stays: it is not what setup wrote")


def _existing(bar: Bar, files: list[str], pending: PendingChanges) -> Iterator[Path]:
    return (path for path in map(bar.path, files) if pending.text(path) is not None)


def _files_to_edit(bar: Bar, step: Step, pending: PendingChanges, manifest: Manifest) -> list[Path]:
    """Return the user's files, or a new copy of the system's file if the user has none."""
    existing = list(_existing(bar, step["files"], pending))
    if existing:
        return existing if step.get("every") else existing[:1]
    new, text = bar.path(step["files"][0]), ""
    source = next(_existing(bar, step["system"], pending), None)
    if source:
        text = pending.text(source) or ""
        pending.put(new, text, source=source)
    if step["do"] == "modules" and pending.text(new) is None:
        raise SetupError(f"{bar.title} has no configuration: {paths.display(new)} is not there")
    manifest.add(bar.name, new, digest(text))
    return [new]


def with_first_line(text: str, line: str) -> str:
    """Insert the line before all others, unless the text has it already."""
    if any(existing.strip() == line for existing in text.removeprefix(_BOM).splitlines()):
        return text
    bom = _BOM if text.startswith(_BOM) else ""
    return f"{bom}{line}{_line_end(text)}{text.removeprefix(bom)}"


def without_line(text: str, line: str) -> str:
    """Remove the line wherever it is."""
    bom = _BOM if text.startswith(_BOM) else ""
    lines = text.removeprefix(bom).splitlines(keepends=True)
    return bom + "".join(existing for existing in lines if existing.strip() != line)


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
    before, begin, rest = text.partition(f"{comment}{_BEGIN}")
    if not begin:
        return text.replace(snippet, "", 1)
    ends = (end for end in _END_OF_BLOCK.finditer(rest) if rest.endswith(comment, 0, end.start()))
    end = next(ends, None)
    if end is None:
        raise SetupError(f"{paths.display(path)} has no line {comment}{_END}: take the block out")
    after = rest[end.end() :]
    # The line end before the block came with it, unless it is the only one between two lines.
    line_end = next((each for each in ("\r\n", "\n") if before.endswith(each)), "")
    before = before.removesuffix(line_end)
    is_whole_line = before == "" or before.endswith("\n") or after == ""
    return before + ("" if is_whole_line else line_end) + after


def _line_end(text: str) -> str:
    """Return the first line end in the text, or a line feed if there is none."""
    line, line_feed, _ = text.partition("\n")
    return "\r\n" if line_feed and line.endswith("\r") else "\n"
