"""The files that users copy, run as the bars run them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from support import KEY, PROGRAM, REPOSITORY

from moonshot_status import demo

FOLDER = REPOSITORY / "integrations"
# What a bar that was started by a display manager, or by launchd, gives to its children.
BARE_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"


@pytest.fixture
def installed(home: Path, server: demo.Server) -> Path:
    """The program in ~/.local/bin, and its key in the settings file alone."""
    (home / ".local" / "bin").mkdir(parents=True)
    (home / ".local" / "bin" / "moonshot-status").symlink_to(PROGRAM[0])
    folder = home / ".config" / "moonshot-status"
    folder.mkdir(parents=True)
    settings = {"region": "china", "api_key": KEY, "base_url": server.base_url}
    (folder / "config.json").write_text(json.dumps(settings))
    return home


def in_a_bar(home: Path, command: list[str], **more: str) -> bytes:
    environment = {"HOME": str(home), "PATH": BARE_PATH, "TZ": "UTC", **more}
    done = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60)
    assert done.stderr == b""
    return done.stdout


def waybar_module() -> dict[str, str]:
    text = (FOLDER / "waybar" / "moonshot.jsonc").read_text()
    module: dict[str, str] = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))[
        "custom/moonshot"
    ]
    return module


def test_waybars_module_shows_the_balance(installed: Path) -> None:
    shown = json.loads(in_a_bar(installed, ["sh", "-c", waybar_module()["exec"]]))
    assert shown["text"] == "¥49.58"
    assert waybar_module()["return-type"] == "json"


def test_i3blocks_block_shows_the_balance_and_refreshes(
    installed: Path, server: demo.Server
) -> None:
    block = str(FOLDER / "i3blocks" / "moonshot")
    assert in_a_bar(installed, [block], BLOCK_BUTTON="").decode() == "¥49.58\n¥49\n"
    in_a_bar(installed, [block])
    assert len(server.requests) == 1
    in_a_bar(installed, [block], BLOCK_BUTTON="3")
    assert len(server.requests) == 2


@pytest.mark.parametrize("name", ["xbar", "swiftbar"])
def test_a_plugin_shows_the_balance(installed: Path, name: str) -> None:
    menu = in_a_bar(installed, [str(FOLDER / name / "moonshot.1m.sh")]).decode()
    assert menu.startswith("¥49.58 |")
    assert f"shell={installed}/.local/bin/moonshot-status" in menu


@pytest.mark.parametrize(
    "path", ["i3blocks/moonshot", "xbar/moonshot.1m.sh", "swiftbar/moonshot.1m.sh"]
)
def test_a_missing_program_is_told_in_the_bar(home: Path, path: str) -> None:
    assert b"not installed" in in_a_bar(home, [str(FOLDER / path)])
    assert os.access(FOLDER / path, os.X_OK)


@pytest.mark.parametrize("folder", sorted(p.parent.name for p in FOLDER.glob("*/README.md")))
def test_the_readme_names_only_files_that_exist(folder: str) -> None:
    readme = (FOLDER / folder / "README.md").read_text()
    named = re.findall(rf"integrations/{folder}/([\w.]+)", readme)
    assert named
    assert all((FOLDER / folder / name).exists() for name in named)
