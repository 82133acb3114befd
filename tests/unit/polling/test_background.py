"""A reply from a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from moonshot_status.formats import Reply
from moonshot_status.polling import background

REPLY = Reply("$1.00\n", 33, "a note\n", 1.5)
SCRIPT = f"""
import os, sys, time
from {background.__name__} import Reply, reply_within

name, folder = sys.argv[1:]

def make():
    if name == "fails":
        raise RuntimeError("sk-secret")
    print("printed", flush=True)
    if name == "late":
        os.read(waiting, 1)
    facts = [os.getsid(0) == os.getpid(), os.getppid() == parent, sorted(os.listdir("/dev/fd"))]
    facts += [os.path.realpath(f"/dev/fd/{{n}}") for n in (0, 1, 2)]
    open(f"{{folder}}/new", "w", encoding="utf-8").write(repr(facts))
    os.rename(f"{{folder}}/new", f"{{folder}}/facts")
    return {REPLY!r}

parent = os.getpid()
waiting, finish = os.pipe()
if name == "late":
    os.dup2(waiting, 0)
    null = os.open(os.devnull, os.O_RDONLY)
print(reply_within(0 if name == "late" else 60, make))
"""


def run(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the script in a process of its own, because this one may have threads."""
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, name, str(folder)],
        capture_output=True, timeout=120, check=False, encoding="utf-8",
    )  # fmt: skip


def test_the_reply_comes_from_a_session_that_inherits_nothing(tmp_path: Path) -> None:
    with open(tmp_path / "kept open by the bar", "wb") as file:
        os.set_inheritable(file.fileno(), True)
        done = run("works", tmp_path)
    assert (done.stdout, done.stderr) == (f"{REPLY}\n", "")
    leads_session, is_child, descriptors, *streams = eval(  # noqa: S307 - written by the script
        (tmp_path / "facts").read_text(encoding="utf-8")
    )
    assert leads_session
    assert is_child
    # The three streams, the pipe to the parent, and the one that lists the folder.
    assert len(descriptors) == 5
    assert streams == [os.devnull] * 3


def test_a_process_that_fails_has_no_reply(tmp_path: Path) -> None:
    done = run("fails", tmp_path)
    assert (done.stdout, done.stderr) == ("None\n", "")


def test_what_takes_longer_goes_on_alone(tmp_path: Path) -> None:
    done = run("late", tmp_path)
    assert (done.stdout, done.stderr) == ("None\n", "")


def test_without_a_process_this_one_makes_the_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refuse)
    assert background.reply_within(0, lambda: REPLY) == REPLY


PROGRAM = "import sys; print(sys.argv[1:], 1); print('a warning', file=sys.stderr); sys.exit(33)"


@pytest.mark.parametrize("script", [PROGRAM, "import time; time.sleep(60)", ""])
def test_where_a_fork_is_not_safe_the_command_line_is_run_again(
    monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Popen(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *arguments: object, **more: object) -> None:
            super().__init__(*arguments, **more)  # type: ignore[call-overload]
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Popen)
    monkeypatch.setattr(background, "CAN_FORK", False)
    monkeypatch.setattr(sys, "orig_argv", ["python", "-c", script, "--format", "waybar"])
    reply = background.reply_within(0.5 if "sleep" in script else 60, lambda: REPLY)
    (process,) = started
    if script == PROGRAM:
        assert reply == Reply("['--format', 'waybar', '--wait', '3600.0'] 1\n", 33)
    else:
        assert reply is None
    assert process.stdout
    process.stdout.close()
    process.kill()
    process.wait()
