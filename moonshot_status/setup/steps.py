"""The kinds of step that a bar's ``setup.json`` is made of; each can be done and undone."""

from __future__ import annotations

import re
from pathlib import Path

from moonshot_status.setup import SetupError, manifest, modules, paths
from moonshot_status.setup.bars import Bar, Step
from moonshot_status.setup.changes import PendingChanges
from moonshot_status.setup.manifest import Manifest

_BEGIN, _END = "moonshot-status: begin", "moonshot-status: end"
_MARK = "\ufeff"


def add(bar: Bar, draft: PendingChanges, made: Manifest) -> None:
    """Draft what puts the module into the bar. Raises SetupError."""
    for step in bar.steps:
        if step["do"] == "copy":
            _copy(bar, step, draft, made)
            continue
        for path in _files_to_edit(bar, step, draft, made):
            text = draft.text(path) or ""
            if step["do"] == "modules":
                modules.add(bar, step, path, draft)
            elif step["do"] == "first line":
                draft.put(path, with_first_line(text, step["line"]))
            else:
                draft.put(path, with_block(text, bar.snippet(step["snippet"]), step["comment"]))


def remove(bar: Bar, draft: PendingChanges, made: Manifest) -> None:
    """Draft what takes the module out of the bar. Raises SetupError."""
    for step in reversed(bar.steps):
        if step["do"] == "copy":
            _uncopy(bar, step, draft, made)
            continue
        for path in _files(bar, step):
            text = draft.text(path)
            if text is None:
                continue
            if step["do"] == "modules":
                modules.remove(bar, step, path, draft)
            elif step["do"] == "first line":
                draft.put(path, without_line(text, step["line"]))
            else:
                snippet = bar.snippet(step["snippet"])
                draft.put(path, without_block(path, text, snippet, step["comment"]))
            _delete_if_made(bar, path, draft, made)


def _copy(bar: Bar, step: Step, draft: PendingChanges, made: Manifest) -> None:
    path, text = bar.path(step["snippet"]), bar.snippet(step["snippet"])
    there = draft.text(path)
    if there == text:
        return
    if there is not None and manifest.digest(there) != made.of(bar.name, path):
        draft.notes.append(f"{paths.short(path)} stays as it is: it is not what setup wrote")
        return
    draft.put(path, text, 0o755 if step.get("executable") else 0o644)
    made.note(bar.name, path, manifest.digest(text))


def _uncopy(bar: Bar, step: Step, draft: PendingChanges, made: Manifest) -> None:
    path = bar.path(step["snippet"])
    text = draft.text(path)
    if text is None:
        return
    known = (made.of(bar.name, path), manifest.digest(bar.snippet(step["snippet"])))
    if manifest.digest(text) in known and not path.is_symlink():
        draft.delete(path)
    else:
        draft.notes.append(f"{paths.short(path)} stays: it is not what setup wrote")


def _files(bar: Bar, step: Step) -> list[Path]:
    return [bar.path(file) for file in step["files"]]


def _files_to_edit(bar: Bar, step: Step, draft: PendingChanges, made: Manifest) -> list[Path]:
    """The user's own files; if there is none, a new one after the system's."""
    files = _files(bar, step)
    there = [path for path in files if draft.text(path) is not None]
    if there:
        return there if step.get("every") else there[:1]
    for word in step["system"]:
        source = bar.path(word)
        if (text := draft.text(source)) is not None:
            draft.put(files[0], text, source=source)
            made.note(bar.name, files[0], manifest.digest(text))
            return files[:1]
    if step["do"] == "modules":
        raise SetupError(f"{bar.title} has no configuration: {paths.short(files[0])} is not there")
    made.note(bar.name, files[0], manifest.digest(""))
    return files[:1]


def _delete_if_made(bar: Bar, path: Path, draft: PendingChanges, made: Manifest) -> None:
    """Delete a file that setup made, if it is again as it was then."""
    if manifest.digest(draft.text(path) or "") == made.of(bar.name, path):
        draft.delete(path)


def with_first_line(text: str, line: str) -> str:
    """The text with the line before all others, unless it has it somewhere."""
    if any(there.strip() == line for there in text.removeprefix(_MARK).splitlines()):
        return text
    mark = _MARK if text.startswith(_MARK) else ""
    return f"{mark}{line}{_line_end(text)}{text.removeprefix(mark)}"


def without_line(text: str, line: str) -> str:
    mark = _MARK if text.startswith(_MARK) else ""
    found = rf"^[ \t]*{re.escape(line)}[ \t]*(?:\r?\n|\Z)"
    return mark + re.sub(found, "", text.removeprefix(mark), flags=re.MULTILINE)


def with_block(text: str, snippet: str, comment: str) -> str:
    """The text with the snippet at its end, between two comments that say whose it is."""
    if f"{comment}{_BEGIN}" in text or snippet.strip() in text.replace("\r\n", "\n"):
        return text
    end = _line_end(text)
    lines = ["", f"{comment}{_BEGIN}", *snippet.rstrip("\n").split("\n"), f"{comment}{_END}", ""]
    return text + end.join(lines)


def without_block(path: Path, text: str, snippet: str, comment: str) -> str:
    """The text without the block, or without the bare snippet that somebody put there by hand."""
    begin, end = re.escape(f"{comment}{_BEGIN}"), re.escape(f"{comment}{_END}")
    found = re.search(rf"{begin}.*?{end}[ \t]*(?:\r?\n|\Z)", text, re.DOTALL)
    if found:
        return _joined(text[: found.start()], text[found.end() :])
    if f"{comment}{_BEGIN}" in text:
        raise SetupError(f"{paths.short(path)} has no line {comment}{_END}: take the block out")
    return text.replace(snippet, "", 1)


def _joined(before: str, after: str) -> str:
    """What stood around a block, without the line end that came before it with it."""
    bare = re.sub(r"\r?\n\Z", "", before)
    ends_whole = bare == "" or bare.endswith("\n") or after == ""
    return (bare if ends_whole else before) + after


def _line_end(text: str) -> str:
    """The line end that the text uses first."""
    found = re.search(r"\r?\n", text)
    return found[0] if found else "\n"
