"""A real tmux draws our status line; a second one around it shows what was drawn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.bars.bench import LEVELS, Bench
from kit.bars.desktop import Desktop, require, wait_for
from kit.bars.fixtures import INTEGRATIONS

from moonshot_status.core.errors import Kind

WIDTH = 120
COLOURS = {"warning": "184;114;10", "critical": "224;67;58", "empty": "224;67;58"}
TEXTS = {"ok": "$49.58", "warning": "$3.21", "critical": "$0.58", "empty": "$0.00"}
CONFIG = """
set -g status-interval 1
set -g status-left ''
set -g status-right ''
set -g window-status-format ''
set -g window-status-current-format ''
set -as terminal-features ',*:RGB'
source-file {folder}/moonshot.conf
"""


class Tmux:
    """One with the very file of ``integrations/tmux``, and the one that shows it."""

    def __init__(self, desktop: Desktop) -> None:
        self._desktop = desktop
        desktop.environment.update(
            TMUX_TMPDIR=str(desktop.folder), TERM="xterm-256color", SHELL="/bin/sh"
        )
        text = (INTEGRATIONS / "tmux" / "moonshot.conf").read_text()
        text = text.replace("--format", "--account all --format")
        (desktop.folder / "moonshot.conf").write_text(text)
        config = desktop.folder / "inner.conf"
        config.write_text(CONFIG.format(folder=desktop.folder))
        outer = desktop.folder / "outer.conf"
        outer.write_text("set -g status off\nset -as terminal-features ',*:RGB'\n")
        size = ("-x", str(WIDTH), "-y", "4")
        self._call("inner", config, "new-session", "-d", *size, "exec sleep 1000")
        self._call("outer", outer, "new-session", "-d", *size, "TMUX= exec tmux -u -L inner attach")

    def line(self, text: str) -> str:
        """The status line with its escape sequences, once this text stands in it."""
        wait_for(text, lambda: text in self._drawn())
        return self._drawn("-e")

    def end(self) -> None:
        for name in ("outer", "inner"):
            self._call(name, Path("/dev/null"), "kill-server")

    def _drawn(self, *more: str) -> str:
        shown = self._call("outer", Path("/dev/null"), "capture-pane", "-p", *more, "-t", ":")
        return shown.rstrip("\n").rpartition("\n")[2]

    def _call(self, name: str, config: Path, *words: str) -> str:
        return self._desktop.call("tmux", "-u", "-L", name, "-f", config, *words).decode()


@pytest.fixture(scope="module")
def tmux(bench: Bench, desktop: Desktop) -> Iterator[Tmux]:
    require("tmux")
    bench.reset()
    started = Tmux(desktop)
    yield started
    started.end()


@pytest.mark.parametrize("level", LEVELS)
def test_each_level_has_its_text_and_colour(tmux: Tmux, bench: Bench, level: str) -> None:
    bench.reset()
    bench.server.response = LEVELS[level]
    line = tmux.line(f"☾ {TEXTS[level]}")
    assert (f"38;2;{COLOURS[level]}m{TEXTS[level]}" in line) if level in COLOURS else True
    assert level in COLOURS or "38;2;" not in line


def test_a_problem_is_told(tmux: Tmux, bench: Bench) -> None:
    bench.go_wrong(Kind.SERVER_ERROR)
    tmux.line("server error")


@pytest.mark.parametrize("name", ["#[fg=#00ff00]x", "##[bg=red]", "#(id)#{pid}%H", "# #, #}"])
def test_a_hostile_account_name_is_only_text(tmux: Tmux, bench: Bench, name: str) -> None:
    bench.reset()
    account = {"api_key": bench.key, "base_url": bench.server.base_url}
    bench.configure(api_key=None, base_url=None, accounts={name: account, "other": account})
    line = tmux.line(f"☾ {name} $49.58 │ other $49.58")
    assert "38;2;" not in line
