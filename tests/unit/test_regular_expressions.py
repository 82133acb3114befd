"""No regular expression of the package takes time that grows faster than its input.

Each is given texts of 10^5 characters that are made of the expression itself, with the methods that
the code calls.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain
from types import ModuleType
from typing import Any

import pytest
from kit import adverse_texts, growth
from kit.adverse_texts import Text

import moonshot_status
from moonshot_status import schemas
from moonshot_status.doctor import report

Use = tuple[re.Pattern[Any], str]
"""A pattern, and the method of it that is called."""

_METHODS = {"match", "fullmatch", "search", "split", "sub", "subn", "findall", "finditer"}
_SCHEMAS = ("balance", "config", "doctor", "history", "integration", "output")
# The functions that make patterns of words, and what they make of one.
_MADE = {"_masks": report._masks(["anna"], r"(?<=/)", r"(?![\w.-])", "NAME")}


def modules() -> list[ModuleType]:
    found = pkgutil.walk_packages(moonshot_status.__path__, "moonshot_status.")
    return [importlib.import_module(each.name) for each in found if "__main__" not in each.name]


def in_value(value: Any) -> Iterator[re.Pattern[Any]]:
    """Yield the compiled patterns in a value, also in tables."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from chain.from_iterable(map(in_value, [*value, *value.values()]))
    elif isinstance(value, (tuple, list, set, frozenset)):
        yield from chain.from_iterable(map(in_value, value))


def in_module(names: dict[str, Any], tree: ast.AST) -> Iterator[Use]:
    """Yield the patterns among a module's names, with the methods that it calls.

    If it calls none by that name, any that it calls of something else may be the one.
    """
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    called = {(ast.unparse(each.value), each.attr) for each in calls if each.attr in _METHODS}
    for name, value in names.items():
        own = {method for of, method in called if of == name}
        others = {method for of, method in called if not list(in_value(names.get(of)))}
        for pattern in in_value(value):
            yield from ((pattern, method) for method in own or others or _METHODS)


def in_calls(tree: ast.AST) -> Iterator[Use]:
    """Yield the patterns that are given to functions of ``re``, with the method that it calls.

    A pattern that is not written there must be at a module's level, or in ``_MADE``.
    """
    for inside in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for node in ast.walk(inside):
            if not isinstance(node, ast.Call) or not ast.unparse(node.func).startswith("re."):
                continue
            method, pattern = ast.unparse(node.func)[3:], node.args[:1]
            if method == "escape":
                continue
            if isinstance(pattern[0], ast.Constant):
                methods = _METHODS if method == "compile" else {method}
                compiled = re.compile(pattern[0].value, flags(node))
                yield from ((compiled, each) for each in methods)
            else:
                assert inside.name in _MADE, f"{inside.name} makes a pattern that is not tested"


def flags(call: ast.Call) -> int:
    written = "|".join(ast.unparse(word.value) for word in call.keywords if word.arg == "flags")
    return sum(getattr(re, name) for name in re.findall(r"re\.([A-Z]+)", written))


def in_schema(part: Any) -> Iterator[Use]:
    """Yield the patterns in a JSON Schema, which jsonschema searches for."""
    if isinstance(part, list):
        yield from chain.from_iterable(map(in_schema, part))
    if isinstance(part, dict):
        yield from chain.from_iterable(map(in_schema, part.values()))
        written = [part.get("pattern"), *part.get("patternProperties", ())]
        yield from ((re.compile(each), "search") for each in written if isinstance(each, str))


@cache
def uses() -> list[Use]:
    found = [(pattern, "sub") for made in _MADE.values() for pattern in in_value(made)]
    for module in modules():
        tree = ast.parse(inspect.getsource(module))
        found += [*in_module(vars(module), tree), *in_calls(tree)]
    found += chain.from_iterable(in_schema(schemas.load(name)) for name in _SCHEMAS)
    # One match is what another method begins with.
    repeated = {"split", "sub", "subn", "findall", "finditer"}
    unique = {(each, "sub" if method in repeated else method) for each, method in found}
    return sorted(unique, key=lambda use: (repr(use[0].pattern), use[1]))


def is_superlinear(
    use: Use, texts: Callable[[re.Pattern[Any]], list[Text]], seconds: float = 20
) -> bool:
    """Return whether one of the texts takes too long, or all together more than ``seconds``."""
    pattern, method = use
    call = adverse_texts.calls(pattern, method)
    try:
        with growth.processor_seconds(seconds):
            return any(growth.is_superlinear(call, text) for text in texts(pattern))
    except TimeoutError:
        return True


def name(use: Use) -> str:
    return f"{use[1]}-{use[0].pattern!r:.40}"


@pytest.mark.parametrize("use", uses(), ids=name)
def test_time_grows_with_the_length(use: Use) -> None:
    assert not is_superlinear(use, adverse_texts.few)


@pytest.mark.slow
@pytest.mark.parametrize("use", uses(), ids=name)
def test_time_grows_with_the_length_of_any_text(use: Use) -> None:
    assert not is_superlinear(use, adverse_texts.many, 600)


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"\s+x", "search"),
        (r"(.+\.)?kimi", "search"),
        (r"begin.*?end", "search"),
        (r"/\*.*?\*/", "sub"),
        (r"^\s*(china)?\s*$", "search"),
    ],
)
def test_a_superlinear_pattern_is_found(pattern: str, method: str) -> None:
    assert is_superlinear((re.compile(pattern), method), adverse_texts.few)


def test_an_exponential_pattern_is_found() -> None:
    assert is_superlinear((re.compile(r"(\s+|#.*)*"), "fullmatch"), adverse_texts.few, 0.5)


def test_patterns_are_found_wherever_they_are() -> None:
    written = {each.pattern for each, _ in uses()}
    assert {r"sk-|.*\d|.{20}", "KEY|TOKEN", r"[$%]", r"(?<=/)anna(?![\w.-])"} <= written
    assert {r"[0-9]{1,18}", r"[0-9a-f]{32}", "^[^\\u0000]*$"} <= written


def test_a_made_pattern_has_to_be_tested() -> None:
    made = ast.parse("def found(text, word):\n    return re.search(word, text)")
    with pytest.raises(AssertionError, match="found makes a pattern"):
        list(in_calls(made))
