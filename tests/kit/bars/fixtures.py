"""The bars themselves, and an account whose situation a test can choose."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kit.bars.bench import Bench
from kit.bars.desktop import Desktop, require
from kit.bars.waybar import Waybar
from kit.support import REPOSITORY

INTEGRATIONS = REPOSITORY / "integrations"
LIGHT, DARK = "#f6f5f4", "#1e1e2e"


@contextmanager
def a_desktop(bench: Bench) -> Iterator[Desktop]:
    with at_home(bench.home) as desktop:
        desktop.environment.update(bench.environment)
        yield desktop


@contextmanager
def at_home(home: Path) -> Iterator[Desktop]:
    # The system limits how long the path of a socket may be.
    folder = Path(tempfile.mkdtemp(prefix="bar-"))
    desktop = Desktop(folder, home)
    try:
        yield desktop
    finally:
        desktop.end()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def desktop(bench: Bench) -> Iterator[Desktop]:
    with a_desktop(bench) as desktop:
        yield desktop


@pytest.fixture(scope="module")
def waybar_files(bench: Bench) -> tuple[Path, Path]:
    return install_waybar_files(bench.home)


def install_waybar_files(home: Path, module: str = "moonshot.jsonc") -> tuple[Path, Path]:
    """A user's two files, which take in the very files of ``integrations/waybar``."""
    folder = home / ".config" / "waybar"
    folder.mkdir(parents=True)
    for name in (module, "moonshot.css"):
        shutil.copy(INTEGRATIONS / "waybar" / name, folder)
    config, style = folder / "config", folder / "style.css"
    config.write_text(
        f'{{"layer": "top", "height": 30, "include": ["~/.config/waybar/{module}"],'
        ' "modules-right": ["custom/moonshot"]}'
    )
    style.write_text(user_style(LIGHT, "#000000"))
    return config, style


def user_style(background: str, colour: str) -> str:
    return (
        '@import "moonshot.css";\n'
        '* { font-family: "DejaVu Sans"; font-size: 15px; }\n'
        f"window#waybar {{ background: {background}; color: {colour}; }}\n"
    )


@pytest.fixture(scope="module")
def waybar(desktop: Desktop, waybar_files: tuple[Path, Path]) -> Iterator[Waybar]:
    """One Waybar for all the tests of a module."""
    require("waybar", "sway", "swaymsg", "swaybg", "grim", "tesseract", "unshare")
    bar = Waybar(desktop)
    bar.start(*waybar_files)
    yield bar
    bar.close()


@pytest.fixture
def fresh_desktop(bench: Bench) -> Iterator[Desktop]:
    """One for a test that starts a bar of its own."""
    with a_desktop(bench) as desktop:
        yield desktop
