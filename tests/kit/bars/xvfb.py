"""An X server without a screen, and pictures of it."""

from __future__ import annotations

import itertools
import os
import socket

from PIL import ImageGrab

from kit.bars import screen
from kit.bars.desktop import Desktop, wait_for

_COUNT = itertools.count()


def start(desktop: Desktop, size: tuple[int, int]) -> None:
    """Start one of that size; what is started in the desktop from now on is shown there."""
    # A number of its own: an Xvfb that ends removes the socket of one that took its number.
    number = os.getpid() * 100 % 1_000_000 + next(_COUNT)
    desktop.start(
        "Xvfb", f":{number}", "-nolisten", "tcp", "-noreset",
        "-screen", "0", f"{size[0]}x{size[1]}x24", log="xvfb.log",
    )  # fmt: skip
    wait_for("Xvfb", lambda: _is_listening(f"/tmp/.X11-unix/X{number}"))
    desktop.environment["DISPLAY"] = f":{number}"


def shot(desktop: Desktop) -> screen.Picture:
    return ImageGrab.grab(xdisplay=desktop.environment["DISPLAY"]).convert("RGB")


def click(desktop: Desktop, x: int, y: int, button: int) -> None:
    move = ["mousemove", str(x), str(y), "sleep", "0.1"]
    desktop.call("xdotool", *move, "click", str(button))


def _is_listening(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(path) == 0
