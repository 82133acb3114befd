"""The module in Waybar's files: put in, found again, and taken out byte for byte."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.configurations import CONFIGURATIONS, Files

from moonshot_status.config import jsonc
from moonshot_status.setup import SetupError, bars, plan
from moonshot_status.setup.plan import Plan

NAME = "custom/moonshot"
LISTS = ("modules-left", "modules-center", "modules-right")


@pytest.fixture
def folder(home: Path) -> Path:
    (home / ".config" / "waybar").mkdir(parents=True)
    (home / ".local" / "bin").mkdir(parents=True)
    program = home / ".local" / "bin" / "moonshot-status"
    program.touch(0o755)
    return home / ".config" / "waybar"


def written(folder: Path, files: Files) -> None:
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def add() -> Plan:
    found = plan.to_add(bars.load("waybar"))
    found.carry_out()
    return found


def remove() -> Plan:
    found = plan.to_remove(bars.load("waybar"))
    found.carry_out()
    return found


def shown_bars(folder: Path) -> list[dict[str, object]]:
    """The bars as Waybar sees them: what is included fills in what is not there."""
    config = folder / ("config" if (folder / "config").exists() else "config.jsonc")

    def read(path: Path) -> list[dict[str, object]]:
        value = jsonc.parse(path.read_bytes().decode(), whole=False).value
        for bar in value if isinstance(value, list) else [value]:
            includes = bar.get("include", [])
            for word in [includes] if isinstance(includes, str) else includes:
                name = os.path.expandvars(os.path.expanduser(word))
                included = folder / name
                if included != path and included.exists():
                    for key, item in read(included)[0].items():
                        bar.setdefault(key, item)
        return value if isinstance(value, list) else [value]

    return read(config)


def is_subsequence(short: bytes, long: bytes) -> bool:
    rest = iter(long)
    return all(byte in rest for byte in short)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_bar_has_the_module_and_everything_else_is_untouched(folder: Path, name: str) -> None:
    written(folder, CONFIGURATIONS[name])
    before = tree(folder)
    add()
    for bar in shown_bars(folder):
        assert sum(list(bar.get(key, [])).count(NAME) for key in LISTS) == 1  # type: ignore[call-overload]
        assert isinstance(bar[NAME], dict)
    for path, content in before.items():
        assert is_subsequence(content, (folder / path).read_bytes())
    assert b'@import "moonshot.css";' in (folder / "style.css").read_bytes()
    after = tree(folder)
    assert plan.to_add(bars.load("waybar")).is_empty
    assert add().changes == ()
    assert tree(folder) == after
    remove()
    assert tree(folder) == before
    assert plan.to_remove(bars.load("waybar")).is_empty


Edit = Callable[[str], str]
EDITS: dict[str, Edit] = {
    "comments behind": lambda text: f"{text}\n/* new */\n",
    "another order of the first two": lambda text: re.sub(
        r'"custom/moonshot"(,\s*)("[^"]+")', r'\2\1"custom/moonshot"', text
    ),
    "one more before ours": lambda text: text.replace(f'"{NAME}"', f'"new", "{NAME}"'),
    "one more behind ours": lambda text: text.replace(f'"{NAME}"', f'"{NAME}", "new"'),
    "another height": lambda text: text.replace("height", "width"),
    "line ends of another system": lambda text: text.replace("\r\n", "\n").replace("\n", "\r\n"),
    "tabs for blanks": lambda text: text.replace("    ", "\t"),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_what_the_user_changes_in_between_is_what_stays(folder: Path, name: str, edit: str) -> None:
    """Every sign but blanks and commas is the user's version without ours."""
    files = CONFIGURATIONS[name]
    written(folder, files)
    add()
    for path in files:
        text = (folder / path).read_bytes().decode()
        (folder / path).write_bytes(EDITS[edit](text).encode())
    theirs = tree(folder)
    remove()
    for path in files:
        if not path.endswith(".css"):
            assert bare((folder / path).read_text()) == bare(theirs[path].decode())
            jsonc.parse((folder / path).read_bytes().decode())
    assert NAME not in "".join((folder / path).read_text() for path in files)
    assert not (folder / "moonshot.jsonc").exists()


def bare(text: str) -> str:
    """The text without blanks, without commas, and without what setup writes."""
    text = re.sub(r'"include"\s*:\s*"~/.config/waybar/moonshot.jsonc"', "", text)
    text = re.sub(
        r'"modules-right"\s*:\s*\[/\* added by moonshot-status \*/ "custom/moonshot"\]', "", text
    )
    text = re.sub(r'\["([^"]+)", "~/.config/waybar/moonshot.jsonc"\]', r'"\1"', text)
    text = text.replace('"~/.config/waybar/moonshot.jsonc"', "").replace(f'"{NAME}"', "")
    return re.sub(r"/\* added by moonshot-status \*/|[\s,\ufeff]", "", text)


def test_the_edits_in_between_come_back_exactly(folder: Path) -> None:
    written(folder, CONFIGURATIONS["comments everywhere"])
    add()
    config, style = folder / "config", folder / "style.css"
    changed = config.read_text().replace('"height": 34, /* px */', '"height":   20,')
    changed = changed.replace('        "battery",\n', '        "bluetooth",\n        "battery",\n')
    config.write_text(changed + "// bye")
    style.write_text(style.read_text() + "b {}")
    remove()
    ours = ['        "custom/moonshot",\n', '    "include": "~/.config/waybar/moonshot.jsonc",\n']
    for line in ours:
        assert changed.count(line) == 1
        changed = changed.replace(line, "")
    assert config.read_text() == changed + "// bye"
    assert style.read_text() == CONFIGURATIONS["comments everywhere"]["style.css"] + "b {}"


@pytest.mark.parametrize("target", ["modules-left", "group"])
def test_a_module_that_was_moved_is_found(folder: Path, target: str) -> None:
    written(folder, CONFIGURATIONS["groups and tabs"])
    before = (folder / "config").read_bytes()
    add()
    config = folder / "config"
    text = config.read_text().replace(f'"{NAME}", ', "")
    place = '[ "cpu"' if target == "group" else '["group/hardware"'
    config.write_text(text.replace(place, f'{place}, "{NAME}"'))
    assert plan.to_add(bars.load("waybar")).is_empty
    remove()
    assert config.read_bytes() == before


def test_an_own_definition_is_left_alone(folder: Path) -> None:
    mine = f'{{"modules-right": ["{NAME}"], "{NAME}": {{"exec": "true"}}}}'
    written(folder, {"config": mine, "style.css": ""})
    add()
    assert (folder / "config").read_text() == mine


def test_without_any_file_the_systems_are_copied_and_removed_again(
    home: Path, system: Path
) -> None:
    before = tree(home)
    add()
    folder = home / ".config" / "waybar"
    assert len(shown_bars(folder)) == 1
    remove()
    assert tree(home) == before
    assert not (home / ".config").exists()


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bar whose files of the system are in a folder of the test."""
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "config").write_text('{"modules-right": ["clock"]}')
    (folder / "style.css").write_text("* {}\n")
    load = bars.load

    def moved(name: str) -> bars.Bar:
        bar = load(name)
        for step in bar.steps:
            if "system" in step:
                step["system"] = [str(folder / Path(word).name) for word in step["system"]]
        return bar

    monkeypatch.setattr(bars, "load", moved)
    return folder


def test_a_copy_of_the_systems_file_that_was_there_before_stays(folder: Path, system: Path) -> None:
    written(folder, {"config": '{"modules-right": ["clock"]}', "style.css": "* {}\n"})
    before = tree(folder)
    add()
    remove()
    assert tree(folder) == before


def test_a_copy_that_was_changed_stays(folder: Path, system: Path) -> None:
    add()
    config = folder / "config"
    config.write_text(config.read_text().replace('"clock"', '"clock", "cpu"'))
    remove()
    assert tree(folder) == {"config": b'{"modules-right": ["clock", "cpu"]}'}


def test_without_any_configuration_nothing_is_done(folder: Path, system: Path) -> None:
    (system / "config").unlink()
    with pytest.raises(SetupError, match="Waybar has no configuration"):
        add()
    assert tree(folder) == {}


def test_a_style_sheet_that_is_nowhere_is_made_and_removed(folder: Path, system: Path) -> None:
    (system / "style.css").unlink()
    add()
    assert (folder / "style.css").read_text() == '@import "moonshot.css";\n'
    remove()
    assert tree(folder) == {}


def test_a_link_stays_a_link(folder: Path, home: Path) -> None:
    dotfiles = home / "dotfiles"
    dotfiles.mkdir()
    written(dotfiles, CONFIGURATIONS["minified"])
    (folder / "config").symlink_to(dotfiles / "config")
    (folder / "style.css").symlink_to("../../dotfiles/style.css")
    (dotfiles / "config").chmod(0o640)
    before = tree(dotfiles)
    add()
    assert (folder / "config").is_symlink()
    assert NAME in (dotfiles / "config").read_text()
    assert (dotfiles / "config").stat().st_mode & 0o777 == 0o640
    assert sorted(tree(dotfiles)) == sorted(before)
    remove()
    assert tree(dotfiles) == before
    assert (folder / "style.css").is_symlink()
    assert sorted(path.name for path in folder.iterdir()) == ["config", "style.css"]


BROKEN = {
    "no JSONC": ('{"a": }', "line 1, column 7: a value is missing"),
    "no bar": ("[]", "has no bar in it"),
    "no object": ('"a"', "has no bar in it"),
    "no list": ('{"modules-right": "clock"}', "modules-right is no list"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_waybar_cannot_use_is_not_touched(folder: Path, name: str) -> None:
    text, reason = BROKEN[name]
    written(folder, {"config": text, "style.css": ""})
    with pytest.raises(SetupError, match=re.escape(reason)):
        add()
    assert tree(folder) == {"config": text.encode(), "style.css": b""}


@pytest.mark.parametrize("include", ["null", "7", '[7, "missing.jsonc", "\'"]', '"~/x y"'])
def test_an_include_that_includes_nothing_is_no_hindrance(folder: Path, include: str) -> None:
    written(folder, {"config": f'{{"include": {include}}}', "style.css": ""})
    add()
    assert plan.to_add(bars.load("waybar")).is_empty
    assert "moonshot.jsonc" in (folder / "config").read_text()
    remove()
    assert "moonshot.jsonc" not in (folder / "config").read_text()


def test_what_stands_behind_the_configuration_is_left_alone(folder: Path) -> None:
    """Waybar reads no further than the last bracket."""
    written(folder, {"config": "{} }\n", "style.css": ""})
    add()
    assert len(shown_bars(folder)) == 1
    remove()
    assert (folder / "config").read_text() == "{} }\n"


def test_a_read_only_file_stops_everything(folder: Path) -> None:
    written(folder, CONFIGURATIONS["minified"])
    (folder / "style.css").chmod(0o444)
    before = tree(folder)
    with pytest.raises(SetupError, match=r"style\.css is read-only: nothing is changed"):
        add()
    assert tree(folder) == before


def test_other_folders_are_named_in_the_file(
    home: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    other = home.parent / "other place"
    (other / "waybar").mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(other))
    written(other / "waybar", CONFIGURATIONS["minified"])
    before = tree(other)
    add()
    config = json.loads((other / "waybar" / "config").read_text())
    assert config["include"] == f"'{other}/waybar/moonshot.jsonc'"
    assert plan.to_add(bars.load("waybar")).is_empty
    remove()
    assert tree(other) == before
