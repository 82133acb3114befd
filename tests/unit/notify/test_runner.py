"""The supervisor of the notification command, for which nobody waits."""

from __future__ import annotations

import os
import runpy
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from kit.support import ends_within, written_number

import moonshot_status
from moonshot_status.core import process
from moonshot_status.notify import runner

STDIN = b'{"version": 1}\n'


def shell(script: str, folder: Path) -> list[str]:
    """A command that runs in this folder."""
    return ["sh", "-c", f"cd {shlex.quote(str(folder))}; {script}"]


def run_to_end(command: Sequence[str], stdin: bytes = STDIN, **more: str) -> int:
    """Start the command, wait for its supervisor, and return the supervisor's exit status."""
    environment = {**os.environb, **{n.encode(): v.encode() for n, v in more.items()}}
    _, status = os.waitpid(runner.start(command, environment, stdin), 0)
    return os.waitstatus_to_exitcode(status)


@pytest.fixture
def supervisors(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Process groups to kill at the end of the test, each with the supervisor as its leader."""
    groups: list[int] = []
    yield groups
    for group in groups:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGTERM)
        os.waitpid(group, 0)


def test_the_command_gets_its_input_and_environment(tmp_path: Path, home: Path) -> None:
    script = 'cat > input; echo "$NAME" > name'
    assert run_to_end(shell(script, tmp_path), NAME="¥ 'x'") == 0
    assert (tmp_path / "input").read_bytes() == STDIN
    assert (tmp_path / "name").read_text(encoding="utf-8") == "¥ 'x'\n"


def test_it_runs_in_the_home_folder(home: Path) -> None:
    (home / "bin").mkdir()
    (home / "bin" / "notice").write_text("#!/bin/sh\npwd > here\n")
    (home / "bin" / "notice").chmod(0o700)
    run_to_end(["~/bin/notice"])
    assert (home / "here").read_text() == f"{home}\n"


@pytest.mark.parametrize("home", ["/nowhere", "/dev/null", "relative", ""])
def test_without_a_home_folder_it_runs_in_the_root(tmp_path: Path, home: str) -> None:
    place = tmp_path / "place"
    run_to_end(["sh", "-c", f"pwd > {shlex.quote(str(place))}"], HOME=home)
    assert place.read_text() == "/\n"


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    program = f"import sys; open({str(tmp_path / 'words')!r}, 'w').write(repr(sys.argv[1:]))"
    run_to_end([sys.executable, "-c", program, "$HOME;*`x`", "a b", "-I", "", "--"])
    assert (tmp_path / "words").read_text() == repr(["$HOME;*`x`", "a b", "-I", "", "--"])


HOSTILE = ("subprocess", "sitecustomize", "usercustomize", "signal", "pathlib", "typing")


def test_no_module_of_the_users_replaces_one_of_pythons(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (tmp_path, home):
        for name in HOSTILE:
            (folder / f"{name}.py").write_text("raise SystemExit(3)\n")
    monkeypatch.chdir(home)
    assert run_to_end(shell('echo "$PYTHONPATH" > ran', tmp_path), PYTHONPATH=str(tmp_path)) == 0
    assert (tmp_path / "ran").read_text() == f"{tmp_path}\n"


def test_it_finds_the_package_beside_modules_that_replace_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interpreter has no site-packages with this package, as where it is only on the path."""
    source = Path(moonshot_status.__file__).parent
    package = tmp_path / "lib" / source.name
    for name in ("__init__.py", "core", "notify"):
        copy = shutil.copytree if (source / name).is_dir() else shutil.copy
        package.mkdir(parents=True, exist_ok=True)
        copy(source / name, package / name)
    for name in HOSTILE:
        (package.parent / f"{name}.py").write_text("raise SystemExit(3)\n")
    monkeypatch.setattr(sys, "executable", sys._base_executable)  # type: ignore[attr-defined]
    monkeypatch.setattr(runner, "_SCRIPT", package / "notify" / "runner.py")
    assert run_to_end(shell("echo x > ran", tmp_path)) == 0
    assert (tmp_path / "ran").exists()


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
def test_whatever_the_command_does_it_runs_once(tmp_path: Path, script: str) -> None:
    assert run_to_end(shell(f"echo x >> ran; {script}; echo y >> ran", tmp_path)) == 0
    ends_early = script.startswith(("exit", "kill"))
    assert (tmp_path / "ran").read_text() == ("x\n" if ends_early else "x\ny\n")


@pytest.mark.parametrize("command", ["/no/such/canary", "no-such-canary", "/", " "])
def test_a_command_that_cannot_be_started_fails_in_the_supervisor(command: str) -> None:
    assert run_to_end([command]) == 1


@pytest.mark.parametrize(
    ("command", "stdin"),
    [(["a", "\ud800"], STDIN), (["a\0"], STDIN), (["true"], b"x" * (1 << 21))],
)
def test_what_cannot_be_passed_on_is_an_error_and_leaves_no_open_file(
    command: list[str], stdin: bytes
) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(3):
        with pytest.raises((OSError, ValueError)):
            runner.start(command, {}, stdin)
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_the_supervisor_has_its_own_session_and_nobody_waits_for_the_command(
    tmp_path: Path, supervisors: list[int]
) -> None:
    command = shell("echo $$ > number; exec sleep 60", tmp_path)
    supervisors.append(runner.start(command, os.environb, STDIN))
    assert os.getsid(supervisors[0]) == supervisors[0]
    os.kill(written_number(tmp_path / "number"), 0)
    assert os.waitpid(supervisors[0], os.WNOHANG) == (0, 0)
    if sys.platform == "linux":
        # In another folder it would keep a file system from being unmounted.
        assert str(Path(f"/proc/{supervisors[0]}/cwd").readlink()) == "/"


def test_the_command_holds_no_open_file_of_the_caller(
    tmp_path: Path, supervisors: list[int]
) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    command = shell("echo $$ > number; exec sleep 60", tmp_path)
    supervisors.append(runner.start(command, os.environb, STDIN))
    os.close(writing)
    written_number(tmp_path / "number")
    os.set_blocking(reading, False)
    assert os.read(reading, 1) == b""
    os.close(reading)


@pytest.mark.parametrize("script", ["sleep 60", "trap '' TERM HUP INT; sleep 60", "kill -STOP $$"])
def test_the_command_is_killed_at_the_time_limit(tmp_path: Path, script: str) -> None:
    began = time.monotonic()
    runner.run(shell(f"echo $$ > number; {script}", tmp_path), 0.4)
    assert 0.4 <= time.monotonic() - began < 40
    assert ends_within(30, written_number(tmp_path / "number"))


@pytest.mark.parametrize("end", ["wait", "exit"])
def test_the_whole_process_group_is_killed_at_the_limit(tmp_path: Path, end: str) -> None:
    command = shell(f"echo $$ > child; (sleep 60 & echo $! > grandchild; wait) & {end}", tmp_path)
    runner.run(command, 0.6)
    assert ends_within(30, written_number(tmp_path / "child"))
    assert ends_within(30, written_number(tmp_path / "grandchild"))


def test_what_the_command_leaves_running_has_the_rest_of_the_time(tmp_path: Path) -> None:
    runner.run(shell("(sleep 0.3; echo x > late) &", tmp_path), 60)
    assert (tmp_path / "late").exists()


def test_a_signal_to_the_supervisor_ends_the_command(tmp_path: Path) -> None:
    command = shell("echo $$ > number; exec sleep 60", tmp_path)
    supervisor = runner.start(command, os.environb, STDIN)
    number = written_number(tmp_path / "number")
    os.kill(supervisor, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(supervisor, 0)[1]) == -signal.SIGTERM
    assert ends_within(30, number)


def test_a_command_that_cannot_be_killed_is_left_running(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "killpg", refuse)
    began = time.monotonic()
    runner.run(["sleep", "30"], 0.2)
    runner.run(["true"], 20)
    assert time.monotonic() - began < 15


def test_the_script_runs_its_arguments_for_at_most_ten_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[tuple[Sequence[str], float]] = []
    monkeypatch.setattr(
        process, "run", lambda command, seconds, **_: calls.append((command, seconds))
    )
    monkeypatch.setattr(sys, "argv", ["runner", "a", "b c"])
    monkeypatch.setattr(sys, "path", [*sys.path])
    runpy.run_path(runner.__file__, run_name="__main__")
    assert calls == [(["a", "b c"], 10.0)]
