"""Waybar shows what we print: text, colours, tooltips and clicks."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.bars import screen
from kit.bars.bench import DEFICIT, LEVELS, OK, WITHOUT_READING, Bench
from kit.bars.desktop import wait_for
from kit.bars.fixtures import DARK, LIGHT, a_desktop, install_waybar_files, user_style
from kit.bars.waybar import Waybar

from moonshot_status.core.errors import Kind
from moonshot_status.polling import demo

TEXTS = {"ok": "$49.58", "warning": "$3.21", "critical": "$0.58", "empty": "$0.00"}
# What moonshot.css mixes into the text's own colour.
ADDED = {"warning": "#d97706", "critical": "#e0433a", "empty": "#e0433a"}


def colours_of_levels(own: str) -> dict[str, str]:
    return {level: screen.mixed(own, added, 0.8) for level, added in ADDED.items()}


def shows_level(bar: screen.Picture, level: str, own: str) -> bool:
    """Whether the level's text is there, in its colour and in no other level's."""
    expected = colours_of_levels(own)
    coloured = {colour for colour in expected.values() if screen.count_near(bar, colour) > 15}
    right = {expected[level]} if level in expected else set()
    return coloured == right and screen.text(bar).endswith(TEXTS[level])


@pytest.mark.parametrize("level", LEVELS)
def test_each_level_has_its_text_and_its_colour(waybar: Waybar, bench: Bench, level: str) -> None:
    bench.reset()
    bench.server.response = LEVELS[level]
    waybar.update()
    assert shows_level(waybar.bar(), level, "#000000")
    assert waybar.complaints() == []


def test_a_deficit_is_told(waybar: Waybar, bench: Bench) -> None:
    bench.reset()
    bench.server.response = DEFICIT
    waybar.update()
    assert screen.text(waybar.bar()).endswith("$49.58-$0.42indeficit")
    assert screen.bare("Deficit $0.42") in screen.text(waybar.tooltip())


def test_a_wide_amount_is_short_in_the_bar_and_full_in_the_tooltip(
    waybar: Waybar, bench: Bench
) -> None:
    bench.reset()
    bench.server.response = demo.balance("12345.67891", "12345.67891", "0")
    waybar.update()
    assert screen.text(waybar.bar()).endswith("$12.3k")
    assert "Available$12345.67" in screen.text(waybar.tooltip())


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.value)
def test_each_problem_is_told_in_bar_and_tooltip(waybar: Waybar, bench: Bench, kind: Kind) -> None:
    bench.go_wrong(kind)
    waybar.update()
    bar = screen.text(waybar.bar())
    assert bar.endswith(screen.bare(kind.label))
    assert ("$49.58" in bar) == (kind not in WITHOUT_READING)
    assert ("asof" in bar) == (kind not in {*WITHOUT_READING, Kind.STORE})
    tooltip = screen.text(waybar.tooltip())
    for line in bench.notes():
        assert screen.bare(line)[:30] in tooltip
    assert waybar.complaints() == []
    assert waybar.exit_codes() == {0}


def test_the_tooltip_is_complete(waybar: Waybar, bench: Bench) -> None:
    bench.reset()
    bench.server.response = DEFICIT
    waybar.update()
    tooltip = screen.text(waybar.tooltip())
    for words in ("Available$49.58", "Voucher$49.58", "Cash-$0.42", "Deficit$0.42"):
        assert words in tooltip
    for words in ("Account default · international", "As of", "platform.kimi.ai/console"):
        assert screen.bare(words) in tooltip


def test_a_right_click_asks_the_api_again(waybar: Waybar, bench: Bench) -> None:
    bench.reset()
    bench.configure(max_age=3600)
    waybar.update()
    waybar.update()
    assert len(bench.server.requests) == 1
    bench.server.response = LEVELS["warning"]
    waybar.click("right")
    wait_for("a request", lambda: len(bench.server.requests) == 2)
    wait_for("the new balance", lambda: screen.text(waybar.bar()).endswith("$3.21"))


@pytest.mark.parametrize("region", ["international", "china"])
def test_a_left_click_opens_the_regions_console(waybar: Waybar, bench: Bench, region: str) -> None:
    bench.reset()
    bench.configure(region=region)
    waybar.click("left")
    host = {"international": "platform.kimi.ai", "china": "platform.kimi.com"}[region]
    assert bench.opened() == f"https://{host}/console/account"


@pytest.mark.parametrize(("background", "own"), [(LIGHT, "#241f31"), (DARK, "#cdd6f4")])
def test_the_style_sheet_suits_light_and_dark_bars(
    bench: Bench, waybar_files: tuple[Path, Path], background: str, own: str
) -> None:
    config, style = waybar_files
    before = style.read_text()
    style.write_text(user_style(background, own))
    bench.reset()
    with a_desktop(bench) as desktop:
        bar = Waybar(desktop)
        bar.start(config, style)
        for level, reply in LEVELS.items():
            bench.server.response = reply
            bar.update()
            assert shows_level(bar.bar(), level, own)
        for colour in colours_of_levels(own).values():
            assert screen.contrast(colour, background) >= 3
        assert bar.complaints() == []
    style.write_text(before)


def test_three_outputs_on_an_empty_store_make_one_request(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.configure(max_age=300)
    bench.server.response, bench.server.silence = OK, 1.0
    with a_desktop(bench) as desktop:
        bar = Waybar(desktop, outputs=3)
        bar.start(*install_waybar_files(bench.home))
        for output in range(3):
            assert screen.text(bar.bar(output)).endswith("$49.58")
    assert len(bench.server.requests) == 1


HOSTILE = {
    "markup": "<span foreground='#00ff00' size='xx-large'>&amp;",
    "quotes": "\"'\\",
    "lines": "one\ntwo\rthree\u2028four",
    "escapes": "\x1b[31mred\x07",
    "right-to-left": "\u202egnp.exe",
    "long": "W" * 10_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_account_name_is_only_text(waybar: Waybar, bench: Bench, name: str) -> None:
    bench.reset()
    bench.configure(
        api_key=None, base_url=None, max_age=None, timeout=None,
        accounts={HOSTILE[name]: {"api_key": bench.key, "base_url": bench.server.base_url}},
    )  # fmt: skip
    waybar.update()
    assert screen.text(waybar.bar()).endswith("$49.58")
    shown = waybar.tooltip()
    assert "Available$49.58" in screen.text(shown)
    assert screen.colours(shown)["#00ff00"] == 0
    assert waybar.complaints() == []
