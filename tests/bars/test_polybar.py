"""A real polybar shows our module."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from kit.bars import screen, xvfb
from kit.bars.bench import LEVELS, Bench
from kit.bars.desktop import Desktop, require, wait_for
from kit.bars.fixtures import INTEGRATIONS, a_desktop

from moonshot_status.core.errors import Kind

SIZE = (900, 60)
COLOURS = {"warning": "#b8720a", "critical": "#e0433a", "empty": "#e0433a"}
TEXTS = {"ok": "$49.58", "warning": "$3.21", "critical": "$0.58", "empty": "$0.00"}
CONFIG = """
include-file = {home}/.config/polybar/moonshot.ini
[bar/test]
width = 100%
height = 30
background = #111111
foreground = #cccccc
font-0 = DejaVu Sans:size=12;3
modules-left = moonshot
override-redirect = true
"""


@pytest.fixture(scope="module")
def bar(bench: Bench) -> Iterator[Desktop]:
    """A polybar that has the very file of ``integrations/polybar``, and looks more often."""
    require("polybar", "Xvfb", "xdotool", "tesseract")
    folder = bench.home / ".config" / "polybar"
    folder.mkdir(parents=True)
    module = (INTEGRATIONS / "polybar" / "moonshot.ini").read_text()
    module = module.replace("interval = 10", "interval = 0.3").replace(
        "--format", "--account all --format"
    )
    (folder / "moonshot.ini").write_text(module)
    (folder / "config.ini").write_text(CONFIG.format(home=bench.home))
    bench.reset()
    with a_desktop(bench) as desktop:
        xvfb.start(desktop, SIZE)
        desktop.start("polybar", "-c", folder / "config.ini", "test", log="polybar.log")
        yield desktop


def shows(bar: Desktop, text: str) -> screen.Picture:
    """The bar, once this text stands in it."""

    def look() -> screen.Picture | None:
        shown = xvfb.shot(bar).crop((0, 0, SIZE[0], 30))
        return shown if screen.bare(text) in screen.text(shown) else None

    found = wait_for(text, look)
    assert found
    return found


@pytest.mark.parametrize("level", LEVELS)
def test_each_level_has_its_text_and_colour(bar: Desktop, bench: Bench, level: str) -> None:
    bench.reset()
    bench.server.response = LEVELS[level]
    shown = shows(bar, TEXTS[level])
    if level in COLOURS:
        assert screen.count_near(shown, COLOURS[level]) > 10


def test_a_problem_is_told(bar: Desktop, bench: Bench) -> None:
    bench.go_wrong(Kind.SERVER_ERROR)
    shows(bar, "server error")


def test_a_hostile_account_name_is_only_text(bar: Desktop, bench: Bench) -> None:
    bench.reset()
    account = {"api_key": bench.key, "base_url": bench.server.base_url}
    accounts = {"%{B#00ff00}x": account, "other": account}
    bench.configure(api_key=None, base_url=None, accounts=accounts)
    shown = shows(bar, "other $49.58")
    assert screen.colours(shown)["#00ff00"] == 0


def test_a_click_opens_the_console(bar: Desktop, bench: Bench) -> None:
    bench.reset()
    shows(bar, "$49.58")
    xvfb.click(bar, 40, 15, 1)
    assert bench.opened() == "https://platform.kimi.ai/console/account"


def test_polybar_has_no_complaint(bar: Desktop, bench: Bench) -> None:
    lines = (bar.folder / "polybar.log").read_text(encoding="utf-8").splitlines()
    assert any("Loading module 'moonshot'" in line for line in lines)
    complaints = [line for line in lines if re.match(r"polybar\|(warn|error)", line)]
    # That the bar is on no monitor of a name is no matter of the module.
    assert [line for line in complaints if "No monitor specified" not in line] == []
