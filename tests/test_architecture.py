"""Imports point one way, and only where the plan of the house has a door."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import moonshot_status

PACKAGE = Path(moonshot_status.__file__).parent
# Each layer may import what stands before it.
LAYERS = [
    {
        "__init__", "text", "folders", "errors", "strictjson", "jsonc", "schemas", "signals",
        "interrupt", "grouped", "fields",
    },
    {"debug", "account", "lock", "privacy"},
    {"money", "waiting", "endpoint", "key", "ownfile", "notice"},
    {"codexbar", "answer", "proxy", "stored", "ledger", "timeline"},
    {"api", "sources", "spending", "tables", "vouchers"},
    {"bookkeeping", "notices"},
    {"store", "runway"},
    {"status", "settings"},
    {"forecast", "wording", "mistakes"},
    {"outlook", "edit", "completion"},
    {"view"},
    {"together"},
    {"formats", "history", "demo", "notifier", "enough"},
    {"facts"},
    {"announcement"},
    {"poll"},
    {"inputs"},
    {"output", "parameters", "early", "choices", "failures", "doctor"},
    {"setup"},
    {"answering"},
    {"watching"},
    {"commands"},
    {"cli"},
    {"__main__"},
]  # fmt: skip
HEAVY = {
    "urllib3": {"api"},
    "jsonschema": {"schemas"},
    "http.server": {"demo"},
    "sqlite3": {"store", "tables", "bookkeeping", "notices", "stored", "doctor"},
    "matplotlib": {"history"},
}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "moonshot_status":
            found |= {f"moonshot_status.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_is_below_it(path: Path) -> None:
    level = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    name = module_name(path)
    for imported in imports(path):
        target = imported.removeprefix("moonshot_status.").split(".")[0]
        if imported.startswith("moonshot_status.") and target in level and target != name:
            assert level[target] < level[name], f"{name} imports {target}"


@pytest.mark.parametrize("package", HEAVY)
def test_a_heavy_package_has_few_importers(package: str) -> None:
    importers = {
        module_name(path)
        for path in FILES
        for name in imports(path)
        if f"{name}.".startswith(f"{package}.")
    }
    assert importers == HEAVY[package]


def test_a_format_knows_the_view_and_nothing_that_acts() -> None:
    for path in (PACKAGE / "formats").glob("*.py"):
        ours = {name for name in imports(path) if name.startswith("moonshot_status")}
        ours = {name for name in ours if not name.startswith("moonshot_status.formats._")}
        assert ours <= {
            "moonshot_status.account", "moonshot_status.view", "moonshot_status.wording",
            "moonshot_status.strictjson", "moonshot_status.formats", "moonshot_status.errors",
            "moonshot_status.forecast", "moonshot_status.text",
        }  # fmt: skip
