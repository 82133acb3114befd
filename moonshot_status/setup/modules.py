"""The step ``modules``: a module's name and its file, in every bar of a Waybar configuration.

The name goes to the beginning of the list that Waybar takes, so that what stands at the edge of the
screen stays there. Everything is known again from the text alone: a list that was not there before
has a comment in it, an include that was not there is one string, and one that was a string is a
tight list with our file at its end.
"""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from moonshot_status.config import jsonc
from moonshot_status.config.jsonc import Element, JsoncError, Node
from moonshot_status.setup import SetupError, paths
from moonshot_status.setup.bars import Bar, Step
from moonshot_status.setup.changes import PendingChanges

_ADDED = "/* added by moonshot-status */"
_MOST_FILES = 100


@dataclass(frozen=True)
class _Part:
    """An object that makes up a bar, in the file that it stands in."""

    path: Path
    node: Node


class _Modules:
    """One configuration and all that it includes."""

    def __init__(self, bar: Bar, step: Step, path: Path, draft: PendingChanges) -> None:
        self.path, self._draft = path, draft
        self._folder = path.parent
        self._file = bar.path(step["include"])
        self._name, self._list, self._lists = step["module"], step["list"], step["lists"]

    def root(self, path: Path) -> Node:
        return jsonc.parse(self._draft.text(path) or "", whole=False)

    def bars(self, path: Path) -> list[Node]:
        """The bars of a file, which is one of them or an array of them. Raises SetupError."""
        try:
            root = self.root(path)
        except JsoncError as error:
            raise SetupError(f"{paths.short(path)} cannot be read: {error}") from error
        nodes = [child.node for child in root.children] if _is_array(root) else [root]
        return [node for node in nodes if _is_object(node)]

    # Adding

    def add_name(self, number: int) -> None:
        """Put the name into the list of that bar, unless the bar has it already."""
        parts = self._parts(self.bars(self.path)[number])
        if self._shows(parts):
            return
        for part in parts:
            member = part.node.member(self._list)
            if member:
                self._add_item(part.path, member)
                return
        text, bar = self._text(self.path), parts[0].node
        value = f"[{_ADDED} {json.dumps(self._name)}]"
        new = jsonc.member_text(text, bar, self._list, value)
        self._draft.put(self.path, jsonc.insert_first(text, bar, new))

    def add_include(self, number: int) -> None:
        """Include the file with the module, unless the bar has the module already."""
        bar = self.bars(self.path)[number]
        if any(part.node.member(self._name) for part in self._parts(bar)):
            return
        text, word = self._text(self.path), json.dumps(paths.shell_word(self._file))
        member = bar.member("include")
        if member is None:
            text = jsonc.insert_first(text, bar, jsonc.member_text(text, bar, "include", word))
        elif isinstance(member.node.value, str):
            there = text[member.node.start : member.node.end]
            text = jsonc.replace(text, member.node, f"[{there}, {word}]")
        elif _is_array(member.node):
            text = jsonc.insert_first(text, member.node, word)
        else:
            text = jsonc.replace(text, member.node, word)
        self._draft.put(self.path, text)

    def _add_item(self, path: Path, member: Element) -> None:
        text = self._text(path)
        if not _is_array(member.node):
            error = JsoncError(text, member.start, f"{self._list} is no list")
            raise SetupError(f"{paths.short(path)} cannot be changed: {error}")
        self._draft.put(path, jsonc.insert_first(text, member.node, json.dumps(self._name)))

    def _shows(self, parts: list[_Part]) -> bool:
        for name in self._lists:
            members = (part.node.member(name) for part in parts)
            first = next((member for member in members if member), None)
            if first and self._name in _items(first.node):
                return True
        return any(self._name in _items(node) for part in parts for node in _groups(part.node))

    def _parts(self, bar: Node) -> list[_Part]:
        """The bar and what it includes, in the order in which Waybar takes values."""
        parts = [_Part(self.path, bar)]
        self._collect(bar, parts)
        return parts

    def _collect(self, node: Node, parts: list[_Part]) -> None:
        for path in self._included(node):
            if len(parts) < _MOST_FILES and all(part.path != path for part in parts):
                for bar in self.bars(path)[:1]:
                    parts.append(_Part(path, bar))
                    self._collect(bar, parts)

    def _included(self, node: Node) -> Iterator[Path]:
        member = node.member("include")
        value = member.node.value if member else []
        for word in [value] if isinstance(value, str) else _items(member.node) if member else []:
            if isinstance(word, str):
                yield from self._paths(word)

    def _paths(self, word: str) -> list[Path]:
        """The files that an include names and that exist."""
        for part in paths.words(word)[:1]:
            for base in (paths.home(), self._folder):
                name = os.path.join(base, part)
                found = [Path(path) for path in [*glob.glob(name), name]]  # noqa: PTH207
                found = [path for path in found if path.is_file() or path == self._file]
                if found:
                    return list(dict.fromkeys(found))
        return []

    def _text(self, path: Path) -> str:
        return self._draft.text(path) or ""

    # Removing

    def files(self) -> list[Path]:
        """The configuration, and every other file that a bar of it includes."""
        parts = [part for bar in self.bars(self.path) for part in self._parts(bar)]
        return [path for path in dict.fromkeys(part.path for part in parts) if path != self._file]

    def take_out(self, path: Path) -> None:
        """Take our name and our file out of every bar of a file."""
        for edit in (self._without_name, self._without_mark, self._without_include):
            for number in range(len(self.bars(path))):
                self._repeat(path, number, edit)

    def _repeat(self, path: Path, number: int, edit: Callable[[str, Node], str]) -> None:
        text, done = self._text(path), None
        while done != text:
            done, text = text, edit(text, self.bars(path)[number])
            self._draft.put(path, text)

    def _without_name(self, text: str, bar: Node) -> str:
        for node in self._nodes(bar):
            if self._name in _items(node):
                return jsonc.remove(text, node, _items(node).index(self._name))
        return text

    def _without_mark(self, text: str, bar: Node) -> str:
        """A list that was made for our name goes with it, unless it has others by now."""
        for index, child in enumerate(bar.children):
            node = child.node
            mark = re.match(rf"\[\s*({re.escape(_ADDED)}[ \t]?)", text[node.start : node.end])
            if mark and child.name in self._lists:
                if not node.children:
                    return jsonc.remove(text, bar, index)
                return text[: node.start + mark.start(1)] + text[node.start + mark.end(1) :]
        return text

    def _without_include(self, text: str, bar: Node) -> str:
        for index, child in enumerate(bar.children):
            if child.name != "include":
                continue
            if isinstance(child.node.value, str) and self._is_ours(child.node.value):
                return jsonc.remove(text, bar, index)
            for number, word in enumerate(_items(child.node)):
                if isinstance(word, str) and self._is_ours(word):
                    return _without_item(text, child.node, number)
        return text

    def _is_ours(self, word: str) -> bool:
        words = paths.words(word)
        return bool(words) and Path(os.path.join(self._folder, words[0])) == self._file

    def _nodes(self, bar: Node) -> Iterator[Node]:
        """Every list of modules in a bar."""
        yield from (child.node for child in bar.children if child.name in self._lists)
        yield from _groups(bar)


def add(bar: Bar, step: Step, path: Path, draft: PendingChanges) -> None:
    """Draft the module in every bar. Raises SetupError."""
    config = _Modules(bar, step, path, draft)
    if not config.bars(path):
        raise SetupError(f"{paths.short(path)} has no bar in it")
    for number in range(len(config.bars(path))):
        config.add_name(number)
        config.add_include(number)


def remove(bar: Bar, step: Step, path: Path, draft: PendingChanges) -> None:
    """Draft every bar without the module. Raises SetupError."""
    config = _Modules(bar, step, path, draft)
    for file in config.files():
        config.take_out(file)


def _without_item(text: str, node: Node, number: int) -> str:
    """An include without our file; a tight list of two, ours last, was one string before."""
    first, last = node.children[0], node.children[-1]
    tight = first.start == node.start + 1 and last.end == node.end - 1
    if tight and len(node.children) == 2 and number == 1:
        return jsonc.replace(text, node, text[first.start : first.end])
    return jsonc.remove(text, node, number)


def _items(node: Node) -> list[object]:
    return node.value if isinstance(node.value, list) else []


def _groups(bar: Node) -> Iterator[Node]:
    for child in bar.children:
        member = child.node.member("modules") if (child.name or "").startswith("group/") else None
        if member:
            yield member.node


def _is_array(node: Node) -> bool:
    return isinstance(node.value, list)


def _is_object(node: Node) -> bool:
    return isinstance(node.value, dict)
