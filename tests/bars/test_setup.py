"""From an empty home to a real Waybar with the module in it, and back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kit.bars import screen
from kit.bars.bench import KEY, OK, PROGRAM, Server
from kit.bars.desktop import require
from kit.bars.fixtures import at_home
from kit.bars.waybar import Waybar
from kit.support import REPOSITORY

sys.path.append(str(REPOSITORY / "tests" / "setup"))

from kit.configurations import CONFIGURATIONS

# Where Waybar's own configuration has the module: before what is coloured and at the edge.
_WINDOWS = [(left, 0, left + 150, 26) for left in range(300, 600, 40)]


@pytest.fixture
def server() -> Server:
    require("waybar", "sway", "swaymsg", "swaybg", "grim", "tesseract", "unshare")
    return Server(OK, (KEY,))


def setup(home: Path, server: Server, *arguments: str) -> str:
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    settings = home / ".config" / "moonshot-status" / "config.json"
    if not settings.exists():
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps({"base_url": server.base_url}), encoding="utf-8")
    done = subprocess.run(
        [str(PROGRAM), "setup", "--yes", *arguments, "waybar"],
        env=environment, input=f"{KEY}\n".encode(), capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


@contextmanager
def running(home: Path) -> Iterator[Waybar]:
    """Waybar with the files that it finds by itself."""
    with at_home(home) as desktop:
        waybar = Waybar(desktop)
        waybar.start()
        yield waybar
        waybar.close()


def test_from_an_empty_home_to_the_balance_in_the_bar(home: Path, server: Server) -> None:
    printed = setup(home, server, "--key-stdin")
    assert printed.startswith("$49.58\n")
    assert "Waybar: done." in printed
    with running(home) as waybar:
        shown = waybar.screen()
        assert any("$49.58" in screen.text(shown.crop(window)) for window in _WINDOWS)
    setup(home, server, "--remove")
    assert not (home / ".config" / "waybar").exists()
    assert not os.path.lexists(home / ".local" / "bin")


@pytest.mark.parametrize(
    "name", ["comments everywhere", "lists in an included file", "no list on the right", "minified",
             "one include as a string", "comments in odd places"],
)  # fmt: skip
def test_waybar_reads_the_changed_files_and_the_old_ones_come_back(
    home: Path, server: Server, name: str
) -> None:
    folder = home / ".config" / "waybar"
    folder.mkdir(parents=True)
    for file, text in CONFIGURATIONS[name].items():
        (folder / file).write_bytes(text.encode())
    setup(home, server, "--key-stdin")
    with running(home) as waybar:
        assert waybar.exit_codes() == {0}
    setup(home, server, "--remove")
    assert {path.name: path.read_bytes().decode() for path in folder.iterdir()} == (
        CONFIGURATIONS[name]
    )
