"""The snippets that stream, in the real bars: what is new is shown, and nothing is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from kit.bars import screen
from kit.bars.bench import LEVELS, Bench
from kit.bars.desktop import require, wait_for
from kit.bars.fixtures import INTEGRATIONS, a_desktop, install_waybar_files
from kit.bars.i3 import I3blocks
from kit.bars.waybar import Waybar

NEIGHBOUR = "\n[neighbour]\ncommand=echo neighbour\ninterval=once\n"


def watchers(home: Path) -> list[int]:
    """The processes that watch for this home."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().split(b"\0")
            if b"watch" in words and f"HOME={home}".encode() in (
                path / "environ"
            ).read_bytes().split(b"\0"):
                found.append(int(path.name))
        except OSError:
            continue
    return found


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    bench.configure(max_age=3600)
    return bench


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_waybar_shows_what_is_new_and_leaves_nothing_behind(
    bench: Bench, number: signal.Signals
) -> None:
    require("waybar", "sway", "swaymsg", "swaybg", "grim", "tesseract", "unshare")
    with a_desktop(bench) as desktop:
        bar = Waybar(desktop, outputs=2)
        bar.start(*install_waybar_files(bench.home, "moonshot-stream.jsonc"), streams=True)

        def shows(text: str) -> bool:
            return all(screen.text(bar.bar(output)).endswith(text) for output in range(2))

        wait_for("the balance", lambda: shows("$49.58"))
        running = watchers(bench.home)
        assert len(running) == 2
        assert len(bench.server.requests) == 1
        bench.server.response = LEVELS["warning"]
        for process in running:
            os.kill(process, signal.SIGUSR1)
        wait_for("the new balance", lambda: shows("$3.21"))
        assert len(bench.server.requests) == 2
        bench.server.response = LEVELS["critical"]
        bar.click("right")
        wait_for("the next balance", lambda: shows("$0.58"))
        bar.click("middle")
        wait_for("no amounts", lambda: shows("critical"))
        assert watchers(bench.home) == running
        assert bar.complaints() == []
        bar.close()
        bar.end(number)
        wait_for("the end of what it started", lambda: not watchers(bench.home), 2)


def test_waybar_shows_a_balance_that_got_too_old_anew(bench: Bench) -> None:
    require("waybar", "sway", "swaymsg", "swaybg", "grim", "tesseract", "unshare")
    bench.configure(max_age=2)
    with a_desktop(bench) as desktop:
        bar = Waybar(desktop)
        bar.start(*install_waybar_files(bench.home, "moonshot-stream.jsonc"), streams=True)
        wait_for("the balance", lambda: screen.text(bar.bar()).endswith("$49.58"))
        bench.server.response = LEVELS["empty"]
        wait_for("the new balance", lambda: screen.text(bar.bar()).endswith("$0.00"))


@pytest.mark.parametrize("account", ["default", '"}, {"full_text": "x', "\\n\x1b[31m<b>"])
def test_i3blocks_shows_what_is_new_and_leaves_nothing_behind(bench: Bench, account: str) -> None:
    require("i3blocks")
    own = {"api_key": bench.key, "base_url": bench.server.base_url}
    bench.configure(api_key=None, base_url=None, accounts={account: own, "b": own})
    folder = bench.home / ".config" / "i3blocks"
    folder.mkdir(parents=True)
    shutil.copy(INTEGRATIONS / "i3blocks" / "moonshot-stream", folder)
    block = (INTEGRATIONS / "i3blocks" / "moonshot-stream.conf").read_text()
    every = block.replace("moonshot-stream\n", "moonshot-stream --account all\n")
    (folder / "config").write_text(every.replace("[moonshot]", "[every]") + block + NEIGHBOUR)
    with a_desktop(bench) as desktop:
        program = I3blocks(desktop, folder / "config")

        def shows(**expected: object) -> bool:
            time.sleep(0.1)
            return expected.items() <= program.block("moonshot").items()

        wait_for("the balance", lambda: shows(full_text="☾ $49.58", short_text="$49"))
        assert "color" not in program.block("moonshot")
        bench.server.response = LEVELS["critical"]
        bench.poll("--refresh")
        wait_for("urgency", lambda: shows(full_text="☾ $0.58", color="#e0433a", urgent=True))
        assert "│ b $" in program.block("every")["full_text"]
        bench.server.response = LEVELS["ok"]
        bench.poll("--refresh")
        wait_for("the end of it", lambda: shows(full_text="☾ $49.58"))
        assert not set(program.block("moonshot")) & {"color", "urgent"}
        assert program.block("neighbour")["full_text"] == "neighbour"
        program.end()
        wait_for("the end of what it started", lambda: not watchers(bench.home), 2)
