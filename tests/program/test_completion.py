"""Completion in the shells themselves, with the lines that the README gives for them."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit.support import KEY, PROGRAM, REPOSITORY, Run

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
# What is typed before the key for completion is pressed, and what then stands there.
TYPED = {
    "--form": "--format",
    "--format wa": "--format waybar",
    "--region ch": "--region china",
    "--demo rate": "--demo rate-limited",
    "--show ru": "--show runway",
    "--show balance,ru": "--show balance,runway",
    "--show today,runway,p": "--show today,runway,pace",
    "--account wo": "--account work",
    "--account work,c": "--account work,cn",
    "--config {other} --account el": "--config {other} --account elsewhere",
    "gua": "guard",
    "guard --mi": "guard --min",
    "config vali": "config validate",
    "config set thresholds.w": "config set thresholds.warning",
    "--config oth": "--config other.json",
    "--account work config unset max": "--account work config unset max_age",
}
HOSTILE = ["$(touch pwned)", "; touch pwned", "`touch pwned`", "*", "a b", "x\nplain,evil", "-x",
           "x'", 'x"', "wörk", "a,b", "\x1b[31m"]  # fmt: skip


@pytest.fixture(autouse=True)
def folder(home: Path, own_file: Callable[[Any], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with accounts of all kinds of names, and the program in the path."""
    own_file({"accounts": {name: {} for name in ["work", "cn", *HOSTILE]}})
    (home / "other.json").write_text(json.dumps({"accounts": {"elsewhere": {}}}))
    monkeypatch.setenv("PATH", f"{Path(PROGRAM[0]).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.chdir(home)
    return home


def line_for(shell: str) -> str:
    (line,) = re.findall(rf"^.*_MOONSHOT_STATUS_COMPLETE={shell}_source.*$", README, re.MULTILINE)
    return str(line)


def needed(shell: str) -> str:
    return shutil.which(shell) or pytest.skip(f"{shell} is not installed")


class Terminal:
    """An interactive shell in a terminal of its own."""

    def __init__(self, *command: str) -> None:
        self._pid, self._file = pty.fork()
        if self._pid == 0:
            os.execvp(command[0], command)  # noqa: S606

    def type(self, text: str) -> None:
        os.write(self._file, text.encode())

    def wait_for(self, pattern: str) -> str:
        """What was printed, once the pattern is in it."""
        seen, end = "", time.monotonic() + 30
        while not re.search(pattern, seen):
            assert time.monotonic() < end, seen
            if select.select([self._file], [], [], 0.2)[0]:
                seen += os.read(self._file, 4096).decode("utf-8", "replace")
        return seen

    def close(self) -> None:
        os.close(self._file)
        os.waitpid(self._pid, 0)


SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "bind 'set enable-bracketed-paste off'"),
    "zsh": (["zsh", "-f", "-i"], "unset zle_bracketed_paste; autoload -Uz compinit; compinit -uD"),
}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_key_for_completion(folder: Path, shell: str) -> None:
    needed(shell)
    command, preparation = SHELLS[shell]
    terminal = Terminal(*command)
    # The mark is put together by the shell, so that the echo of what is typed does not hold it.
    terminal.type(f"PS1= PS2=; {preparation}; {line_for(shell)}; echo 'rea''dy'\n")
    terminal.wait_for("ready")
    for typed, completed in TYPED.items():
        words = completed.format(other="other.json").split()
        terminal.type(f"moonshot-status {typed.format(other='other.json')}\t")
        time.sleep(0.1)
        # The line becomes the arguments of a command that prints them.
        terminal.type("\x01printf '[%s]' \x05; echo 'do''ne'\n")
        seen = terminal.wait_for("done")
        assert "".join(f"[{word}]" for word in ["moonshot-status", *words]) in seen
    terminal.type("exit\n")
    terminal.close()


def offered(shell: str, typed: str) -> list[str]:
    """What the shell's own completion function offers."""
    line = f"moonshot-status {typed}"
    words = " ".join(f"'{word}'" for word in line.split(" "))
    last = len(line.split(" ")) - 1
    script = {
        "bash": f"COMP_WORDS=({words}) COMP_CWORD={last}; _moonshot_status_completion "
        "moonshot-status 2>/dev/null; printf '%s\\n' \"${COMPREPLY[@]}\"",
        "zsh": "compadd() { printf '%s\\n' $completions }; "
        "_describe() { printf '%s\\n' ${completions_with_descriptions%%:*} }; "
        f"words=({words}) CURRENT={last + 1}; _moonshot_status_completion",
        "fish": f"complete --do-complete '{line}'",
    }[shell]
    # What zsh's completion system would do with the function.
    before = "compdef() { }\n" if shell == "zsh" else ""
    done = subprocess.run(
        [needed(shell), "-c", f"{before}{line_for(shell)}\n{script}"],
        capture_output=True, check=True, text=True, timeout=60,
    )  # fmt: skip
    return [line.partition("\t")[0] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("typed", TYPED)
def test_fish_completes(typed: str) -> None:
    completed = TYPED[typed].format(other="other.json").split()[-1]
    assert offered("fish", typed.format(other="other.json")) == [completed]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_everything_that_can_follow_is_offered(shell: str) -> None:
    assert set(offered(shell, "--region ")) == {"china", "international"}
    assert set(offered(shell, "--show runway,")) == {
        "runway,balance", "runway,pace", "runway,today"
    }  # fmt: skip
    assert {"open", "config", "guard"} <= set(offered(shell, ""))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_name_that_means_something_to_a_shell_is_not_offered(folder: Path, shell: str) -> None:
    assert sorted(offered(shell, "--account ")) == ["all", "cn", "work"]
    assert not list(folder.rglob("pwned"))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_broken_file_offers_no_accounts(
    run: Run, own_file: Callable[[Any], Path], monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    own_file("{")
    monkeypatch.setenv("_MOONSHOT_STATUS_COMPLETE", f"{shell}_complete")
    monkeypatch.setenv("COMP_WORDS", "moonshot-status --account ")
    monkeypatch.setenv("COMP_CWORD", "" if shell == "fish" else "2")
    done = run()
    assert (done.stderr, done.returncode) == (b"", 0)
    assert done.stdout.split() in ([b"plain,all"], [b"plain", b"all", b"_"])


def test_a_remembered_reply_is_no_completion(
    run: Run,
    server: object,
    own_file: Callable[[Any], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own_file({"api_key": KEY})
    assert run().stdout == run().stdout == b"$49.58\n"
    monkeypatch.setenv("_MOONSHOT_STATUS_COMPLETE", "fish_source")
    assert b"string split --max 1" in run().stdout
    monkeypatch.delenv("_MOONSHOT_STATUS_COMPLETE")
    assert run().stdout == b"$49.58\n"
