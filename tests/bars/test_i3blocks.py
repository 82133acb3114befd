"""i3blocks reads our block; i3bar and swaybar show it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.bars import screen
from kit.bars.bench import DEFICIT, LEVELS, WITHOUT_READING, Bench
from kit.bars.desktop import Desktop, require, wait_for
from kit.bars.fixtures import INTEGRATIONS
from kit.bars.i3 import I3bar, I3blocks, Swaybar

from moonshot_status.core.errors import Kind

NEIGHBOUR = "\n[neighbour]\ncommand=echo neighbour\ninterval=once\n"
TEXTS = {"ok": "$49.58", "warning": "$3.21", "critical": "$0.58", "empty": "$0.00"}
SHORT = {"ok": "$49", "warning": "$3.2", "critical": "$.58", "empty": "$0"}
COLOURS = {"warning": "#b8720a", "critical": "#e0433a", "empty": "#e0433a"}


@pytest.fixture(scope="module")
def config(bench: Bench) -> Path:
    """The very files of ``integrations/i3blocks``, with a block of somebody else's beside them."""
    require("i3blocks")
    folder = bench.home / ".config" / "i3blocks"
    folder.mkdir(parents=True)
    shutil.copy(INTEGRATIONS / "i3blocks" / "moonshot", folder)
    path = folder / "config"
    path.write_text((INTEGRATIONS / "i3blocks" / "moonshot.conf").read_text() + NEIGHBOUR)
    return path


@pytest.fixture
def blocks(bench: Bench, desktop: Desktop, config: Path) -> Iterator[list[I3blocks]]:
    """Put one i3blocks in, once the account is as it should be; it is ended."""
    started: list[I3blocks] = []
    yield started
    for program in started:
        program.end()


def start(blocks: list[I3blocks], desktop: Desktop, config: Path) -> I3blocks:
    blocks.append(I3blocks(desktop, config))
    return blocks[-1]


@pytest.mark.parametrize("level", LEVELS)
def test_each_level_has_its_texts_colour_and_urgency(
    blocks: list[I3blocks], bench: Bench, desktop: Desktop, config: Path, level: str
) -> None:
    bench.reset()
    bench.server.response = LEVELS[level]
    block = start(blocks, desktop, config).block("moonshot")
    assert block["full_text"] == f"☾ {TEXTS[level]}"
    assert block["short_text"] == SHORT[level]
    assert block.get("color") == COLOURS.get(level)
    assert bool(block.get("urgent")) == (level in ("critical", "empty"))
    assert not set(block) & {"background", "border"}


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.value)
def test_each_problem_is_told(
    blocks: list[I3blocks], bench: Bench, desktop: Desktop, config: Path, kind: Kind
) -> None:
    bench.go_wrong(kind)
    program = start(blocks, desktop, config)
    block = program.block("moonshot")
    assert block["full_text"].endswith(f" · {kind.label}")
    assert ("$49.58" in block["full_text"]) == (kind not in WITHOUT_READING)
    assert len(block["short_text"]) < len(block["full_text"])
    assert program.block("neighbour")["full_text"] == "neighbour"


def test_clicks_refresh_and_open_the_console(
    blocks: list[I3blocks], bench: Bench, desktop: Desktop, config: Path
) -> None:
    bench.reset()
    bench.configure(max_age=3600, region="china")
    program = start(blocks, desktop, config)
    assert program.block("moonshot")["full_text"] == "☾ ¥49.58"
    bench.server.response = LEVELS["warning"]
    program.click("moonshot", 3)
    wait_for("the new balance", lambda: program.block("moonshot")["full_text"] == "☾ ¥3.21")
    assert len(bench.server.requests) == 2
    program.click("moonshot", 1)
    assert bench.opened() == "https://platform.kimi.com/console/account"
    assert len(bench.server.requests) == 2


@pytest.mark.parametrize(
    "name", ["<b>markup</b>", '"}, {"full_text": "x', "one\ntwo\tthree", "\x1b[31m", "W" * 10_000]
)
def test_a_hostile_account_name_breaks_no_bar(
    blocks: list[I3blocks], bench: Bench, desktop: Desktop, config: Path, name: str
) -> None:
    bench.reset()
    account = {"api_key": bench.key, "base_url": bench.server.base_url}
    bench.configure(api_key=None, base_url=None, accounts={name: account})
    program = start(blocks, desktop, config)
    assert program.block("moonshot")["full_text"] == "☾ $49.58"
    assert program.block("neighbour")["full_text"] == "neighbour"


@pytest.mark.parametrize("bar", [I3bar, Swaybar])
@pytest.mark.parametrize("level", ["ok", "warning", "critical"])
def test_the_bars_show_the_block(
    bench: Bench, config: Path, fresh_desktop: Desktop, bar: type[I3bar | Swaybar], level: str
) -> None:
    require(*bar.PROGRAMS, "tesseract")
    bench.reset()
    bench.server.response = LEVELS[level]
    shown = bar(fresh_desktop, config)
    wait_for("the balance", lambda: TEXTS[level] in screen.text(shown.bar()))
    assert "neighbour" in screen.text(shown.bar())
    if level == "warning":
        assert screen.count_near(shown.bar(), COLOURS["warning"]) > 10
    if level == "critical":
        assert screen.count_near(shown.bar(), bar.URGENT) > 500


def test_a_click_in_i3bar_asks_the_api_again(
    bench: Bench, config: Path, fresh_desktop: Desktop
) -> None:
    require(*I3bar.PROGRAMS, "tesseract")
    bench.reset()
    bench.configure(max_age=3600)
    bench.server.response = DEFICIT
    shown = I3bar(fresh_desktop, config)
    wait_for("the deficit", lambda: "deficit" in screen.text(shown.bar()))
    bench.server.response = LEVELS["warning"]
    shown.click(200, 3)
    wait_for("the new balance", lambda: "$3.21" in screen.text(shown.bar()))
    assert len(bench.server.requests) == 2
