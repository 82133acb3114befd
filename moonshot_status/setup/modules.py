"""The step ``modules``: add a module to every bar of a Waybar configuration, and remove it.

The module's name is inserted at the beginning of a list, so that the user's outermost module stays
outermost. What setup added is recognized in the text alone: a list that it created contains a
comment, an ``include`` that it created is a string, and one that was a string before is a list of
two without blanks at its ends, with the module's file as the second item.
"""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from moonshot_status.config import jsonc, jsonc_edit
from moonshot_status.config.jsonc import Element, JsoncError, Node
from moonshot_status.setup import SetupError, paths
from moonshot_status.setup.bars import Bar, Step
from moonshot_status.setup.changes import PendingChanges

_CREATED_COMMENT = "/* added by moonshot-status */"
_MAX_FILES = 100


@dataclass(frozen=True)
class _Source:
    """An object with settings of a bar, and the file that it is in."""

    path: Path
    node: Node


class _Configuration:
    """A Waybar configuration: the main file and everything that it includes."""

    def __init__(self, bar: Bar, step: Step, path: Path, pending: PendingChanges) -> None:
        self.path, self._pending = path, pending
        self._folder = path.parent
        self._module_file = bar.path(step["include"])
        self._module = step["module"]
        self._default_list, self._lists = step["list"], step["lists"]

    def bars(self, path: Path) -> list[Node]:
        """Return the bars in a file, which is one bar or an array of them. Raises SetupError."""
        try:
            root = jsonc.parse(self._text(path), whole=False)
        except JsoncError as error:
            raise SetupError(f"{paths.display(path)} cannot be read: {error}") from error
        nodes = [child.node for child in root.children] if _is_array(root) else [root]
        return [node for node in nodes if isinstance(node.value, dict)]

    def files(self) -> list[Path]:
        """Return the main file and the files that its bars include, except the module's own."""
        sources = [source for bar in self.bars(self.path) for source in self._sources(bar)]
        files = dict.fromkeys(source.path for source in sources)
        return [path for path in files if path != self._module_file]

    # Adding

    def add_name(self, number: int) -> None:
        """Add the module to a list of bar ``number`` in the main file, unless one has it.

        That is the default list, wherever Waybar takes it from. Raises SetupError.
        """
        sources = self._sources(self.bars(self.path)[number])
        if self._has_name(sources):
            return
        for source in sources:
            member = source.node.member(self._default_list)
            if member:
                self._add_item(source.path, member)
                return
        text, bar = self._text(self.path), sources[0].node
        value = f"[{_CREATED_COMMENT} {json.dumps(self._module)}]"
        text = jsonc_edit.insert_member(text, bar, self._default_list, value)
        self._pending.put(self.path, text)

    def add_include(self, number: int) -> None:
        """Include the module's file in bar ``number``, unless the bar defines the module."""
        bar = self.bars(self.path)[number]
        if any(source.node.member(self._module) for source in self._sources(bar)):
            return
        text, file = self._text(self.path), json.dumps(paths.shell_word(self._module_file))
        member = bar.member("include")
        if member is None:
            text = jsonc_edit.insert_member(text, bar, "include", file)
        elif isinstance(member.node.value, str):
            existing = text[member.node.start : member.node.end]
            text = jsonc_edit.replace(text, member.node, f"[{existing}, {file}]")
        elif _is_array(member.node):
            text = jsonc_edit.insert_first(text, member.node, file)
        else:
            text = jsonc_edit.replace(text, member.node, file)
        self._pending.put(self.path, text)

    def _add_item(self, path: Path, member: Element) -> None:
        text = self._text(path)
        if not _is_array(member.node):
            error = JsoncError(text, member.start, f"{self._default_list} is no list")
            raise SetupError(f"{paths.display(path)} cannot be changed: {error}")
        self._pending.put(
            path, jsonc_edit.insert_first(text, member.node, json.dumps(self._module))
        )

    def _has_name(self, sources: list[_Source]) -> bool:
        """Return whether the module is in a list that the bar shows, or in a group."""
        for name in self._lists:
            members = (source.node.member(name) for source in sources)
            first = next((member for member in members if member), None)
            if first and self._module in _items(first.node):
                return True
        groups = (group for source in sources for group in _groups(source.node))
        return any(self._module in _items(group) for group in groups)

    # Includes

    def _sources(self, bar: Node) -> list[_Source]:
        """Return the bar and the objects it includes, in Waybar's order: the first value counts."""
        sources = [_Source(self.path, bar)]
        self._collect_includes(bar, sources)
        return sources

    def _collect_includes(self, node: Node, sources: list[_Source]) -> None:
        for path in self._included_files(node):
            if len(sources) < _MAX_FILES and all(source.path != path for source in sources):
                for bar in self.bars(path)[:1]:
                    sources.append(_Source(path, bar))
                    self._collect_includes(bar, sources)

    def _included_files(self, node: Node) -> Iterator[Path]:
        member = node.member("include")
        if not member:
            return
        value = member.node.value
        for written in [value] if isinstance(value, str) else _items(member.node):
            if isinstance(written, str):
                yield from self._find(written)

    def _find(self, written: str) -> list[Path]:
        """Return the existing files that an include means, and the module's file in any case."""
        for word in paths.shell_words(written)[:1]:
            for base in (paths.home(), self._folder):
                pattern = os.path.join(base, word)
                found = [Path(path) for path in [*glob.glob(pattern), pattern]]  # noqa: PTH207
                found = [path for path in found if path.is_file() or path == self._module_file]
                if found:
                    return list(dict.fromkeys(found))
        return []

    def _text(self, path: Path) -> str:
        return self._pending.text(path) or ""

    # Removing

    def remove_from(self, path: Path) -> None:
        """Remove the module and its include from every bar in a file. Raises SetupError."""
        for edit in (self._without_name, self._without_created_list, self._without_include):
            for number in range(len(self.bars(path))):
                self._repeat(path, number, edit)

    def _repeat(self, path: Path, number: int, edit: Callable[[str, Node], str]) -> None:
        """Repeat an edit of one bar until it changes nothing more."""
        text, previous = self._text(path), None
        while previous != text:
            previous, text = text, edit(text, self.bars(path)[number])
            self._pending.put(path, text)

    def _without_name(self, text: str, bar: Node) -> str:
        lists = (child.node for child in bar.children if child.name in self._lists)
        for node in [*lists, *_groups(bar)]:
            if self._module in _items(node):
                return jsonc_edit.remove(text, node, _items(node).index(self._module))
        return text

    def _without_created_list(self, text: str, bar: Node) -> str:
        """Remove a list that setup created, or only its comment if the user has filled it."""
        pattern = re.compile(rf"\[\s*({re.escape(_CREATED_COMMENT)}[ \t]?)")
        for index, child in enumerate(bar.children):
            comment = pattern.match(text, child.node.start, child.node.end)
            if comment and child.name in self._lists:
                if not child.node.children:
                    return jsonc_edit.remove(text, bar, index)
                return text[: comment.start(1)] + text[comment.end(1) :]
        return text

    def _without_include(self, text: str, bar: Node) -> str:
        for index, child in enumerate(bar.children):
            if child.name != "include":
                continue
            if self._is_module_file(child.node.value):
                return jsonc_edit.remove(text, bar, index)
            for number, item in enumerate(_items(child.node)):
                if self._is_module_file(item):
                    return _without_item(text, child.node, number)
        return text

    def _is_module_file(self, include: object) -> bool:
        words = paths.shell_words(include) if isinstance(include, str) else []
        return bool(words) and self._folder / words[0] == self._module_file


def add(bar: Bar, step: Step, path: Path, pending: PendingChanges) -> None:
    """Add the module to every bar of the configuration. Raises SetupError."""
    configuration = _Configuration(bar, step, path, pending)
    if not configuration.bars(path):
        raise SetupError(f"{paths.display(path)} has no bar in it")
    for number in range(len(configuration.bars(path))):
        configuration.add_name(number)
        configuration.add_include(number)


def remove(bar: Bar, step: Step, path: Path, pending: PendingChanges) -> None:
    """Remove the module from every bar of the configuration. Raises SetupError."""
    configuration = _Configuration(bar, step, path, pending)
    for file in configuration.files():
        configuration.remove_from(file)


def _without_item(text: str, include: Node, number: int) -> str:
    """Remove an item of ``include``, and the brackets if setup added them."""
    first, last = include.children[0], include.children[-1]
    no_blanks = first.start == include.start + 1 and last.node.end == include.end - 1
    if no_blanks and len(include.children) == 2 and number == 1:
        return jsonc_edit.replace(text, include, text[first.start : first.node.end])
    return jsonc_edit.remove(text, include, number)


def _items(node: Node) -> list[object]:
    return node.value if isinstance(node.value, list) else []


def _groups(bar: Node) -> Iterator[Node]:
    """Yield the list of modules of every group."""
    for child in bar.children:
        member = child.node.member("modules") if (child.name or "").startswith("group/") else None
        if member:
            yield member.node


def _is_array(node: Node) -> bool:
    return isinstance(node.value, list)
