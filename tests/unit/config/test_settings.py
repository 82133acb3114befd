"""The table of settings, and what is published of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kit.support import REPOSITORY

from moonshot_status import schemas
from moonshot_status.config.settings import BY_NAME, SETTINGS, Settings, independent
from moonshot_status.core.account import Account

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def published(name: str) -> Any:
    """The schema of a setting in ``config.schema.json``, its references followed."""
    definitions = schemas.load("config")["$defs"]
    node: Any = definitions["account"]
    for part in name.split("."):
        node = node["properties"][part]
        node = definitions[node["$ref"].rpartition("/")[2]] if "$ref" in node else node
    return node


@pytest.mark.parametrize("name", BY_NAME)
def test_the_published_schema_is_that_of_the_table(name: str) -> None:
    assert published(name) == json.loads(json.dumps(BY_NAME[name].schema))


def test_the_published_schema_has_no_other_settings() -> None:
    schema = schemas.load("config")
    groups = {name.partition(".")[0] for name in BY_NAME}
    assert set(schema["$defs"]["account"]["properties"]) == groups
    assert set(schema["properties"]) - {"$schema", "accounts"} == groups


def test_the_readme_has_a_row_for_each_setting() -> None:
    lines = README.partition("\n| setting |")[2].partition("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    found = {row[2].split("`")[1]: row for row in rows if row[2].startswith("`")}
    assert set(found) == set(BY_NAME)
    for setting in SETTINGS:
        meaning, flag, _, variables, default = found[setting.name]
        assert (meaning, default) == (setting.meaning, setting.default_words)
        assert flag == (f"`{setting.flag}`" if setting.flag else "–")
        assert variables == (", ".join(f"`{name}`" for name in setting.variables) or "–")


def test_settings_without_a_file_have_their_defaults() -> None:
    values = Settings(Account("default")).values
    assert values == {setting.name: setting.default for setting in independent()}
    assert "region" not in values
