"""Add the module to Waybar's files, recognize it, and remove it byte for byte."""

from __future__ import annotations

import itertools
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


def write_files(folder: Path, files: Files) -> None:
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
    """Return the bars as Waybar sees them: an included value counts if the bar has none."""
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
    write_files(folder, CONFIGURATIONS[name])
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


# By default every configuration and every edit is tested in some pairs, and all pairs are slow.
FEW_PAIRS = set(zip(CONFIGURATIONS, itertools.cycle(EDITS), strict=False))


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        pytest.param(*pair, marks=[] if pair in FEW_PAIRS else pytest.mark.slow)
        for pair in itertools.product(CONFIGURATIONS, EDITS)
    ],
)
def test_the_users_edits_survive_the_removal(folder: Path, name: str, edit: str) -> None:
    """What is left is the user's version without what setup added, except for blanks and commas."""
    files = CONFIGURATIONS[name]
    write_files(folder, files)
    add()
    for path in files:
        text = (folder / path).read_bytes().decode()
        (folder / path).write_bytes(EDITS[edit](text).encode())
    theirs = tree(folder)
    remove()
    for path in files:
        if not path.endswith(".css"):
            assert bare((folder / path).read_text(encoding="utf-8")) == bare(theirs[path].decode())
            jsonc.parse((folder / path).read_bytes().decode())
    assert NAME not in "".join((folder / path).read_text(encoding="utf-8") for path in files)
    assert not (folder / "moonshot.jsonc").exists()


def bare(text: str) -> str:
    """Return the text without blanks, commas, and everything that setup writes."""
    text = re.sub(r'"include"\s*:\s*"~/.config/waybar/moonshot.jsonc"', "", text)
    text = re.sub(
        r'"modules-right"\s*:\s*\[/\* added by moonshot-status \*/ "custom/moonshot"\]', "", text
    )
    text = re.sub(r'\["([^"]+)", "~/.config/waybar/moonshot.jsonc"\]', r'"\1"', text)
    text = text.replace('"~/.config/waybar/moonshot.jsonc"', "").replace(f'"{NAME}"', "")
    return re.sub(r"/\* added by moonshot-status \*/|[\s,\ufeff]", "", text)


def test_the_users_edits_are_restored_exactly(folder: Path) -> None:
    write_files(folder, CONFIGURATIONS["comments everywhere"])
    add()
    config, style = folder / "config", folder / "style.css"
    changed = config.read_text(encoding="utf-8").replace(
        '"height": 34, /* px */', '"height":   20,'
    )
    changed = changed.replace('        "battery",\n', '        "bluetooth",\n        "battery",\n')
    config.write_text(changed + "// bye", encoding="utf-8")
    style.write_text(style.read_text(encoding="utf-8") + "b {}")
    remove()
    ours = ['        "custom/moonshot",\n', '    "include": "~/.config/waybar/moonshot.jsonc",\n']
    for line in ours:
        assert changed.count(line) == 1
        changed = changed.replace(line, "")
    assert config.read_text(encoding="utf-8") == changed + "// bye"
    assert (
        style.read_text(encoding="utf-8")
        == CONFIGURATIONS["comments everywhere"]["style.css"] + "b {}"
    )


@pytest.mark.parametrize("target", ["modules-left", "group"])
def test_a_module_that_was_moved_is_found(folder: Path, target: str) -> None:
    write_files(folder, CONFIGURATIONS["groups and tabs"])
    before = (folder / "config").read_bytes()
    add()
    config = folder / "config"
    text = config.read_text(encoding="utf-8").replace(f'"{NAME}", ', "")
    place = '[ "cpu"' if target == "group" else '["group/hardware"'
    config.write_text(text.replace(place, f'{place}, "{NAME}"'), encoding="utf-8")
    assert plan.to_add(bars.load("waybar")).is_empty
    remove()
    assert config.read_bytes() == before


def test_a_definition_of_the_users_is_left_alone(folder: Path) -> None:
    mine = f'{{"modules-right": ["{NAME}"], "{NAME}": {{"exec": "true"}}}}'
    write_files(folder, {"config": mine, "style.css": ""})
    add()
    assert (folder / "config").read_text(encoding="utf-8") == mine


def test_without_any_file_the_systems_files_are_copied_and_later_deleted(
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
    """A folder of the test in place of the system's configuration files."""
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "config").write_text('{"modules-right": ["clock"]}', encoding="utf-8")
    (folder / "style.css").write_text("* {}\n", encoding="utf-8")
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
    write_files(folder, {"config": '{"modules-right": ["clock"]}', "style.css": "* {}\n"})
    before = tree(folder)
    add()
    remove()
    assert tree(folder) == before


def test_an_edited_copy_stays(folder: Path, system: Path) -> None:
    add()
    config = folder / "config"
    config.write_text(config.read_text(encoding="utf-8").replace('"clock"', '"clock", "cpu"'))
    remove()
    assert tree(folder) == {"config": b'{"modules-right": ["clock", "cpu"]}'}


def test_without_any_configuration_nothing_is_done(folder: Path, system: Path) -> None:
    (system / "config").unlink()
    with pytest.raises(SetupError, match="Waybar has no configuration"):
        add()
    assert tree(folder) == {}


def test_a_missing_style_sheet_is_created_and_deleted(folder: Path, system: Path) -> None:
    (system / "style.css").unlink()
    add()
    assert (folder / "style.css").read_text(encoding="utf-8") == '@import "moonshot.css";\n'
    remove()
    assert tree(folder) == {}


def test_symlinks_are_preserved(folder: Path, home: Path) -> None:
    dotfiles = home / "dotfiles"
    dotfiles.mkdir()
    write_files(dotfiles, CONFIGURATIONS["minified"])
    (folder / "config").symlink_to(dotfiles / "config")
    (folder / "style.css").symlink_to("../../dotfiles/style.css")
    (dotfiles / "config").chmod(0o640)
    before = tree(dotfiles)
    add()
    assert (folder / "config").is_symlink()
    assert NAME in (dotfiles / "config").read_text(encoding="utf-8")
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
def test_an_unusable_file_is_not_changed(folder: Path, name: str) -> None:
    text, reason = BROKEN[name]
    write_files(folder, {"config": text, "style.css": ""})
    with pytest.raises(SetupError, match=re.escape(reason)):
        add()
    assert tree(folder) == {"config": text.encode(), "style.css": b""}


@pytest.mark.parametrize(
    "include", ["null", "7", '[7, "missing.jsonc", "\'"]', '"~/x y"', r'"~\u0000/a"']
)
def test_an_include_that_includes_nothing_is_ignored(folder: Path, include: str) -> None:
    write_files(folder, {"config": f'{{"include": {include}}}', "style.css": ""})
    add()
    assert plan.to_add(bars.load("waybar")).is_empty
    assert "moonshot.jsonc" in (folder / "config").read_text(encoding="utf-8")
    remove()
    assert "moonshot.jsonc" not in (folder / "config").read_text(encoding="utf-8")


def test_text_after_the_configuration_is_ignored(folder: Path) -> None:
    """Waybar reads no further than the last bracket."""
    write_files(folder, {"config": "{} }\n", "style.css": ""})
    add()
    assert len(shown_bars(folder)) == 1
    remove()
    assert (folder / "config").read_text(encoding="utf-8") == "{} }\n"


def test_a_read_only_file_stops_everything(folder: Path) -> None:
    write_files(folder, CONFIGURATIONS["minified"])
    (folder / "style.css").chmod(0o444)
    before = tree(folder)
    with pytest.raises(SetupError, match=r"style\.css is read-only: nothing is changed"):
        add()
    assert tree(folder) == before


def test_another_folder_is_used_in_the_include(
    home: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    other = home.parent / "other place"
    (other / "waybar").mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(other))
    write_files(other / "waybar", CONFIGURATIONS["minified"])
    before = tree(other)
    add()
    config = json.loads((other / "waybar" / "config").read_text(encoding="utf-8"))
    assert config["include"] == f"'{other}/waybar/moonshot.jsonc'"
    assert plan.to_add(bars.load("waybar")).is_empty
    remove()
    assert tree(other) == before
