"""No regular expression of the package takes time that grows faster than its input."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

import moonshot_status

_FUNCTIONS = {
    "compile", "fullmatch", "match", "search", "split", "sub", "subn", "findall", "finditer",
}  # fmt: skip
_LONG = 3000
# Less than this many seconds at that length is no more than a few steps for each character.
_MINIMUM = 0.004
_MAX_GROWTH = 40
_PIECES = (
    " ", "\t", "\n", "\r\n", "0", "a", "A", "_", "-", ".", "/", ":", ",", '"', "'", "\\", "\\\\n",
    "{", "}", "[", "]", "(", ")", "$", "%", "é", "sk-", "sk-a", "/*", "//", "*/", "\n\n ", "a ",
)  # fmt: skip


def in_modules(modules: list[Any]) -> Iterator[re.Pattern[Any]]:
    """Yield the compiled patterns among the modules' names, also in tuples and dictionaries."""

    def walk(value: Any) -> Iterator[re.Pattern[Any]]:
        if isinstance(value, re.Pattern):
            yield value
        elif isinstance(value, (tuple, list, set, frozenset)):
            yield from chain.from_iterable(map(walk, value))
        elif isinstance(value, dict):
            yield from chain.from_iterable(map(walk, [*value, *value.values()]))

    for module in modules:
        yield from walk(list(vars(module).values()))


def in_calls(source: str) -> Iterator[re.Pattern[str]]:
    """Yield the patterns that calls of ``re`` contain as literals."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        if ast.unparse(node.func) not in {f"re.{name}" for name in _FUNCTIONS}:
            continue
        flags = [word.value for word in node.keywords if word.arg == "flags"] + node.args[1:]
        names = [ast.unparse(flag) for flag in flags if ast.unparse(flag).startswith("re.")]
        pattern = node.args[0]
        if isinstance(pattern, ast.Constant) and isinstance(pattern.value, str):
            parts = [pattern.value]
        else:
            continue
        flag = sum(getattr(re, name[3:]) for name in names if re.fullmatch(r"re\.[A-Z]+", name))
        try:
            yield re.compile("".join(parts), flag)
        except re.error:  # A name stands for a part that means something.
            continue


def in_tables(modules: list[Any]) -> Iterator[re.Pattern[str]]:
    """Yield the patterns in tables of strings, which are compiled where they are used."""
    for module in modules:
        for name, value in vars(module).items():
            if name in ("_SYNTAX_MISTAKES", "_INVALID_CHARACTERS"):
                yield from map(re.compile, value)
            elif name == "_NO_KEYS":
                yield from (re.compile(row[0]) for row in value)


def patterns() -> list[re.Pattern[Any]]:
    names = [
        found.name
        for found in pkgutil.walk_packages(moonshot_status.__path__, "moonshot_status.")
        if not found.name.endswith("__main__")
    ]
    modules = [importlib.import_module(name) for name in names]
    sources = [Path(str(module.__file__)).read_text(encoding="utf-8") for module in modules]
    found = chain(
        in_modules(modules), chain.from_iterable(map(in_calls, sources)), in_tables(modules)
    )
    unique = {(pattern.pattern, pattern.flags): pattern for pattern in found}
    return sorted(unique.values(), key=lambda pattern: repr(pattern.pattern))


def seconds(pattern: re.Pattern[Any], piece: str, length: int) -> float:
    """Return the processor time of a search that goes through the repeated piece."""
    text: Any = piece * (length // len(piece)) + "\x00"
    if isinstance(pattern.pattern, bytes):
        text = text.encode()
    started = time.thread_time()
    pattern.search(text)
    return time.thread_time() - started


def is_superlinear(pattern: re.Pattern[Any], piece: str) -> bool:
    """Compare the best of three: a linear pattern needs 10 times as long, a quadratic one 100."""
    long = min(seconds(pattern, piece, _LONG) for _ in range(3))
    if long < _MINIMUM:
        return False
    short = min(seconds(pattern, piece, _LONG // 10) for _ in range(3))
    return long > _MAX_GROWTH * short


def pieces(pattern: re.Pattern[Any]) -> list[str]:
    """Return what is repeated: of all kinds, and the literal parts of the pattern."""
    written = pattern.pattern
    text = written.decode() if isinstance(written, bytes) else written
    return [*_PIECES, *{word for word in re.findall(r"[\w“„]+", text) if len(word) > 1}]


@pytest.mark.parametrize("pattern", patterns(), ids=lambda pattern: repr(pattern.pattern)[:40])
def test_time_grows_with_the_length(pattern: re.Pattern[Any]) -> None:
    assert [piece for piece in pieces(pattern) if is_superlinear(pattern, piece)] == []


@pytest.mark.parametrize("pattern", [r"\s+x", r"\d+$"])
def test_a_superlinear_pattern_is_found(pattern: str) -> None:
    compiled = re.compile(pattern)
    assert any(is_superlinear(compiled, piece) for piece in pieces(compiled))
