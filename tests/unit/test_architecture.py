"""Imports point one way: one rule for each package, and few importers of heavy libraries."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import moonshot_status

PACKAGE = Path(moonshot_status.__file__).parent
ROOT = PACKAGE.name
# What each package or module at the top may import from the others, lazy imports included.
RULES = {
    "core": set(),
    "schemas": {"core"},
    "api": {"core", "schemas"},
    "config": {"core", "schemas", "api"},
    "spending": {"core"},
    "store": {"core", "spending", "api"},
    "display": {"core", "config", "spending"},
    "formats": {"core", "spending", "display"},
    "notify": {"core", "config", "store", "display", "formats"},
    "polling": {
        "core", "api", "config", "spending", "store", "display", "formats", "notify",
    },
    "reply_cache": {"core", "polling"},
    "history": {"core", "spending", "display"},
    "doctor": {"core", "api", "config", "schemas", "store", "polling"},
    "setup": {"core", "config", "store", "display", "polling"},
    "watch": {"core", "config", "store", "formats", "polling", "reply_cache"},
    "cli": {
        "core", "config", "spending", "store", "display", "formats", "polling", "reply_cache",
        "history", "doctor", "setup", "watch",
    },
    "__main__": {"cli", "polling", "reply_cache"},
}  # fmt: skip
# Packages whose functions neither read nor write anything.
PURE = {"spending", "display", "formats"}
ACTING = {"os", "socket", "subprocess", "sqlite3", "tempfile", "threading", "urllib3", "click"}
HEAVY = {
    "urllib3": {"api"},
    "socks": {"api"},
    "jsonschema": {"schemas"},
    "http.server": {"polling"},
    "sqlite3": {"store"},
    "logging": {"core", "cli"},
    "matplotlib": {"history"},
}
FILES = sorted(PACKAGE.rglob("*.py"))


def package_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> set[str]:
    """The full names of everything that the file imports when it runs."""
    found = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_every_package_has_a_rule() -> None:
    assert {package_of(path) for path in FILES} - {"__init__"} == set(RULES)


def test_the_rules_have_no_cycle() -> None:
    done: set[str] = set()
    while done != set(RULES):
        ready = {name for name, allowed in RULES.items() if allowed <= done}
        assert ready - done, f"a cycle among {sorted(set(RULES) - done)}"
        done |= ready


@pytest.mark.parametrize("package", RULES)
def test_a_package_imports_only_what_its_rule_allows(package: str) -> None:
    for path in FILES:
        if package_of(path) != package:
            continue
        ours = {name.split(".")[1] for name in imports(path) if name.startswith(f"{ROOT}.")}
        assert ours & set(RULES) <= RULES[package] | {package}, path


@pytest.mark.parametrize("package", sorted(PURE))
def test_a_pure_package_does_nothing(package: str) -> None:
    for path in FILES:
        if package_of(path) == package:
            assert not {name.split(".")[0] for name in imports(path)} & ACTING, path


@pytest.mark.parametrize("library", HEAVY)
def test_a_heavy_library_has_few_importers(library: str) -> None:
    importers = {
        package_of(path)
        for path in FILES
        for name in imports(path)
        if f"{name}.".startswith(f"{library}.")
    }
    assert importers <= HEAVY[library]
