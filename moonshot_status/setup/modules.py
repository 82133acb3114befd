"""The step ``modules``: add a module to every bar of a Waybar configuration, and remove it.

The module's name is inserted at the beginning of a list, so that the user's outermost module stays
outermost. What setup added is recognized in the text alone: a list that it created contains a
comment, an ``include`` that it created is a string, and one that was a string before is a list of
two without blanks at its ends, with the module's file as the second item.
"""

from __future__ import annotations

import glob
import itertools
import json
import os
import re
from collections import ChainMap
from collections.abc import Iterator
from pathlib import Path

from moonshot_status.config import jsonc, jsonc_edit
from moonshot_status.config.jsonc import JsoncError, Node
from moonshot_status.core.paths import is_file, shell_word
from moonshot_status.setup import SetupError, paths
from moonshot_status.setup.bars import Bar, Step
from moonshot_status.setup.changes import PendingChanges

_CREATED_COMMENT = "/* added by moonshot-status */"
_CREATED_LIST = re.compile(rf"\[\s*({re.escape(_CREATED_COMMENT)}[ \t]?)")
_MAX_FILES = 100


class Configuration:
    """A Waybar configuration: the main file and everything that it includes."""

    def __init__(self, bar: Bar, step: Step, path: Path, pending: PendingChanges) -> None:
        self.path, self._step, self._pending = path, step, pending
        self._module_file = bar.path(step["include"])
        self._module, self._lists = step["module"], step["lists"]

    def _bars(self, path: Path) -> list[Node]:
        """Return the bars in a file, which is one bar or an array of them. Raises SetupError."""
        try:
            root = jsonc.parse(self._text(path), whole=False)
        except JsoncError as error:
            raise SetupError(f"{paths.display(path)} cannot be read: {error}") from error
        nodes = [child.node for child in root.children] if _is_array(root) else [root]
        return [node for node in nodes if isinstance(node.value, dict)]

    def add(self) -> None:
        """Add the module to every bar. Raises SetupError."""
        if not self._bars(self.path):
            raise SetupError(f"{paths.display(self.path)} has no bar in it")
        for number in range(len(self._bars(self.path))):
            self._add_name(number)
            self._add_include(number)

    def remove(self) -> None:
        """Remove the module and its include from every bar and included file. Raises SetupError."""
        sources = [self._sources(bar) for bar in self._bars(self.path)]
        for path in dict.fromkeys(itertools.chain(*sources)):
            while path != self._module_file and (text := next(self._removals(path), None)):
                self._pending.put(path, text)

    def _add_name(self, number: int) -> None:
        """Add the module to a list of bar ``number`` in the main file, unless one has it.

        That is the default list, wherever Waybar takes it from. Raises SetupError.
        """
        sources = self._sources(self._bars(self.path)[number])
        if self._has_name(list(sources.values())):
            return
        name, module = self._step["list"], json.dumps(self._module)
        path = next((path for path, node in sources.items() if node.member(name)), self.path)
        text, member = self._text(path), sources[path].member(name)
        if member is None:
            value = f"[{_CREATED_COMMENT} {module}]"
            text = jsonc_edit.insert_member(text, sources[path], name, value)
        elif _is_array(member.node):
            text = jsonc_edit.insert_first(text, member.node, module)
        else:
            error = JsoncError(text, member.start, f"{name} is no list")
            raise SetupError(f"{paths.display(path)} cannot be changed: {error}")
        self._pending.put(path, text)

    def _add_include(self, number: int) -> None:
        """Include the module's file in bar ``number``, unless the bar defines the module."""
        bar = self._bars(self.path)[number]
        if any(self._module in node.value for node in self._sources(bar).values()):
            return
        text, file = self._text(self.path), json.dumps(shell_word(self._module_file))
        member = bar.member("include")
        if member is None:
            text = jsonc_edit.insert_member(text, bar, "include", file)
        elif _is_array(member.node):
            text = jsonc_edit.insert_first(text, member.node, file)
        else:
            existing = text[member.node.start : member.node.end]
            value = f"[{existing}, {file}]" if isinstance(member.node.value, str) else file
            text = jsonc_edit.replace(text, member.node, value)
        self._pending.put(self.path, text)

    def _has_name(self, sources: list[Node]) -> bool:
        """Return whether the module is in a list that the bar shows, or in a group."""
        settings = ChainMap(*(source.value for source in sources))
        lists = [settings.get(name) for name in self._lists]
        lists += [group.value for source in sources for group in _groups(source)]
        return any(isinstance(names, list) and self._module in names for names in lists)

    # Includes

    def _sources(self, bar: Node) -> dict[Path, Node]:
        """Return the bar and the objects that it includes, by file.

        They are in Waybar's order: of several values for a setting the first counts.
        """
        sources = {self.path: bar}
        self._collect_includes(bar, sources)
        return sources

    def _collect_includes(self, node: Node, sources: dict[Path, Node]) -> None:
        include = node.value.get("include")
        includes = include if isinstance(include, list) else [include]
        for path in itertools.chain.from_iterable(map(self._find, includes)):
            if len(sources) < _MAX_FILES and path not in sources:
                for bar in self._bars(path)[:1]:
                    sources[path] = bar
                    self._collect_includes(bar, sources)

    def _find(self, written: object) -> list[Path]:
        """Return the existing files that an include means, and the module's file in any case.

        Raises OSError if one cannot be examined.
        """
        for word in _words(written)[:1]:
            for base in (paths.home(), self.path.parent):
                pattern = os.path.join(base, word)
                found = [Path(path) for path in [*glob.glob(pattern), pattern]]  # noqa: PTH207
                found = [path for path in found if is_file(path) or path == self._module_file]
                if found:
                    return found
        return []

    def _text(self, path: Path) -> str:
        return self._pending.text(path) or ""

    # Removing

    def _removals(self, path: Path) -> Iterator[str]:
        """Yield the text of the file without one of the things that setup added, for each."""
        text = self._text(path)
        for bar in self._bars(path):
            lists = [child.node for child in bar.children if child.name in self._lists]
            for node in [*lists, *_groups(bar)]:
                if self._module in _items(node):
                    yield jsonc_edit.remove(text, node, _items(node).index(self._module))
            for index, child in enumerate(bar.children):
                if child.name in self._lists:
                    yield from _without_comment(text, bar, index)
                elif child.name == "include":
                    yield from self._without_include(text, bar, index)

    def _without_include(self, text: str, bar: Node, index: int) -> Iterator[str]:
        include = bar.children[index].node
        if self._is_module_file(include.value):
            yield jsonc_edit.remove(text, bar, index)
        for number, item in enumerate(_items(include)):
            if self._is_module_file(item):
                yield _without_item(text, include, number)

    def _is_module_file(self, include: object) -> bool:
        return any(self.path.parent / word == self._module_file for word in _words(include)[:1])


def _without_comment(text: str, bar: Node, index: int) -> Iterator[str]:
    """Yield the text without a list that setup created, or without its comment if it has items."""
    node = bar.children[index].node
    comment = _CREATED_LIST.match(text, node.start, node.end)
    if comment and node.children:
        yield text[: comment.start(1)] + text[comment.end(1) :]
    elif comment:
        yield jsonc_edit.remove(text, bar, index)


def _without_item(text: str, include: Node, number: int) -> str:
    """Remove an item of ``include``, and the brackets if setup added them."""
    first, last = include.children[0], include.children[-1]
    no_blanks = first.start == include.start + 1 and last.node.end == include.end - 1
    if no_blanks and len(include.children) == 2 and number == 1:
        return jsonc_edit.replace(text, include, text[first.start : first.node.end])
    return jsonc_edit.remove(text, include, number)


def _words(include: object) -> list[str]:
    return paths.shell_words(include) if isinstance(include, str) else []


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
