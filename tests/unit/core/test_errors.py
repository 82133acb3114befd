"""The tables of problem kinds and of causes."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import moonshot_status
from moonshot_status.api import tls
from moonshot_status.core import causes
from moonshot_status.core.errors import (
    Cause,
    KeyPlace,
    Kind,
    Problem,
    ProblemError,
    generic_cause,
)

# Set this variable to write the sentences again, and review their diff.
WRITE = "WRITE_GOLDENS" in os.environ
SENTENCES = Path(__file__).with_name("sentences.txt")
FACTS: dict[str, str | int | float] = {
    "character": "a space",
    "codes": "HTTP 400, code 5",
    "error": "Permission denied",
    "expected": "a number of seconds",
    "fix": "Correct the file.",
    "flaw": "its key is too short",
    "folder": "/home/me/.venv",
    "instead": "https://api.moonshot.ai/v1",
    "host": "api.moonshot.ai",
    "origin": "base_url in /home/me/config.json",
    "length": 22,
    "limit": 4096,
    "other": "china",
    "part": "keyUsage",
    "path": "/home/me/config.json",
    "proxy": "proxy.example:3128",
    "remote": "socks5h",
    "reply": "host unreachable",
    "scheme": "socks5",
    "escapes": "# as %23",
    "position": 4,
    "problem": "/home/me/config.json is not valid JSON",
    "quoted": "/home/me/config.json",
    "reason": "no cipher in common",
    "region": "international",
    "regions": "international or china",
    "searched": "/home/me/config.json",
    "seconds": 2.5,
    "setting": "max_age",
    "status": 503,
    "variable": "HTTPS_PROXY",
    "version": "0.1.0",
    "what": "it is a website, not the API",
}
NETWORK = {
    Kind.OFFLINE, Kind.TIMEOUT, Kind.TLS, Kind.PROXY, Kind.REDIRECTED, Kind.BAD_RESPONSE,
}  # fmt: skip


def test_each_kind_has_a_short_label_a_command_and_a_sensible_backoff() -> None:
    for kind in Kind:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.value), kind
        assert re.fullmatch(r"\w+( \w+)?", kind.label), kind
        assert re.fullmatch(r"moonshot-status( [a-z-]+)+", kind.command), kind
        assert kind.next_step == f"Next: {kind.command}"
        assert bool(kind.first_backoff) == bool(kind.max_backoff), kind
        longest = 24 * 3600 if kind is Kind.UNAUTHORIZED else 3600
        assert 0 <= kind.first_backoff <= kind.max_backoff <= longest, kind
        assert kind.growth == (6 if kind is Kind.UNAUTHORIZED else 2), kind
        assert isinstance(kind.is_network, bool), kind
    assert len({kind.label for kind in Kind}) == len(Kind)


def test_the_network_kinds_are_those_without_a_response_of_the_api() -> None:
    assert {kind for kind in Kind if kind.is_network} == NETWORK
    assert all(kind.first_backoff for kind in NETWORK)


def test_each_kind_has_a_cause() -> None:
    assert {cause.kind for cause in causes.BY_NAME.values()} == set(Kind)


def test_each_cause_has_a_name_of_its_own() -> None:
    assert len(causes.NAMES) == len(causes.BY_NAME) > 40
    for name, cause in causes.BY_NAME.items():
        assert causes.NAMES[cause] == name
        assert getattr(causes, name) is cause


def test_the_sentences_of_each_cause_are_as_reviewed() -> None:
    lines = []
    for name, cause in causes.BY_NAME.items():
        problem = Problem(cause, tuple(FACTS.items()))
        problem.check()
        lines += [f"{name} ({cause.kind.value})", problem.message, problem.hint, ""]
    text = "\n".join(lines)
    if WRITE:
        SENTENCES.write_text(text, encoding="utf-8")
    assert text == SENTENCES.read_text(encoding="utf-8")


def test_each_problem_is_raised_with_the_facts_of_its_sentences() -> None:
    checked: set[str] = set()
    for names, facts in calls_with_a_cause():
        for name in names:
            assert facts == fields(causes.BY_NAME[name]) - {"key"}, name
            checked.add(name)
    for cause, known in tls.CERTIFICATES.values():
        assert {"host", *known} == fields(cause), cause
        checked.add(causes.NAMES[cause])
    returned = {"RATE_LIMITED", "OVERLOADED", "LIMITED_IN_BETWEEN"}
    assert set(causes.BY_NAME) - checked == returned
    assert not set().union(*(fields(causes.BY_NAME[name]) for name in returned))


def fields(cause: Cause) -> set[str]:
    """Return the names of the facts in the sentences."""
    parsed = Formatter().parse(cause.message + cause.hint + cause.next_step)
    return {field for _, field, _, _ in parsed if field}


def calls_with_a_cause() -> Iterator[tuple[list[str], set[str]]]:
    """Yield the causes and the facts of each call in the package that makes a problem."""
    for path in Path(moonshot_status.__file__).parent.rglob("*.py"):
        module = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(module):
            if isinstance(function, ast.FunctionDef):
                yield from calls_in(function, module)


def calls_in(function: ast.FunctionDef, module: ast.Module) -> Iterator[tuple[list[str], set[str]]]:
    """Yield those of one function; where a variable has the cause, all causes that it may have."""
    used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    tables = [
        statement
        for statement in module.body
        if isinstance(statement, ast.Assign) and used & {ast.unparse(t) for t in statement.targets}
    ]
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and node.args and not isinstance(node.args[0], ast.Call):
            where: list[ast.AST] = [node.args[0]]
            if ast.unparse(node.args[0]) == "cause":
                where = [function, *tables]
            given = {str(keyword.arg) for keyword in node.keywords}
            if names := [name for part in where for name in causes_in(part)]:
                yield names, given - {"retry_after"}


def causes_in(tree: ast.AST) -> Iterator[str]:
    """Yield the names of the causes in this part of a module."""
    for node in ast.walk(tree):
        is_cause = isinstance(node, ast.Attribute) and ast.unparse(node.value) == "causes"
        if is_cause and node.attr in causes.BY_NAME:
            yield node.attr


def test_a_generic_cause_has_the_label_as_its_sentence() -> None:
    problem = Problem(generic_cause(Kind.TLS))
    assert (problem.kind, problem.message, problem.hint) == (Kind.TLS, "TLS failed", "")
    assert Problem(generic_cause(Kind.NO_KEY)).message == "No key"


def test_a_problem_names_its_origin_and_a_second_problem() -> None:
    other = ProblemError(Cause(Kind.STORE, "{path} is full", "Empty it."), path="/disk").problem
    problem = Problem(Cause(Kind.BAD_KEY, "A bad key", "Fix it."), origin="api_key", also=other)
    assert problem.message == "api_key: A bad key"
    assert problem.hint == "Fix it. /disk is full. Empty it."
    assert Problem(Cause(Kind.BAD_KEY, "A bad key"), also=other).hint == "/disk is full. Empty it."
    third = ProblemError(Cause(Kind.CONFIG, "{what} is ignored", "Why."), what="X").problem
    assert problem.followed_by(third).hint == "Fix it. /disk is full. Empty it. X is ignored. Why."


def test_the_next_step_is_that_of_the_kind_or_of_the_cause() -> None:
    assert Problem(Cause(Kind.NO_KEY, "No key")).next_step == Kind.NO_KEY.next_step
    cause = Cause(Kind.NO_KEY, "No key", next_step="do {what}\nnow")
    assert ProblemError(cause, what="this").problem.next_step == "Next: do this now"
    with pytest.raises(ValueError, match="facts"):
        Problem(cause).check()


def test_the_next_step_for_a_wrong_key_is_that_of_its_place() -> None:
    place = KeyPlace("the key in X", "correct X")
    for kind in Kind:
        problem = Problem(Cause(kind, "Wrong", "Check {key}."), key_place=place)
        is_of_key = kind.command == "moonshot-status config set-key"
        assert problem.next_step == ("Next: correct X" if is_of_key else kind.next_step)
        assert problem.hint == "Check the key in X."
    assert Problem(Cause(Kind.CONFIG, "Wrong", "Check {key}.")).hint == "Check the key."


@pytest.mark.parametrize(
    ("facts", "origin", "place"),
    [
        ({"path": "/a", "origin": "X"}, "api_key in /b", "api_key in /b"),
        ({"path": "/a", "origin": "X"}, "", "X"),
        ({"path": "/a"}, "", "/a"),
        ({}, "", "the settings"),
    ],
)
def test_a_problem_has_a_place(facts: dict[str, str], origin: str, place: str) -> None:
    problem = Problem(Cause(Kind.CONFIG, "Wrong"), tuple(facts.items()), origin=origin)
    assert problem.place == place


def test_sentences_are_one_line_of_limited_length() -> None:
    problem = ProblemError(Cause(Kind.STORE, "{error}", "{error}"), error="a\nb " * 500).problem
    assert problem.message.startswith("a b a b")
    assert (len(problem.message), len(problem.hint)) == (240, 400)


@pytest.mark.parametrize("facts", [(), (("host", "x"),), (("host", "x"), ("seconds", "x"))])
def test_facts_that_do_not_fit_the_cause_are_an_error(
    facts: tuple[tuple[str, str], ...],
) -> None:
    with pytest.raises(ValueError, match=r"facts do not fit|format code"):
        Problem(causes.NO_RESPONSE, facts).check()
