"""i3blocks by itself, and in i3bar (under Xvfb) and swaybar, which show its blocks."""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path
from typing import Any

from kit.bars import screen, xvfb
from kit.bars.desktop import Desktop, wait_for
from kit.bars.sway import Sway

SIZE = (900, 100)
BAR_HEIGHT = 26
_I3 = """
# i3 config file (v4)
font pango:DejaVu Sans 11
bar {{
    position top
    status_command exec i3blocks -c {}
    colors {{
        background #111111
        statusline #cccccc
    }}
}}
"""


_SWAYBAR = """
bar {{
    position top
    font pango:DejaVu Sans 11
    status_command i3blocks -c {}
    colors {{
        background #111111
        statusline #cccccc
    }}
}}
"""


class I3blocks:
    """One i3blocks, its protocol read line by line, and clicks sent to it."""

    def __init__(self, desktop: Desktop, config: Path) -> None:
        self._process = subprocess.Popen(
            ["i3blocks", "-c", str(config)],
            env=desktop.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._updates: list[list[dict[str, Any]]] = []
        threading.Thread(target=self._read, daemon=True).start()
        self._send("[\n")
        self._clicks = 0

    def block(self, name: str) -> dict[str, Any]:
        """What the bar was told of a block last, once it was told anything."""
        return wait_for(f"block {name}", lambda: self._last(name)) or {}

    def click(self, name: str, button: int) -> None:
        """What i3bar sends for a click; returns when the block has been printed anew."""
        before = len(self._updates)
        event = json.dumps({"name": name, "button": button, "x": 1, "y": 1})
        self._send(f"{',' if self._clicks else ''}{event}\n")
        self._clicks += 1
        wait_for("an update after the click", lambda: len(self._updates) > before)

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _send(self, text: str) -> None:
        if self._process.stdin:
            self._process.stdin.write(text.encode())
            self._process.stdin.flush()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            text = line.decode().strip().lstrip(",")
            if text.startswith("[{"):
                self._updates.append(json.loads(text))

    def _last(self, name: str) -> dict[str, Any] | None:
        blocks = [block for update in self._updates for block in update]
        told = (b for b in reversed(blocks) if b.get("name") == name and b.get("full_text"))
        return next(told, None)


class I3bar:
    """i3 and its bar under Xvfb."""

    PROGRAMS = ("Xvfb", "i3", "i3bar", "i3blocks", "xdotool")
    URGENT = "#900000"

    def __init__(self, desktop: Desktop, config: Path) -> None:
        self._desktop = desktop
        xvfb.start(desktop, SIZE)
        i3_config = desktop.folder / "i3.conf"
        i3_config.write_text(_I3.format(config))
        desktop.start("i3", "-c", i3_config, log="i3.log")

    def bar(self) -> screen.Picture:
        return xvfb.shot(self._desktop).crop((SIZE[0] // 4, 0, SIZE[0], BAR_HEIGHT))

    def click(self, x: int, button: int) -> None:
        """Click ``x`` pixels from the right edge."""
        xvfb.click(self._desktop, SIZE[0] - x, 12, button)


class Swaybar:
    """The bar of a headless sway."""

    PROGRAMS = ("sway", "swaybar", "swaymsg", "grim", "i3blocks", "unshare")
    URGENT = "#900000"

    def __init__(self, desktop: Desktop, config: Path) -> None:
        self._sway = Sway(desktop, SIZE, 1, _SWAYBAR.format(config))

    def bar(self) -> screen.Picture:
        return self._sway.shot().crop((SIZE[0] // 4, 0, SIZE[0], BAR_HEIGHT))
