"""The process that runs the notification command, and that nobody waits for."""

from __future__ import annotations

import os
import runpy
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from kit.support import ends_within, written_number

from moonshot_status.notify import runner

TOLD = b'{"version": 1}\n'


def shell(script: str, folder: Path) -> list[str]:
    """A command that runs in this folder."""
    return ["sh", "-c", f"cd {shlex.quote(str(folder))}; {script}"]


def start(command: Sequence[str], told: bytes = TOLD, **more: str) -> None:
    """Start it, wait for its end, and fetch it: the tests' process lives on."""
    environment = {**os.environb, **{n.encode(): v.encode() for n, v in more.items()}}
    os.waitpid(runner.start(command, environment, told), 0)


def test_the_command_is_told_and_goes_its_way(tmp_path: Path, home: Path) -> None:
    script = 'cat > input; echo "$NAME" > name'
    start(shell(script, tmp_path), NAME="¥ 'x'")
    assert (tmp_path / "input").read_bytes() == TOLD
    assert (tmp_path / "name").read_text(encoding="utf-8") == "¥ 'x'\n"


def test_it_begins_in_the_home_folder(home: Path) -> None:
    (home / "bin").mkdir()
    (home / "bin" / "notice").write_text("#!/bin/sh\npwd > here\n")
    (home / "bin" / "notice").chmod(0o700)
    start(["bin/notice"])
    assert (home / "here").read_text() == f"{home}\n"


@pytest.mark.parametrize("home", ["/nowhere", "/dev/null", "relative", ""])
def test_without_a_home_folder_it_begins_elsewhere(tmp_path: Path, home: str) -> None:
    place = tmp_path / "place"
    start(["sh", "-c", f"pwd > {shlex.quote(str(place))}"], HOME=home)
    assert place.read_text() == "/\n"


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    program = f"import sys; open({str(tmp_path / 'words')!r}, 'w').write(repr(sys.argv[1:]))"
    start([sys.executable, "-c", program, "$HOME;*`x`", "a b", "-I", "", "--"])
    assert (tmp_path / "words").read_text() == repr(["$HOME;*`x`", "a b", "-I", "", "--"])


def test_nothing_of_the_users_comes_before_pythons_own_library(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (tmp_path, home):
        for name in ("subprocess", "sitecustomize", "usercustomize", "signal", "pathlib"):
            (folder / f"{name}.py").write_text("raise SystemExit(3)\n")
    monkeypatch.chdir(home)
    start(shell('echo "$PYTHONPATH" > ran', tmp_path), PYTHONPATH=str(tmp_path))
    assert (tmp_path / "ran").read_text() == f"{tmp_path}\n"


@pytest.mark.parametrize(
    "script",
    [
        "exit 3",
        "kill -9 $$",
        "exec < /dev/null",
        "exec <&-",
        "head -c 3000000 /dev/zero",
        "head -c 3000000 /dev/zero >&2",
        "exec >&- 2>&-",
    ],
)
def test_whatever_it_does_it_is_not_told_again(tmp_path: Path, script: str) -> None:
    start(shell(f"echo x >> ran; {script}", tmp_path))
    assert (tmp_path / "ran").read_text() == "x\n"


@pytest.mark.parametrize("command", ["/no/such/canary", "no-such-canary", "/", " "])
def test_a_command_that_cannot_be_started_is_nobodys_concern(command: str) -> None:
    start([command])


@pytest.mark.parametrize(
    ("command", "told"), [(["a", "\ud800"], TOLD), (["a\0"], TOLD), (["true"], b"x" * (1 << 21))]
)
def test_what_cannot_be_handed_over_is_an_error_and_leaves_no_open_file(
    command: list[str], told: bytes
) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(3):
        with pytest.raises((OSError, ValueError)):
            runner.start(command, {}, told)
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_it_is_a_session_of_its_own_and_holds_no_file_of_ours(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    process = runner.start(["sleep", "1"], os.environb, TOLD)
    assert os.getsid(process) == process
    os.close(writing)
    assert os.read(reading, 1) == b""
    assert os.waitpid(process, os.WNOHANG) == (0, 0)
    os.close(reading)
    os.waitpid(process, 0)


def test_to_start_takes_no_longer_than_to_start() -> None:
    began = time.monotonic()
    process = runner.start(["sleep", "2"], os.environb, TOLD)
    assert time.monotonic() - began < 1
    os.waitpid(process, 0)


@pytest.mark.parametrize("script", ["sleep 60", "trap '' TERM HUP INT; sleep 60", "kill -STOP $$"])
def test_the_command_has_a_time_limit(script: str) -> None:
    began = time.monotonic()
    runner.run(["sh", "-c", script], 0.4)
    assert 0.4 <= time.monotonic() - began < 5


@pytest.mark.parametrize("end", ["wait", "exit"])
def test_the_whole_process_group_is_ended_at_the_limit(tmp_path: Path, end: str) -> None:
    command = shell(f"echo $$ > child; (sleep 60 & echo $! > grandchild; wait) & {end}", tmp_path)
    runner.run(command, 0.6)
    assert ends_within(5, written_number(tmp_path / "child"))
    assert ends_within(5, written_number(tmp_path / "grandchild"))


def test_what_is_left_behind_has_the_rest_of_the_time(tmp_path: Path) -> None:
    began = time.monotonic()
    runner.run(shell("(sleep 0.5; echo x > late) &", tmp_path), 20)
    assert 0.5 <= time.monotonic() - began < 10
    assert (tmp_path / "late").exists()


@pytest.mark.filterwarnings("ignore")  # of a process that is left behind
def test_who_may_not_be_ended_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "killpg", refuse)
    began = time.monotonic()
    runner.run(["sleep", "5"], 0.2)
    runner.run(["true"], 20)
    assert time.monotonic() - began < 3


def test_the_limit_is_ten_seconds_where_nobody_says_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert runner.LIMIT_SECONDS == 10
    monkeypatch.setattr(sys, "argv", ["notifier", *shell("echo x > ran", tmp_path)])
    runpy.run_path(runner.__file__, run_name="__main__")
    assert (tmp_path / "ran").exists()
