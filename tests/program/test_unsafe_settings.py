"""A settings file that somebody else can write runs no command and leads to no host."""

from __future__ import annotations

import json
import os
import pwd
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit.official_proxy import official_proxy
from kit.support import KEY, Recorder, Run, balance

from moonshot_status.config import file_trust
from moonshot_status.polling import demo

OwnFile = Callable[[Any], Path]
Patch = pytest.MonkeyPatch
IS_ROOT = os.geteuid() == 0
AS_ROOT = pytest.mark.skipif(not IS_ROOT, reason="only root can give files away")
STRANGER = 54321


def as_dotfiles(file: Path) -> Path:
    """Move the file into a repository, and leave a symlink to it."""
    target = file.parents[2] / "dotfiles" / "moonshot.json"
    target.parent.mkdir()
    file.rename(target)
    file.symlink_to(target)
    return target


def through_folder_of_others(file: Path) -> None:
    """Lead to the file's folder by a link in a folder that everybody can write."""
    shared, folder = file.parents[2] / "shared", file.parent
    shared.mkdir()
    (shared / "link").symlink_to(folder.rename(folder.with_name("elsewhere")))
    folder.symlink_to(shared / "link")
    shared.chmod(0o777)


def real_group(file: Path) -> None:
    """Give the file to a group that is the own one of a user of this machine."""
    user = next(user for user in pwd.getpwall() if user.pw_uid)
    os.chown(file, 0, user.pw_gid)
    file.chmod(0o664)


def open_to_group(monkeypatch: Patch, path: Path, mode: int, *, shared: bool) -> None:
    """Let a group write that has other members, or none."""
    monkeypatch.setattr(file_trust, "has_other_members", lambda *_: shared)
    path.chmod(mode)


def empty_group(file: Path) -> None:
    """Give the file to a group that nobody is in."""
    os.chown(file, 0, STRANGER)
    file.chmod(0o664)


# How somebody else can write the file, or replace it; with the path that the message names.
UNSAFE: dict[str, Any] = {
    "others": lambda file, _: file.chmod(0o606),
    "group with members": lambda file, patch: open_to_group(patch, file, 0o664, shared=True),
    "folder of others": lambda file, _: file.parent.chmod(0o707),
    "folder of a group": lambda file, patch: open_to_group(patch, file.parent, 0o770, shared=True),
    "repository of others": lambda file, _: as_dotfiles(file).parent.chmod(0o707),
    "link through a folder of others": lambda file, _: through_folder_of_others(file),
    "link in a folder of others": lambda file, _: as_dotfiles(file) and file.parent.chmod(0o707),
}
UNSAFE_AS_ROOT: dict[str, Any] = {
    "owner, who is not root": lambda file, _: os.chown(file, STRANGER, 0),
    "owner of the folder": lambda file, _: os.chown(file.parent, STRANGER, 0),
    "owner of the link": lambda file, _: as_dotfiles(file) and os.lchown(file, STRANGER, 0),
    "group with real members": lambda file, _: real_group(file),
}
SAFE: dict[str, Any] = {
    "mine": lambda file, _: file.chmod(0o600),
    "readable": lambda file, _: file.chmod(0o644),
    "group without members": lambda file, patch: open_to_group(patch, file, 0o664, shared=False),
    "folder of such a group": lambda file, patch: open_to_group(
        patch, file.parent, 0o775, shared=False
    ),
    "sticky folder": lambda file, _: file.parent.chmod(0o1777),
    "repository": lambda file, _: as_dotfiles(file),
    "folder above": lambda file, _: file.parents[1].chmod(0o777),
}
SAFE_AS_ROOT: dict[str, Any] = {"group that nobody is in": lambda file, _: empty_group(file)}


def cases(portable: dict[str, Any], as_root: dict[str, Any]) -> list[Any]:
    return [
        *(pytest.param(how, id=name) for name, how in portable.items()),
        *(pytest.param(how, id=name, marks=AS_ROOT) for name, how in as_root.items()),
    ]


unsafe = pytest.mark.parametrize("make", cases(UNSAFE, UNSAFE_AS_ROOT))
safe = pytest.mark.parametrize("make", cases(SAFE, SAFE_AS_ROOT))


@pytest.fixture
def key_command(tmp_path: Path) -> list[str]:
    """A key command that leaves a mark."""
    return ["sh", "-c", f"echo x >> '{tmp_path}/ran'; echo {KEY}"]


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """The mark of the key command."""
    return tmp_path / "ran"


@pytest.fixture
def named(
    key_command: list[str], server: demo.Server, own_file: OwnFile, monkeypatch: Patch
) -> Path:
    """A file with an account that needs a command and one that needs none, both with addresses."""
    monkeypatch.delenv("MOONSHOT_BASE_URL")
    accounts = {
        "command": {"api_key_command": key_command},
        "url": {"api_key": KEY, "base_url": server.base_url},
    }
    file = own_file({"base_url": server.base_url, "accounts": accounts})
    file.chmod(0o600)
    return file


def problem_of(invoke: Run, *arguments: str) -> Any:
    done = invoke("--format", "json", *arguments)
    return json.loads(done.stdout)["problem"]


@unsafe
def test_no_key_command_runs_and_no_request_is_made(
    invoke: Run, server: demo.Server, named: Path, ran: Path, monkeypatch: Patch, make: Any
) -> None:
    make(named, monkeypatch)
    for account in ("command", "url"):
        problem = problem_of(invoke, "--account", account)
        assert problem["kind"] == "config"
        assert str(named.parents[2]) in problem["message"]
        assert any(line in problem["hint"] for line in ("Run: chmod go-w ", "as that user"))
    assert b"bad settings" in invoke("--format", "waybar").stdout
    assert b"bad settings" in invoke("--format", "plain", "--account", "all").stdout
    assert server.requests == []
    assert not ran.exists()


@safe
def test_what_nobody_else_can_write_works(
    invoke: Run, server: demo.Server, named: Path, ran: Path, monkeypatch: Patch, make: Any
) -> None:
    make(named, monkeypatch)
    for account in ("command", "url"):
        assert invoke("--account", account).stdout == b"$49.58\n"
    assert len(server.requests) == 2
    assert ran.exists()
    assert invoke("config", "validate").returncode == 0
    findings = json.loads(invoke("doctor", "--json").stdout)["findings"]
    wrong = [f["fact"] for f in findings if f["name"] == "file mode" and f["state"] == "wrong"]
    assert not [fact for fact in wrong if "others can read" not in fact]


@unsafe
def test_every_command_says_so(
    invoke: Run, server: demo.Server, named: Path, ran: Path, monkeypatch: Patch, make: Any
) -> None:
    make(named, monkeypatch)
    message = problem_of(invoke)["message"]
    hint = problem_of(invoke)["hint"]
    done = invoke("config", "validate")
    assert (done.returncode, f"{message}. {hint}" in done.stdout.decode()) == (1, True)
    step = done.stderr.decode().splitlines()[-1].removeprefix("Next: ")
    assert hint.startswith((f"Run: {step} (", "R" + step.removeprefix("r")))
    shown = invoke("config", "show")
    assert (shown.returncode, message in shown.stderr.decode()) == (1, True)
    assert shown.stderr.decode().splitlines()[-1] == f"Next: {step}"
    checked = invoke("doctor").stdout.decode()
    home = os.environ["HOME"]
    assert f"✗ file mode       {message.replace(home, '~')}" in checked
    assert checked.count(hint) == 1
    assert "· key             not tried: the settings are wrong" in checked
    done = invoke("config", "set", "max_age", "60")
    assert (done.returncode, message in done.stderr.decode()) == (1, True)
    done = invoke("setup", "--yes", "--key-stdin", "xbar", stdin=KEY.encode())
    assert (done.returncode, message in done.stderr.decode()) == (1, True)
    assert server.requests == []
    assert not ran.exists()


@unsafe
def test_a_plain_key_at_the_official_host_still_works(
    invoke: Run, own_file: OwnFile, tmp_path: Path, monkeypatch: Patch, make: Any
) -> None:
    file = own_file({"api_key": KEY})
    make(file, monkeypatch)
    with (
        demo.serving(balance("49.58894"), (KEY,)) as server,
        official_proxy(server, monkeypatch, tmp_path),
    ):
        assert invoke().stdout == b"$49.58\n"
        assert invoke("config", "validate").returncode == 0
        # doctor reports it all the same.
        assert "✗ file mode" in invoke("doctor").stdout.decode()


@unsafe
def test_the_notification_command_does_not_run_and_is_pointed_out(
    invoke: Run, low: demo.Server, recorder: Recorder, monkeypatch: Patch, make: Any
) -> None:
    """The key is in the environment, so the balance is shown."""
    file = recorder.settings()
    make(file, monkeypatch)
    shown = invoke("--format", "waybar").stdout.decode()
    assert "$4.20" in shown
    assert "notify_command is ignored. " in shown
    assert recorder.notifications() == []
    shown = invoke("config", "show")
    assert "notify_command is ignored. " in shown.stderr.decode()
    assert re.search(r"^notify_command +–  +ignored$", shown.stdout.decode(), re.MULTILINE)
    assert "! settings        notify_command is ignored" in invoke("doctor").stdout.decode()
    low.stop()
    hint = problem_of(invoke, "--refresh")["hint"]
    assert "notify_command is ignored. " in hint


def test_a_notification_command_runs_again_when_the_file_is_safe(
    invoke: Run, low: demo.Server, recorder: Recorder
) -> None:
    file = recorder.settings()
    file.chmod(0o666)
    invoke()
    file.chmod(0o644)
    invoke()
    assert len(recorder.notifications()) == 1


def test_the_same_problem_is_told_once(
    invoke: Run, own_file: OwnFile, key_command: list[str]
) -> None:
    own_file({"api_key_command": key_command, "notify_command": key_command}).chmod(0o666)
    assert "notify_command" not in problem_of(invoke)["hint"]
    assert invoke("doctor").stdout.decode().count("Other users can write") == 1


def test_a_folder_that_is_safe_again_is_noticed_at_once(invoke: Run, named: Path) -> None:
    named.parent.chmod(0o777)
    assert "bad settings" in invoke("--format", "waybar").stdout.decode()
    named.parent.chmod(0o755)
    assert "49.58" in invoke("--format", "waybar").stdout.decode()


def test_the_file_of_config_and_a_pipe(
    invoke: Run, server: demo.Server, tmp_path: Path, key_command: list[str], ran: Path
) -> None:
    text = json.dumps({"api_key_command": key_command, "base_url": server.base_url})
    file = tmp_path / "mine.json"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o606)
    assert problem_of(invoke, "--config", str(file))["hint"].startswith(f"Run: chmod go-w {file} (")
    assert not ran.exists()
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    done = invoke("--config", f"/dev/fd/{reading}")
    os.close(reading)
    assert done.stdout == b"$49.58\n"


def set_up(invoke: Run, *arguments: str) -> tuple[int, str]:
    done = invoke("setup", "--yes", *arguments, "xbar", stdin=KEY.encode())
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize("place", ["file", "folder", pytest.param("owner", marks=AS_ROOT)])
def test_setup_verifies_what_bars_will_read(
    invoke: Run, own_file: OwnFile, tmp_path: Path, monkeypatch: Patch, key_command: list[str],
    ran: Path, place: str,
) -> None:  # fmt: skip
    """A mode is mended when the file is written, and an owner is not."""
    file = own_file({"max_age": 60})
    if place == "owner":
        os.chown(file, STRANGER, 0)
    else:
        {"file": file, "folder": file.parent}[place].chmod(0o707)
    with (
        demo.serving(balance("49.58894"), (KEY,)) as server,
        official_proxy(server, monkeypatch, tmp_path),
    ):
        status, told = set_up(invoke, "--key-command", shlex.join(key_command))
        assert (status, ran.exists()) == ((0, True) if place == "file" else (1, False))
        assert ("Nothing is written." in told) == (status == 1)
        # A plain key works in any file.
        assert set_up(invoke, "--key-stdin")[0] == 0
        assert invoke().stdout == b"$49.58\n"
