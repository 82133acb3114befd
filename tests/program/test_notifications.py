"""Notifications: one for each change of level, whatever runs at the same time or goes wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import pytest
from jsonschema import Draft202012Validator
from kit import stored
from kit.support import (
    KEY,
    LOW,
    PROGRAM,
    WELL_AGAIN,
    Recorder,
    Run,
    balance,
    written_number,
)

from moonshot_status import schemas
from moonshot_status.cli import main as command_line
from moonshot_status.notify import runner
from moonshot_status.polling import demo

BUSY = demo.error(503, "server_error", "busy")
# The superuser may write everywhere unless it gives up the right to override permissions.
AS_A_USER = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]


@dataclass
class Notifications:
    """What the notification commands get; none is started."""

    own_file: Callable[[Any], Path]
    command: Sequence[str] = ("notify", "me")
    environments: list[Mapping[bytes, bytes]] = field(default_factory=list)
    inputs: list[bytes] = field(default_factory=list)

    def start(
        self, command: Sequence[str], environment: Mapping[bytes, bytes], stdin: bytes
    ) -> int:
        """Stand in for ``runner.start``."""
        assert tuple(command) == self.command
        self.environments.append(environment)
        self.inputs.append(stdin)
        return 0

    def settings(self, **more: Any) -> Path:
        """Write a settings file with the command."""
        return self.own_file({"notify_command": self.command, **more})

    @property
    def texts(self) -> list[str]:
        """The previous level, the level and the message of each notification."""
        names = [f"MOONSHOT_STATUS_{name}" for name in ("PREVIOUS_LEVEL", "LEVEL", "MESSAGE")]
        return [
            " ".join(environment[name.encode()].decode() for name in names)
            for environment in self.environments
        ]

    @property
    def hold_a_secret(self) -> bool:
        return b"canary" in repr((self.environments, self.inputs)).encode()


@pytest.fixture
def notifications(
    monkeypatch: pytest.MonkeyPatch, own_file: Callable[[Any], Path]
) -> Notifications:
    notifications = Notifications(own_file)
    notifications.settings()
    monkeypatch.setattr(runner, "start", notifications.start)
    return notifications


def test_processes_notify_once_and_with_what_json_prints(
    run: Run, low: demo.Server, recorder: Recorder
) -> None:
    printed = run("--format", "json").stdout
    run("--refresh")
    assert len(low.requests) == 2
    assert recorder.notifications() == [LOW]
    stdin = (recorder.folder / "input").read_bytes()
    assert stdin == printed
    Draft202012Validator(schemas.load("output")).validate(json.loads(stdin))


def test_later_polls_do_not_notify_again(
    invoke: Run, low: demo.Server, notifications: Notifications
) -> None:
    for arguments in ([], [], ["--refresh"], ["--max-age", "0"], ["--format", "waybar"]):
        invoke(*arguments)
    assert notifications.texts == [LOW]


def test_a_balance_around_a_threshold_and_a_top_up_are_one_notification_each(
    invoke: Run, low: demo.Server, notifications: Notifications
) -> None:
    for amount in ("6", "4.99", "5.01", "4.99", "5.2", "4.98", "50", "49.9", "50"):
        low.response = balance(amount)
        invoke("--refresh")
    assert notifications.texts == [
        "ok warning default: $4.99 left, at or below the warning mark of $5.00",
        WELL_AGAIN,
    ]


def test_a_drop_by_two_levels_is_one_notification(
    invoke: Run, low: demo.Server, notifications: Notifications
) -> None:
    for amount in ("6", "0.5"):
        low.response = balance(amount)
        invoke("--refresh")
    assert notifications.texts == [
        "ok critical default: $0.50 left, at or below the critical mark of $1.00"
    ]


def test_neither_a_failing_api_nor_a_stale_balance_notifies(
    invoke: Run, low: demo.Server, notifications: Notifications, home: Path
) -> None:
    low.response = BUSY
    invoke()
    notifications.own_file({})
    low.response = balance("4.2")
    assert invoke("--refresh").stdout == b"$4.20\n"
    notifications.settings()
    stored.pass_time(stored.store_file(home), 3600)
    low.response = BUSY
    for arguments in (["--refresh"], [], ["--max-age", "0"]):
        assert b"as of" in invoke(*arguments).stdout
    assert notifications.texts == []
    # A balance that is stale by default is fresh with a larger --max-age.
    invoke("--max-age", "7200")
    assert notifications.texts == [LOW]


def test_a_balance_that_another_process_fetched_notifies(
    invoke: Run, low: demo.Server, notifications: Notifications
) -> None:
    """That process may have had no command, or may have been killed before it started it."""
    notifications.own_file({})
    invoke()
    notifications.settings()
    invoke()
    assert len(low.requests) == 1
    assert notifications.texts == [LOW]


def test_settings_with_different_thresholds_do_not_disturb_each_other(
    invoke: Run, low: demo.Server, notifications: Notifications, tmp_path: Path
) -> None:
    high, deep = tmp_path / "high.json", tmp_path / "deep.json"
    for path, warning in ((high, 5), (deep, 3)):
        thresholds = {"warning": warning}
        settings = {"notify_command": notifications.command, "thresholds": thresholds}
        path.write_text(json.dumps(settings), encoding="utf-8")
    for amount in ("4.2", "4.1", "2.5"):
        low.response = balance(amount)
        for path in (high, deep, high, deep):
            invoke("--config", str(path), "--refresh")
    assert notifications.texts == [
        LOW,
        "ok warning default: $2.50 left, at or below the warning mark of $3.00",
    ]


def test_a_read_only_store_does_not_notify(
    invoke: Run, low: demo.Server, recorder: Recorder, home: Path
) -> None:
    recorder.own_file({})
    invoke()
    recorder.settings()
    file = home / ".local" / "state" / "moonshot-status" / "balance.db"
    file.chmod(0o400)
    file.parent.chmod(0o500)
    command = [*(AS_A_USER if os.geteuid() == 0 else []), *PROGRAM]
    done = subprocess.run(command, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"$4.20\n", b"")
    done = subprocess.run([*command, "--debug"], capture_output=True, check=True)
    assert b"attempt to write a readonly database" in done.stderr
    file.parent.chmod(0o700)
    assert recorder.notifications() == []


@pytest.mark.parametrize("signals", ["''", "-"])
def test_the_output_does_not_wait_for_a_command_that_hangs(
    invoke: Run, low: demo.Server, recorder: Recorder, signals: str
) -> None:
    recorder.does(f"trap {signals} TERM HUP INT; echo $$ > number; exec sleep 60")
    done = invoke()
    number = written_number(recorder.folder / "number")
    os.killpg(number, signal.SIGKILL)  # It was still running.
    assert (done.stdout, done.stderr, done.returncode) == (b"$4.20\n", b"", 0)


def test_the_output_of_the_command_is_discarded(
    invoke: Run, low: demo.Server, recorder: Recorder
) -> None:
    recorder.does("head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; echo x >> told")
    outputs = [invoke("--format", "json")]
    assert recorder.notifications() == ["x"]
    outputs.append(invoke("--format", "json"))
    assert [(o.stdout, o.stderr, o.returncode) for o in outputs] == [
        (outputs[0].stdout, b"", 0)
    ] * 2


def test_a_command_that_does_not_exist_changes_nothing(
    invoke: Run, low: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    own_file({"notify_command": ["/no/such/canary"]})
    done = invoke()
    assert (done.stdout, done.stderr, done.returncode) == (b"$4.20\n", b"", 0)


@pytest.mark.parametrize("error", [OSError, ValueError, ZeroDivisionError])
def test_a_supervisor_that_cannot_be_started_is_only_in_the_log(
    invoke: Run,
    low: demo.Server,
    notifications: Notifications,
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
) -> None:
    def fail(*_: object) -> int:
        raise error("canary")

    monkeypatch.setattr(runner, "start", fail)
    done = invoke()
    assert (done.stdout, done.stderr, done.returncode) == (b"$4.20\n", b"", 0)
    low.response = balance("50")
    done = invoke("--refresh", "--debug")
    assert done.stdout == b"$50.00\n"
    assert f"{error.__name__}: canary".encode() in done.stderr
    assert b"was started" not in done.stderr


def test_the_log_says_that_the_command_was_started(
    invoke: Run, low: demo.Server, notifications: Notifications
) -> None:
    text = f"notify_command was started: {LOW.partition(' warning ')[2]}"
    assert text.encode() in invoke("--debug").stderr
    assert b"notify_command" not in invoke("--debug").stderr


@pytest.mark.parametrize("where", ["environment", "file", "command", "name"])
def test_the_notification_command_gets_no_key(
    invoke: Run,
    low: demo.Server,
    notifications: Notifications,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    monkeypatch.setenv("MOONSHOT_KEY", KEY)
    monkeypatch.setenv("ANOTHER", f"Bearer {KEY}")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-another-canary")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:canary@proxy.example:3128")
    monkeypatch.setenv("all_proxy", "http://user:canary@proxy.example:3128")
    monkeypatch.setenv("HARMLESS", "kept")
    if where != "environment":
        monkeypatch.delenv("MOONSHOT_API_KEY")
    if where == "file":
        notifications.settings(api_key=KEY, base_url=low.base_url)
    elif where == "command":
        low.keys = ("canary-1!",)
        monkeypatch.setenv("PRINTED", "canary-1!")
        command = ["sh", "-c", 'echo "$PRINTED"']
        notifications.settings(api_key_command=command, base_url=low.base_url)
    elif where == "name":
        notifications.settings(accounts={KEY: {"api_key": KEY}}, base_url=low.base_url)
    assert invoke().stdout == b"$4.20\n"
    assert len(notifications.texts) == 1
    assert not notifications.hold_a_secret
    assert notifications.environments[0][b"HARMLESS"] == b"kept"


def test_it_gets_no_key_that_a_key_command_printed_to_another_process(
    invoke: Run, low: demo.Server, notifications: Notifications, monkeypatch: pytest.MonkeyPatch
) -> None:
    low.keys = ("canary-1!",)
    monkeypatch.setenv("PRINTED", "canary-1!")
    monkeypatch.delenv("MOONSHOT_API_KEY")
    settings = {
        "api_key_command": ["sh", "-c", 'echo "$PRINTED"'],
        "base_url": low.base_url,
    }
    notifications.own_file(settings)
    invoke()
    notifications.settings(**settings)
    invoke()
    assert len(low.requests) == 1
    assert notifications.texts == [LOW]
    assert not notifications.hold_a_secret


def test_a_secret_that_is_passed_on_would_be_seen(
    invoke: Run, low: demo.Server, notifications: Notifications, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control for the two tests above."""
    monkeypatch.setenv("HARMLESS", "canary")
    invoke()
    assert notifications.hold_a_secret


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("-x", "-x"),
        ("--help", "--help"),
        ("a\nb\u0000c\t", "a b c"),
        ("\ud800", ""),
        ("$(touch canary)`id`'\"", "$(touch canary)`id`'\""),
        ("é¥😀" * 5000, ("é¥😀" * 13) + "…"),
    ],
)
def test_the_name_of_an_account_may_hold_anything(
    invoke: Run, low: demo.Server, notifications: Notifications, name: str, shown: str
) -> None:
    notifications.settings(accounts={name: {"api_key": KEY}}, base_url=low.base_url)
    assert invoke().stdout == b"$4.20\n"
    assert notifications.texts == [LOW.replace("default", shown)]


def test_a_poor_locale_does_not_prevent_a_notification(
    run: Run, low: demo.Server, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    poor = {"LC_ALL": "C", "LANG": "xx_YY.KOI8", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for variable, value in poor.items():
        monkeypatch.setenv(variable, value)
    name = "é$(touch canary)"
    account = {"region": "china", "api_key": KEY}
    recorder.settings(accounts={name: account}, base_url=low.base_url)
    run()
    assert recorder.notifications() == [
        f"unknown critical {name}: ¥4.20 left, at or below the critical mark of ¥7.00"
    ]


def test_each_account_has_its_own_level(
    invoke: Run, low: demo.Server, notifications: Notifications
) -> None:
    low.keys = (KEY, f"{KEY}2")
    accounts = {"a": {"api_key": KEY}, "b": {"api_key": f"{KEY}2"}}
    notifications.settings(accounts=accounts, base_url=low.base_url)
    for _ in range(2):
        for name in ("a", "b"):
            invoke("--account", name)
    assert notifications.texts == [LOW.replace("default", name) for name in ("a", "b")]


def test_neither_a_demo_nor_open_notifies(
    invoke: Run, low: demo.Server, notifications: Notifications, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(click, "launch", opened.append)
    for arguments in (["--demo", "empty"], ["--demo", "warning", "--format", "json"], ["open"]):
        assert invoke(*arguments).returncode == 0
    assert len(opened) == 1
    assert notifications.texts == []


def test_a_reply_is_cached_after_a_notification(
    invoke: Run, low: demo.Server, notifications: Notifications, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise AssertionError("not from the cache")

    invoke()
    time.sleep(0.1)  # Files that have just changed are not trusted.
    invoke()
    monkeypatch.setattr(command_line, "main", fail)
    assert invoke().stdout == b"$4.20\n"
    assert notifications.texts == [LOW]
