"""Take the README's pictures from the real bars.

``PYTHONPATH=tests python -m kit.bars.take_pictures`` needs the extra ``bars``.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from PIL import Image

from kit.bars import screen
from kit.bars.bench import DEFICIT, LEVELS, Bench
from kit.bars.desktop import Desktop, wait_for
from kit.bars.fixtures import DARK, INTEGRATIONS, LIGHT, a_desktop, install_waybar_files, user_style
from kit.bars.i3 import I3bar
from kit.bars.look import PICTURES, fingerprint
from kit.bars.waybar import BAR_HEIGHT, SIZE, Waybar
from moonshot_status.core.errors import Kind

STATES = (*LEVELS, "deficit", Kind.OFFLINE, Kind.UNAUTHORIZED, Kind.NO_KEY)
WIDTH = 400
COLOURS = 200
SKINS = ((LIGHT, "#241f31"), (DARK, "#cdd6f4"))


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        files = install_waybar_files(bench.home)
        columns = []
        for background, colour in SKINS:
            files[1].write_text(user_style(background, colour))
            with a_desktop(bench) as desktop:
                bar = Waybar(desktop)
                bar.start(*files)
                columns.append(_stacked([_bar_in(bar, bench, state) for state in STATES]))
                _enter(bench, "deficit")
                bench.live_through(days=35, left="49.58894")
                bar.update()
                tooltip = bar.with_tooltip().crop((SIZE[0] - 560, 0, SIZE[0], 326))
                bar.close()
        _save(_side_by_side(columns), "waybar-states")
        _save(tooltip, "waybar-tooltip")
        _save(_stacked([_i3bar_in(bench, state) for state in STATES]), "i3bar-states")
    (PICTURES / "look.json").write_text(json.dumps({"fingerprint": fingerprint()}) + "\n")


def _enter(bench: Bench, state: str | Kind) -> None:
    if isinstance(state, Kind):
        bench.go_wrong(state)
        return
    bench.reset()
    bench.server.response = DEFICIT if state == "deficit" else LEVELS[state]


def _bar_in(bar: Waybar, bench: Bench, state: str | Kind) -> screen.Picture:
    _enter(bench, state)
    bar.update()
    shown = bar.bar()
    return shown.crop((shown.width - WIDTH, 0, shown.width, BAR_HEIGHT))


def _i3bar_in(bench: Bench, state: str | Kind) -> screen.Picture:
    _enter(bench, state)
    config = bench.home / "i3blocks.conf"
    block = INTEGRATIONS / "i3blocks" / "moonshot"
    text = (INTEGRATIONS / "i3blocks" / "moonshot.conf").read_text()
    config.write_text(text.replace("~/.config/i3blocks/moonshot", str(block)))
    with a_desktop(bench) as desktop:
        return _settled(desktop, config)


def _settled(desktop: Desktop, config: Path) -> screen.Picture:
    bar = I3bar(desktop, config)
    wait_for("the block", lambda: len(screen.text(bar.bar())) > 3)
    shown = bar.bar()
    return shown.crop((shown.width - WIDTH, 0, shown.width, shown.height))


def _stacked(pictures: list[screen.Picture]) -> screen.Picture:
    whole = Image.new("RGB", (pictures[0].width, sum(p.height for p in pictures)))
    top = 0
    for picture in pictures:
        whole.paste(picture, (0, top))
        top += picture.height
    return whole


def _side_by_side(pictures: list[screen.Picture]) -> screen.Picture:
    whole = Image.new("RGB", (sum(p.width for p in pictures), pictures[0].height))
    left = 0
    for picture in pictures:
        whole.paste(picture, (left, 0))
        left += picture.width
    return whole


def _save(picture: screen.Picture, name: str) -> None:
    few = picture.quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(PICTURES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
