"""The files that users copy, run as the bars run them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from kit.support import KEY, PROGRAM, REPOSITORY, Run

from moonshot_status.formats import prometheus
from moonshot_status.polling import demo

FOLDER = REPOSITORY / "integrations"
# What a bar that was started by a display manager, or by launchd, gives to its children.
BARE_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"


@pytest.fixture
def installed(home: Path, server: demo.Server) -> Path:
    """The program in ~/.local/bin, and its key in the settings file alone."""
    (home / ".local" / "bin").mkdir(parents=True)
    (home / ".local" / "bin" / "moonshot-status").symlink_to(PROGRAM[0])
    folder = home / ".config" / "moonshot-status"
    folder.mkdir(parents=True)
    settings = {"region": "china", "api_key": KEY, "base_url": server.base_url}
    (folder / "config.json").write_text(json.dumps(settings))
    return home


@pytest.fixture
def used(installed: Path, invoke: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same with a balance in the store, from one request."""
    with monkeypatch.context() as patch:
        patch.delenv("MOONSHOT_API_KEY")
        patch.delenv("MOONSHOT_BASE_URL")
        assert invoke().stdout == "¥49.58\n".encode()
    return installed


def in_a_bar(home: Path, command: list[str], **more: str | bytes) -> bytes:
    environment = {"HOME": str(home), "PATH": BARE_PATH, "TZ": "UTC", **more}
    done = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60)
    assert done.stderr == b""
    return done.stdout


def waybar_module(file: str = "moonshot.jsonc") -> dict[str, str]:
    text = (FOLDER / "waybar" / file).read_text(encoding="utf-8")
    module: dict[str, str] = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))[
        "custom/moonshot"
    ]
    return module


def test_waybars_module_shows_the_balance(installed: Path) -> None:
    shown = json.loads(in_a_bar(installed, ["sh", "-c", waybar_module()["exec"]]))
    assert shown["text"] == "¥49.58"
    assert waybar_module()["return-type"] == "json"


def test_i3blocks_block_shows_the_balance_and_refreshes(used: Path, server: demo.Server) -> None:
    block = str(FOLDER / "i3blocks" / "moonshot")
    assert in_a_bar(used, [block], BLOCK_BUTTON="").decode() == "¥49.58\n¥49\n"
    in_a_bar(used, [block])
    assert len(server.requests) == 1
    in_a_bar(used, [block], BLOCK_BUTTON="3")
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("name", "command"), [("xbar", "shell="), ("swiftbar", "shell="), ("argos", "bash=")]
)
def test_a_plugin_shows_the_balance(used: Path, name: str, command: str) -> None:
    menu = in_a_bar(used, [str(FOLDER / name / "moonshot.1m.sh")]).decode()
    assert menu.startswith("¥49.58 |")
    program = re.escape(f"{used}/.local/bin/moonshot-status")
    assert re.search(rf"{command}[\"']*{program}", menu)


def test_polybars_module_shows_the_balance(used: Path) -> None:
    text = (FOLDER / "polybar" / "moonshot.ini").read_text(encoding="utf-8")
    commands = dict(re.findall(r"^(exec|click-\w+) = (.+)$", text, re.MULTILINE))
    assert in_a_bar(used, ["sh", "-c", commands["exec"]]).decode() == "¥49.58\n"
    assert in_a_bar(used, ["sh", "-c", commands["click-right"]]) == b""
    assert in_a_bar(used, ["sh", "-c", commands["click-middle"]]) == b""
    assert in_a_bar(used, ["sh", "-c", commands["exec"]]) == b"ok\n"


def test_tmuxs_command_shows_the_balance(used: Path) -> None:
    (command,) = re.findall(
        r"#\((.+)\)'", (FOLDER / "tmux" / "moonshot.conf").read_text(encoding="utf-8")
    )
    assert not set(command) & set(")%'")
    assert in_a_bar(used, ["sh", "-c", command]).decode() == "¥49.58\n"


def test_sketchybar_gets_the_label_as_one_argument(
    used: Path, server: demo.Server, tmp_path: Path
) -> None:
    bar = used / ".local" / "bin" / "sketchybar"
    bar.write_text(f"#!/bin/sh\nprintf '%s\\0' \"$@\" > '{tmp_path}/words'\n")
    bar.chmod(0o700)
    script = str(FOLDER / "sketchybar" / "moonshot.sh")
    for clicked in ({}, {"SENDER": "mouse.clicked", "BUTTON": "right"}):
        assert in_a_bar(used, [script], NAME="moonshot", **clicked) == b""
        words = (tmp_path / "words").read_text(encoding="utf-8").split("\0")
        assert words == ["--set", "moonshot", "label=¥49.58", ""]
    assert len(server.requests) == 2
    (used / ".local" / "bin" / "moonshot-status").unlink()
    in_a_bar(used, [script], NAME="moonshot")
    assert "not installed" in (tmp_path / "words").read_text(encoding="utf-8")


def test_i3status_rusts_block_shows_the_balance(used: Path, server: demo.Server) -> None:
    text = (FOLDER / "i3status-rust" / "moonshot.toml").read_text(encoding="utf-8")
    commands = re.findall(r"^(?:command|cmd) = '(.+)'$", text, re.MULTILINE)
    show, _, refresh, hide = (["sh", "-c", command] for command in commands)
    assert json.loads(in_a_bar(used, show))["text"] == "¥49.58"
    assert in_a_bar(used, refresh) == b""
    assert len(server.requests) == 2
    assert in_a_bar(used, hide) == b""
    assert json.loads(in_a_bar(used, show))["text"] == "ok"


@pytest.mark.parametrize(
    "path",
    [
        "argos/moonshot.1m.sh", "i3blocks/moonshot", "i3blocks/moonshot-stream",
        "template/moonshot", "xbar/moonshot.1m.sh", "swiftbar/moonshot.1m.sh",
        "swiftbar/moonshot-stream.sh",
    ],
)  # fmt: skip
def test_a_missing_program_is_reported_in_the_bar(home: Path, path: str) -> None:
    assert b"not installed" in in_a_bar(home, [str(FOLDER / path)])
    assert os.access(FOLDER / path, os.X_OK)


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        (["sh", "-c", waybar_module("moonshot-stream.jsonc")["exec"]], ['{"text":"¥49.58",']),
        ([str(FOLDER / "i3blocks" / "moonshot-stream")], ['{"full_text": "¥49.58",']),
        ([str(FOLDER / "swiftbar" / "moonshot-stream.sh")], ["~~~", "¥49.58 | "]),
    ],
    ids=["waybar", "i3blocks", "swiftbar"],
)
def test_a_stream_begins_with_the_balance(used: Path, command: list[str], lines: list[str]) -> None:
    environment = {"HOME": str(used), "PATH": BARE_PATH}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout
        for line in lines:
            assert process.stdout.readline().decode().startswith(line)
        process.terminate()
    # It is the program itself, with no shell around it that would keep the bar's end from it.
    assert process.returncode == -signal.SIGTERM


def test_the_modules_differ_in_how_they_run_alone() -> None:
    polls, streams = waybar_module(), waybar_module("moonshot-stream.jsonc")
    assert polls["return-type"] == streams["return-type"] == "json"
    assert polls["format"] == streams["format"]
    assert "interval" not in streams


def test_a_line_of_ones_own_can_be_changed(used: Path) -> None:
    script = str(FOLDER / "template" / "moonshot")
    assert in_a_bar(used, [script]).decode().rstrip() == "¥49.58"
    changed = ["--template", "{account}: {balance} ({level})"]
    assert in_a_bar(used, [script, *changed]).decode() == "default: ¥49.58 (ok)\n"
    assert f'"template": "{changed[1]}"' in (FOLDER / "template" / "README.md").read_text(
        encoding="utf-8"
    )


def test_the_metrics_are_written_beside_and_renamed(used: Path, tmp_path: Path) -> None:
    script = str(FOLDER / "prometheus" / "moonshot-textfile")
    folder = tmp_path / "textfiles"
    folder.mkdir()
    assert in_a_bar(used, [script, str(folder), "--max-age", "60"]) == b""
    (file,) = folder.iterdir()
    assert file.name == "moonshot.prom"
    assert file.stat().st_mode & 0o777 == 0o644
    sample = 'moonshot_balance_available{account="default",region="china",currency="CNY"} 49.58894'
    assert sample in file.read_text(encoding="utf-8").splitlines()


def test_alerts_and_dashboard_speak_of_our_metrics_alone() -> None:
    dashboard = json.loads((FOLDER / "prometheus" / "dashboard.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked.append((FOLDER / "prometheus" / "moonshot.rules.yml").read_text(encoding="utf-8"))
    named = set(re.findall(r"moonshot_\w+", " ".join(asked)))
    assert len(named) >= 5
    assert named <= {f"moonshot_{metric}" for metric in prometheus._HELP}
    readme = (FOLDER / "prometheus" / "README.md").read_text(encoding="utf-8")
    assert all(f"`moonshot_{metric}`" in readme for metric in prometheus._HELP)


def test_the_check_of_nagios_and_of_icinga_is_the_same_program(used: Path) -> None:
    nagios, icinga = (
        (FOLDER / "nagios" / f"moonshot.{kind}").read_text(encoding="utf-8")
        for kind in ("cfg", "conf")
    )
    command = re.findall(r"command_line +(.+)", nagios)[0].split()
    assert json.loads(re.findall(r"command = (\[.+\])", icinga)[0]) == command[:3]
    file = str(used / ".config" / "moonshot-status" / "config.json")
    program = str(used / ".local" / "bin" / "moonshot-status")
    shown = in_a_bar(used, [program, *command[1:-1], file]).decode()
    assert shown.startswith("OK: ¥49.58 | 'available'=49.58894;35:;7:")


@pytest.fixture
def desktop(home: Path, tmp_path: Path) -> Path:
    """A folder of programs which write down their arguments and their standard input."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("notify-send", "osascript"):
        script = f"#!/bin/sh\ncd '{folder}'\nprintf '%s\\0' \"$@\" > words\ncat > input\n"
        (folder / name).write_text(script)
        (folder / name).chmod(0o700)
    return folder


def words_of(desktop: Path, name: str, level: str, message: str) -> list[str]:
    """What a notification script gives to the desktop's program."""
    # As bytes: in a locale without UTF-8 Python encodes no other characters.
    variables = {"MOONSHOT_STATUS_LEVEL": level, "MOONSHOT_STATUS_MESSAGE": message.encode()}
    path = f"{desktop}:{BARE_PATH}"
    assert (
        in_a_bar(desktop, [str(FOLDER / name / "notice.sh")], **{**variables, "PATH": path}) == b""
    )
    return (desktop / "words").read_text(encoding="utf-8").split("\0")[:-1]


@pytest.mark.parametrize(
    ("level", "urgency"),
    [("ok", "low"), ("warning", "normal"), ("critical", "critical"), ("empty", "critical")],
)
def test_notify_send_gets_the_urgency(desktop: Path, level: str, urgency: str) -> None:
    assert words_of(desktop, "notify-send", level, "work: $4.20 left") == [
        "--app-name=moonshot-status",
        f"--urgency={urgency}",
        "--",
        "Moonshot / Kimi balance",
        "work: $4.20 left",
    ]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("a <b>&amp; 'c' \"d\"", "a &lt;b&gt;&amp;amp; 'c' \"d\""),
        (r"C:\new \\", r"C:\\new \\\\"),
        ("--help: <$0.01 left", "--help: &lt;$0.01 left"),
        ("$(id) `id` %s ¥", "$(id) `id` %s ¥"),
    ],
)
def test_notify_send_shows_the_text_as_it_is(desktop: Path, message: str, text: str) -> None:
    assert words_of(desktop, "notify-send", "warning", message)[-1] == text


@pytest.mark.parametrize(
    "message", ["work: $4.20 left", "-e x", '" & (do shell script "id") & "', "$(id) `id` \\ ¥"]
)
def test_osascript_gets_the_text_as_an_argument(desktop: Path, message: str) -> None:
    assert words_of(desktop, "macos-notification", "warning", message) == ["-", message]
    script = (desktop / "input").read_text(encoding="utf-8")
    assert script.splitlines() == [
        "on run argv",
        '    display notification (item 1 of argv) with title "Moonshot / Kimi balance"',
        "end run",
    ]


@pytest.mark.parametrize("name", ["notify-send", "macos-notification"])
def test_a_notification_is_shown_when_the_level_is_low(
    installed: Path, server: demo.Server, desktop: Path, name: str
) -> None:
    server.response = demo.balance("4.2", "4.2", "0")
    file = installed / ".config" / "moonshot-status" / "config.json"
    shutil.copy(FOLDER / name / "notice.sh", file.parent)
    command = ["~/.config/moonshot-status/notice.sh"]
    file.write_text(
        json.dumps({**json.loads(file.read_text(encoding="utf-8")), "notify_command": command})
    )
    program = str(installed / ".local" / "bin" / "moonshot-status")
    assert in_a_bar(installed, [program], PATH=f"{desktop}:{BARE_PATH}") == "¥4.20\n".encode()
    until = time.monotonic() + 60
    while not (desktop / "input").exists() and time.monotonic() < until:
        time.sleep(0.02)
    words = (desktop / "words").read_text(encoding="utf-8")
    assert "default: ¥4.20 left, at or below the critical mark of ¥7.00\0" in words


@pytest.mark.parametrize("folder", sorted(p.parent.name for p in FOLDER.glob("*/README.md")))
def test_the_readme_names_only_files_that_exist(folder: str) -> None:
    readme = (FOLDER / folder / "README.md").read_text(encoding="utf-8")
    named = re.findall(rf"integrations/{folder}/([\w.-]+\w)", readme)
    assert named
    assert all((FOLDER / folder / name).exists() for name in named)
