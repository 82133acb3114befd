"""Every bar's data, and every bar from nothing to its files and back."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from kit.support import REPOSITORY

from moonshot_status import schemas
from moonshot_status.setup import SetupError, bars, path_link, plan
from moonshot_status.setup.bars import Bar

INTEGRATIONS = REPOSITORY / "integrations"
BARS = sorted(path.parent.name for path in INTEGRATIONS.glob("*/setup.json"))


def add(name: str) -> None:
    plan.to_add(bars.load(name)).carry_out()


def remove(name: str) -> None:
    plan.to_remove(bars.load(name)).carry_out()


def tree(folder: Path) -> dict[str, bytes | None]:
    """Files with their bytes, and folders, but not what the program keeps for itself."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if "state" not in path.parts
    }


@pytest.mark.parametrize("name", BARS)
def test_the_data_is_as_the_schema_says(name: str) -> None:
    data = json.loads((INTEGRATIONS / name / "setup.json").read_text(encoding="utf-8"))
    schema = schemas.load("integration")
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(data)
    for step in data["steps"]:
        if step["do"] == "copy":
            path = INTEGRATIONS / name / step["snippet"]
            assert os.access(path, os.X_OK) == step.get("executable", False)


def test_the_bars_that_are_known_are_those_with_data() -> None:
    assert {path.parent.name for path in INTEGRATIONS.glob("*/README.md")} >= set(BARS)
    assert {"i3blocks", "swiftbar", "waybar", "xbar"} <= set(BARS) == set(bars.names())


@pytest.mark.parametrize("name", BARS)
def test_a_bar_is_set_up_once_and_left_as_it_was(home: Path, name: str) -> None:
    (home / ".local").mkdir()
    bar = bars.load(name)
    for step in bar.steps:
        if step["do"] == "modules":  # The system may have no configuration to copy.
            bar.folder().mkdir(parents=True)
            bar.path(step["files"][0]).write_text("{}", encoding="utf-8")
    before = tree(home)
    add(name)
    after = tree(home)
    assert len(after) > len(before)
    assert plan.to_add(bars.load(name)).is_empty
    assert plan.to_add(bars.load(name)).changes == ()
    remove(name)
    assert tree(home) == before
    assert plan.to_remove(bars.load(name)).is_empty


@pytest.mark.parametrize("name", ["i3blocks", "xbar", "swiftbar"])
def test_a_script_can_be_run(home: Path, name: str) -> None:
    add(name)
    scripts = [
        path for path in home.rglob("moonshot*") if path.is_file() and path.stat().st_mode & 0o100
    ]
    assert scripts
    assert all(
        stat.S_IMODE(path.stat().st_mode) == 0o755 for path in scripts if not path.is_symlink()
    )


BLOCKS = {
    "usual": "command=/usr/share/i3blocks/$BLOCK_NAME\n\n[time]\ninterval=5\n",
    "without a last line end": "[time]\ninterval=5",
    "empty": "",
    "blank lines at its end": "[time]\n\n\n",
    "windows line ends": "[time]\r\ninterval=5\r\n",
    "no UTF-8": "[time]\nlabel=\udce9\n",
}


@pytest.fixture
def config(home: Path) -> Path:
    folder = home / ".config" / "i3blocks"
    folder.mkdir(parents=True)
    return folder / "config"


def write(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8", "surrogateescape"))


def read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_comes_and_goes(config: Path, name: str) -> None:
    write(config, BLOCKS[name])
    add("i3blocks")
    text = read(config)
    assert text.startswith(BLOCKS[name])
    assert "command=~/.config/i3blocks/moonshot" in text
    assert "\r\n" not in text or "\n" not in text.replace("\r\n", "")
    remove("i3blocks")
    assert read(config) == BLOCKS[name]


@pytest.mark.parametrize("name", BLOCKS)
def test_what_is_written_around_a_block_stays(config: Path, name: str) -> None:
    write(config, BLOCKS[name])
    add("i3blocks")
    write(config, f"# first\n{read(config)}[last]\n")
    remove("i3blocks")
    apart = "\n" if name == "without a last line end" else ""
    assert read(config) == f"# first\n{BLOCKS[name]}{apart}[last]\n"


def test_a_block_that_was_changed_is_left_alone_and_removed(config: Path) -> None:
    write(config, "[time]\n")
    add("i3blocks")
    write(config, read(config).replace("label=☾", "label=Kimi"))
    assert plan.to_add(bars.load("i3blocks")).is_empty
    remove("i3blocks")
    assert read(config) == "[time]\n"


def test_a_block_without_its_end_is_not_guessed(config: Path) -> None:
    write(config, "[time]\n")
    add("i3blocks")
    write(config, read(config).replace("# moonshot-status: end\n", ""))
    with pytest.raises(SetupError, match="has no line # moonshot-status: end"):
        remove("i3blocks")


def test_what_was_copied_by_hand_is_known(config: Path) -> None:
    snippet = (INTEGRATIONS / "i3blocks" / "moonshot.conf").read_text(encoding="utf-8")
    write(config, f"[time]\n{snippet}[last]\n")
    (config.parent / "moonshot").write_bytes((INTEGRATIONS / "i3blocks" / "moonshot").read_bytes())
    (config.parent / "moonshot").chmod(0o755)
    add("i3blocks")
    assert read(config) == f"[time]\n{snippet}[last]\n"
    remove("i3blocks")
    assert read(config) == "[time]\n[last]\n"


def test_the_older_place_of_a_configuration_is_known(home: Path) -> None:
    write(home / ".i3blocks.conf", "[time]\n")
    add("i3blocks")
    assert "[moonshot]" in read(home / ".i3blocks.conf")
    remove("i3blocks")
    assert read(home / ".i3blocks.conf") == "[time]\n"


def test_a_copied_file_is_brought_up_to_date_unless_it_was_changed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = home / "Library" / "Application Support" / "xbar" / "plugins" / "moonshot.1m.sh"
    add("xbar")
    monkeypatch.setattr(Bar, "snippet", lambda *_: "#!/bin/sh\n# newer\n")
    add("xbar")
    assert script.read_text(encoding="utf-8") == "#!/bin/sh\n# newer\n"
    script.write_text("mine", encoding="utf-8")
    found = plan.to_add(bars.load("xbar"))
    assert found.is_empty
    assert "stays as it is" in found.notes[0]
    found = plan.to_remove(bars.load("xbar"))
    found.carry_out()
    assert "stays: it is not what setup wrote" in found.notes[0]
    assert script.read_text(encoding="utf-8") == "mine"


def test_the_link_stays_as_long_as_a_bar_needs_it(home: Path) -> None:
    link = home / ".local" / "bin" / "moonshot-status"
    add("xbar")
    assert link.is_symlink()
    assert os.access(link, os.X_OK)
    add("i3blocks")
    remove("xbar")
    assert link.is_symlink()
    remove("i3blocks")
    assert not os.path.lexists(link)


def test_a_bar_is_found_by_its_program_or_its_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(home / "bin"))
    assert [name for name in bars.names() if bars.load(name).is_installed()] == []
    (home / "bin").mkdir()
    (home / "bin" / "waybar").touch(0o755)
    (home / "Library" / "Application Support" / "xbar" / "plugins").mkdir(parents=True)
    assert [name for name in bars.names() if bars.load(name).is_installed()] == ["waybar", "xbar"]


def defaults(home: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    (home / "bin").mkdir(exist_ok=True)
    (home / "bin" / "defaults").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (home / "bin" / "defaults").chmod(0o755)
    monkeypatch.setenv("PATH", f"{home / 'bin'}:/usr/bin:/bin")


def test_a_folder_can_come_from_a_command(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    defaults(home, monkeypatch, f'[ "$3" = PluginDirectory ] && echo "{home}/My plugins"')
    (home / "My plugins").mkdir()
    add("swiftbar")
    assert (home / "My plugins" / "moonshot.1m.sh").exists()


@pytest.mark.parametrize("script", ["exit 1", "exec sleep 20"])
def test_a_command_that_fails_is_no_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setattr(bars, "_FOLDER_COMMAND_SECONDS", 0.2)
    defaults(home, monkeypatch, script)
    assert bars.load("swiftbar").folder().name == "Plugins"


def test_a_bar_whose_folder_is_in_no_variable_has_none() -> None:
    bar = Bar("b", "B", steps=(), next_step="", folders=("$NOT_SET/b",))
    with pytest.raises(SetupError, match="B has no folder"):
        bar.folder()


def test_the_wheel_has_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "moonshot_status"
    (package / "integrations").mkdir(parents=True)
    monkeypatch.setattr(bars, "__file__", str(package / "setup" / "bars.py"))
    assert bars.data_folder() == package / "integrations"


def test_a_program_without_a_name_of_its_own_cannot_be_linked(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["-c"])
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert path_link.missing_link() is None
