"""Completion: what click is told within this process, and the shells with the README's lines."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit.support import KEY, PROGRAM, REPOSITORY, Run
from kit.terminal import Terminal

from moonshot_status.polling import demo

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
# What is typed before the key for completion is pressed, and what the last word then is.
TYPED = {
    "--form": "--format",
    "--format wa": "waybar",
    "--region ch": "china",
    "--demo rate": "rate-limited",
    "--show ru": "runway",
    "--show balance,ru": "balance,runway",
    "--show today,runway,p": "today,runway,pace",
    "--account wo": "work",
    "--account work,c": "work,cn",
    "--config other.json --account el": "elsewhere",
    "gua": "guard",
    "guard --mi": "--min",
    "config vali": "validate",
    "config set thresholds.w": "thresholds.warning",
    "--account work config unset max": "max_age",
    "config forget wo": "work",
    "--config other.json config forget el": "elsewhere",
    "--config oth": "other.json",
}
# Those in which the shells' own part differs: commas, a file, a word of a subcommand.
DIFFERENT = ["--show today,runway,p", "--config oth", "config set thresholds.w"]
HOSTILE = ["$(touch pwned)", "; touch pwned", "`touch pwned`", "*", "a b", "x\nplain,evil", "-x",
           "x'", 'x"', "wörk", "a,b", "\x1b[31m"]  # fmt: skip
SHELLS = ("bash", "zsh", "fish")
LINES = [
    pytest.param(DIFFERENT, id="a few lines"),
    pytest.param(list(TYPED), id="every line", marks=pytest.mark.slow),
]


@pytest.fixture(autouse=True)
def folder(home: Path, own_file: Callable[[Any], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with accounts of all kinds of names, and the program in the path."""
    own_file({"accounts": {name: {} for name in ["work", "cn", *HOSTILE]}})
    (home / "other.json").write_text(json.dumps({"accounts": {"elsewhere": {}}}), encoding="utf-8")
    monkeypatch.setenv("PATH", f"{Path(PROGRAM[0]).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.chdir(home)
    return home


# Within this process.

Complete = Callable[[str, str], list[str]]


@pytest.fixture
def complete(invoke: Run, monkeypatch: pytest.MonkeyPatch) -> Complete:
    """Return the words that a shell is given for what is typed behind the program's name."""

    def complete(shell: str, typed: str) -> list[str]:
        words = ["moonshot-status", *typed.split(" ")]
        with monkeypatch.context() as patch:
            patch.setenv("_MOONSHOT_STATUS_COMPLETE", f"{shell}_complete")
            patch.setenv("COMP_WORDS", " ".join(words))
            patch.setenv("COMP_CWORD", words[-1] if shell == "fish" else str(len(words) - 1))
            done = invoke()
        assert (done.stderr, done.returncode) == (b"", 0)
        lines = done.stdout.decode().splitlines()
        if shell == "zsh":  # three lines for each word: its type, the word and its help
            return lines[1::3]
        return [line.partition(",")[2].partition("\t")[0] for line in lines]

    return complete


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_is_given_the_word(complete: Complete, shell: str) -> None:
    # Files are completed by the shell itself.
    for typed in [typed for typed in TYPED if typed != "--config oth"]:
        assert complete(shell, typed) == [TYPED[typed]], typed


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_is_given_everything_that_can_follow(complete: Complete, shell: str) -> None:
    assert set(complete(shell, "--region ")) == {"china", "international"}
    assert set(complete(shell, "--show runway,")) == {
        "runway,balance", "runway,pace", "runway,today"
    }  # fmt: skip
    assert {"open", "config", "guard"} <= set(complete(shell, ""))


@pytest.mark.parametrize("shell", SHELLS)
def test_no_shell_is_given_a_name_that_means_something_to_it(
    complete: Complete, shell: str
) -> None:
    assert sorted(complete(shell, "--account ")) == ["all", "cn", "work"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_broken_file_offers_no_accounts(
    complete: Complete, own_file: Callable[[Any], Path], shell: str
) -> None:
    own_file("{")
    assert complete(shell, "--account ") == ["all"]


def test_a_cached_reply_is_no_completion(
    invoke: Run,
    server: demo.Server,
    own_file: Callable[[Any], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own_file({"api_key": KEY, "base_url": server.base_url})
    assert invoke().stdout == invoke().stdout == b"$49.58\n"
    monkeypatch.setenv("_MOONSHOT_STATUS_COMPLETE", "fish_source")
    assert b"string split --max 1" in invoke().stdout
    monkeypatch.delenv("_MOONSHOT_STATUS_COMPLETE")
    assert invoke().stdout == b"$49.58\n"


# In the shells.


def needed(shell: str) -> str:
    return shutil.which(shell) or pytest.skip(f"{shell} is not installed")


def line_for(shell: str) -> str:
    """Return the line that the README gives for the shell."""
    (line,) = re.findall(rf"^.*_MOONSHOT_STATUS_COMPLETE={shell}_source.*$", README, re.MULTILINE)
    return str(line)


INTERACTIVE = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "bind 'set enable-bracketed-paste off'"),
    "zsh": (["zsh", "-f", "-i"], "unset zle_bracketed_paste; autoload -Uz compinit; compinit -uD"),
}


@pytest.mark.parametrize("shell", INTERACTIVE)
@pytest.mark.parametrize("lines", LINES)
def test_the_key_for_completion(shell: str, lines: list[str]) -> None:
    needed(shell)
    command, preparation = INTERACTIVE[shell]
    terminal = Terminal(*command)
    # The mark is put together by the shell, so that the echo of what is typed does not hold it.
    terminal.type(f"PS1= PS2=; {preparation}; {line_for(shell)}; echo 'rea''dy'\n")
    terminal.wait_for("ready")
    for typed in lines:
        before, _, begun = typed.rpartition(" ")
        terminal.type(f"moonshot-status {typed}")
        terminal.wait_for(re.escape(begun))
        terminal.type("\t")
        terminal.wait_for(re.escape(TYPED[typed].removeprefix(begun)))
        # The line becomes the arguments of a command that prints them.
        terminal.type("\x01printf '[%s]' \x05; echo 'do''ne'\n")
        seen = terminal.wait_for("done")
        words = ["moonshot-status", *before.split(), TYPED[typed]]
        assert "".join(f"[{word}]" for word in words) in seen
    terminal.type("exit\n")
    terminal.close()


def offered(shell: str, *lines: str) -> list[list[str]]:
    """Return what the shell's own completion function offers for each line, in one shell."""
    # What zsh's completion system would do with the function.
    scripts = ["compdef() { }" if shell == "zsh" else "", line_for(shell)]
    for typed in lines:
        line = f"moonshot-status {typed}"
        words = " ".join(f"'{word}'" for word in line.split(" "))
        last = len(line.split(" ")) - 1
        scripts.append({
            "bash": f"COMP_WORDS=({words}) COMP_CWORD={last}; _moonshot_status_completion "
            "moonshot-status 2>/dev/null; printf '%s\\n' \"${COMPREPLY[@]}\"",
            "zsh": "compadd() { printf '%s\\n' $completions }; "
            "_describe() { printf '%s\\n' ${completions_with_descriptions%%:*} }; "
            f"words=({words}) CURRENT={last + 1}; _moonshot_status_completion",
            "fish": f"complete --do-complete '{line}'",
        }[shell])  # fmt: skip
        scripts.append("echo /")
    done = subprocess.run(
        [needed(shell), "-c", "\n".join(scripts)],
        capture_output=True, check=True, text=True, encoding="utf-8", timeout=300,
    )  # fmt: skip
    groups = done.stdout.split("/\n")[:-1]
    return [[line.partition("\t")[0] for line in group.splitlines()] for group in groups]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shells_function_offers_words_and_runs_none(folder: Path, shell: str) -> None:
    assert [sorted(names) for names in offered(shell, "--account ")] == [["all", "cn", "work"]]
    assert not list(folder.rglob("pwned"))


@pytest.mark.parametrize("lines", LINES)
def test_fish_completes(lines: list[str]) -> None:
    assert offered("fish", *lines) == [[TYPED[typed]] for typed in lines]
