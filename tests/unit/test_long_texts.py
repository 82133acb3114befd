"""No reader of files takes time that grows faster than the text, whatever is repeated in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from kit import growth

from moonshot_status.config import edit, jsonc, jsonc_edit
from moonshot_status.config.jsonc import JsoncError, Node
from moonshot_status.core import strict_json, text
from moonshot_status.core.errors import ProblemError
from moonshot_status.display import template
from moonshot_status.doctor import bars, i3blocks, waybar
from moonshot_status.setup import SetupError, paths, steps

_REFUSED = (JsoncError, ProblemError, SetupError, ValueError)
_PIECES = (
    "\n", "\r\n", " ", "/* ", "/**/", "//", "//\n", '"', '\\"', "\\", "\\\n", "{", "[", '{"a":',
    "]", "'", "a", "\ufeff", ",", '"a":1,', '"a",', "a=\n", "[a]\n", "$BLOCK_NAME",
    "moonshot-status",
    "# moonshot-status: begin\n",
    "# moonshot-status: end\n",
)  # fmt: skip


def _edits(written: str) -> None:
    root = jsonc.parse(written)
    for change in (jsonc_edit.insert_first, jsonc_edit.insert_last):
        change(written, root, '"z": 1')
    jsonc_edit.set_member(written, root, "z", "1")
    jsonc_edit.remove(written, root, len(root.children) - 1)


def _blocks(written: str) -> None:
    for block in i3blocks._blocks(written):
        i3blocks._is_ours(block)


_READERS: dict[str, Callable[[str], object]] = {
    "JSONC": lambda written: jsonc.parse(written, whole=False),
    "edits": lambda written: _edits(f'{{\n/* c */{written}"b": 1}}'),
    "JSON": lambda written: strict_json.loads(written.encode()),
    "i3blocks": lambda written: _blocks(f"command=x\n[a]\n{written}"),
    "one block": lambda written: _blocks(f"[{written}]\ncommand={written}"),
    "a script": lambda written: list(bars.text_findings("xbar", f"x {written}", "xbar")),
    "an include": paths.shell_words,
    "a line": lambda written: steps.without_line(steps.with_first_line(written, "#!a"), "#!a"),
    "a block": lambda written: steps.without_block(Path("a"), written, "a\n", "# "),
    "a template": template.template_error,
    "blanks": text.around,
    "one line": lambda written: text.one_line(written, len(written)),
}


@pytest.mark.parametrize("reader", _READERS)
def test_time_grows_with_the_length(reader: str) -> None:
    def read(written: str) -> None:
        with suppress(*_REFUSED):
            _READERS[reader](written)

    found = [
        piece
        for piece in _PIECES
        if growth.is_superlinear(read, lambda length, piece=piece: piece * (length // len(piece)))  # type: ignore[misc]
    ]
    assert found == []


def test_blocks_share_what_is_common_to_them() -> None:
    def written(length: int) -> str:
        common = "".join(f"a{number}=\n" for number in range(length // 16))
        return common + "[a]\n" * (length // 8)

    assert not growth.is_superlinear(i3blocks._blocks, written)


def test_a_line_that_is_too_long_is_no_block() -> None:
    name, command = "a" * growth.LENGTH, "$BLOCK_NAME" * growth.LENGTH
    assert i3blocks._blocks(f"[{name}]\n[b]\ncommand={command}\n") == [{"": "b"}]


def test_an_item_is_inserted_before_many_on_one_line() -> None:
    parsed: dict[str, Node] = {}

    def written(length: int) -> str:
        # Four bytes for each character make the copies longer that it should not make.
        array = f"[\n/* \U0001f319 */{'1,' * (length // 2)}1]"
        parsed[array] = jsonc.parse(array)
        return array

    def insert(array: str) -> None:
        jsonc_edit.insert_first(array, parsed[array], "2")

    assert not growth.is_superlinear(insert, written)


def test_each_included_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config"
    file.write_text(json.dumps({"include": ["config", "other"] * 50}))
    (tmp_path / "other").write_text(
        json.dumps({"include": ["config", "other"], "modules-left": ["a"]})
    )
    read: list[Path] = []
    monkeypatch.setattr(bars, "read_text", lambda path: read.append(path) or path.read_text())
    config = waybar._Config()
    waybar._collect_file(file, tmp_path, config)
    assert read == [file, tmp_path / "other"]
    assert config.listed == {"a"}


@pytest.mark.parametrize("depth", [10, 300, 950, 100_000])
def test_a_value_is_parsed_however_deep_it_is(depth: int) -> None:
    setting = edit.BY_NAME["api_key_command"]
    target = edit.find("api_key_command")
    assert target
    value = edit.parse_value(setting, "[" * depth + "]" * depth)
    assert edit.apply("{}", target, value).startswith('{"api_key_command": ')


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_what_is_nested_too_deeply_is_refused(opening: str) -> None:
    with pytest.raises(JsoncError, match="nested too deeply"):
        jsonc.parse(opening * growth.LENGTH)
    with pytest.raises(ValueError, match="nested too deeply"):
        strict_json.loads(opening.encode() * growth.LENGTH)
