"""Waybar in a headless sway, with the files of ``integrations/waybar``."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

from kit.bars import screen
from kit.bars.desktop import Desktop, DesktopError, wait_for
from kit.bars.pointer import Pointer
from kit.bars.sway import Sway

SIZE = (900, 340)
BAR_HEIGHT = 30
# What Waybar 0.9.17 logs on a bar that has no module at all.
_ROUTINE = re.compile(
    r"^\[[\d :.-]+\] \[(trace|debug|info)\]"  # and the tree of widgets, which has no head
    r"|^ +[\w.#-]+:dir\(ltr\)|window#|basic_string::_M_create|already overridden for signal|^$"
)


class Waybar:
    """One Waybar on so many outputs, in a sway of its own."""

    def __init__(self, desktop: Desktop, outputs: int = 1) -> None:
        self._desktop, self._outputs = desktop, outputs
        self._pointer: Pointer | None = None
        self._sway = Sway(desktop, SIZE, outputs)

    def start(
        self, config: Path | None = None, style: Path | None = None, *, streams: bool = False
    ) -> None:
        """With these files, or with those that Waybar finds in the home folder."""
        named = ["-c", config, "-s", style] if config and style else []
        self._process = self._desktop.start(
            "waybar", "-l", "trace", *named, log="waybar.log", GDK_BACKEND="wayland",
        )  # fmt: skip
        wait_for("the bars", lambda: self._log().count("Bar configured") >= self._outputs)
        if not streams:
            wait_for("the module", lambda: self.runs() >= self._outputs)

    def runs(self) -> int:
        """How often the module's command has ended."""
        return len(re.findall(r"Cmd exited with code \d+", self._log()))

    def exit_codes(self) -> set[int]:
        return {int(code) for code in re.findall(r"Cmd exited with code (\d+)", self._log())}

    def update(self) -> None:
        """Have the module's command run once more, from its start.

        The first run that ends may have begun earlier, at the module's own interval.
        """
        for _ in range(2):
            before = self.runs()
            os.kill(self._process.pid, signal.SIGRTMIN + 8)
            wait_for("an update", lambda: self.runs() >= before + self._outputs)  # noqa: B023

    def end(self, number: signal.Signals) -> None:
        """End Waybar alone, whatever it leaves behind."""
        os.kill(self._process.pid, number)
        self._process.wait(10)

    def complaints(self) -> list[str]:
        """What the log holds beyond the routine."""
        if self._process.poll() is not None:
            raise DesktopError(f"Waybar ended with status {self._process.returncode}")
        return [line for line in self._log().splitlines() if not _ROUTINE.search(line)]

    def bar(self, output: int = 0) -> screen.Picture:
        """The right part of one output's bar."""
        left = output * SIZE[0]
        return self._sway.shot().crop((left + SIZE[0] // 3, 0, left + SIZE[0], BAR_HEIGHT))

    def screen(self) -> screen.Picture:
        return self._sway.shot()

    def tooltip(self) -> screen.Picture:
        """What opens under the pointer."""
        return self.with_tooltip().crop((0, BAR_HEIGHT + 2, SIZE[0], SIZE[1]))

    def with_tooltip(self) -> screen.Picture:
        """The screen while the pointer is over the module; the pointer then leaves again."""
        self.point_at_the_module()
        time.sleep(1)
        shown = self._sway.shot()
        self._move(10, SIZE[1] - 10)
        time.sleep(0.3)
        return shown

    def point_at_the_module(self) -> None:
        # In the padding, so that the arrow hides no letter.
        self._move(SIZE[0] - 5, BAR_HEIGHT - 8)

    def click(self, button: str) -> None:
        self.point_at_the_module()
        if self._pointer:
            self._pointer.click(button)
        self._move(10, SIZE[1] - 10)

    def close(self) -> None:
        if self._pointer:
            self._pointer.disconnect()

    def _log(self) -> str:
        return self._desktop.read("waybar.log")

    def _move(self, x: int, y: int) -> None:
        if self._pointer is None:
            socket = self._desktop.folder / self._desktop.environment["WAYLAND_DISPLAY"]
            self._pointer = Pointer(socket, (SIZE[0] * self._outputs, SIZE[1]))
        self._pointer.move(x, y)
