"""sway without a screen: so many outputs beside each other, and pictures of them."""

from __future__ import annotations

import json
import os
import subprocess
import time

from kit.bars import screen
from kit.bars.desktop import Desktop, wait_for

_CONFIG = """
xwayland disable
default_border none
output * resolution {}x{} bg #224466 solid_color
"""


class Sway:
    """A compositor with ``outputs`` screens of ``size`` pixels, and ``more`` configuration."""

    def __init__(
        self, desktop: Desktop, size: tuple[int, int], outputs: int, more: str = ""
    ) -> None:
        self._desktop, self._outputs = desktop, outputs
        config = desktop.folder / "sway.conf"
        config.write_text(_CONFIG.format(*size) + more)
        # sway does not run as root, but is content where uid 0 does not exist.
        namespace = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]
        desktop.start(
            *(namespace if os.getuid() == 0 else []), "sway", "-c", config,
            log="sway.log", WLR_BACKENDS="headless", WLR_RENDERER="pixman",
            WLR_LIBINPUT_NO_DEVICES="1", WLR_HEADLESS_OUTPUTS=str(outputs),
        )  # fmt: skip
        display = wait_for("sway", lambda: list(desktop.folder.glob("wayland-[0-9]")))[0]
        control = wait_for("sway", lambda: list(desktop.folder.glob("sway-ipc*")))[0]
        desktop.environment.update(
            WAYLAND_DISPLAY=display.name, SWAYSOCK=str(control), XDG_CURRENT_DESKTOP="sway"
        )
        wait_for("the outputs", self._all_outputs_are_there)

    def shot(self) -> screen.Picture:
        """All the screens, once they have come to rest."""
        last = b""
        for _ in range(10):
            data = self._desktop.call("grim", "-t", "ppm", "-")
            if data == last:
                break
            last = data
            time.sleep(0.15)
        return screen.picture(last)

    def _all_outputs_are_there(self) -> bool:
        try:
            outputs = self._desktop.call("swaymsg", "-t", "get_outputs", "--raw")
        except subprocess.CalledProcessError:
            return False
        return len(json.loads(outputs)) == self._outputs
