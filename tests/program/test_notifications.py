"""A word when it matters: once for each change, whatever runs at the same time or goes wrong."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from kit.support import KEY, LOW, PROGRAM, WELL_AGAIN, Recorder, Run, balance, pass_time

from moonshot_status import schemas
from moonshot_status.notify import runner
from moonshot_status.polling import demo

BUSY = demo.error(503, "server_error", "busy")
# The superuser may write everywhere unless it gives up the right to overrule permissions.
AS_A_USER = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]


@pytest.fixture
def startup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Have the program run this code before its own."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return (tmp_path / "sitecustomize.py").write_text


def test_after_a_restart_it_is_not_told_again(
    run: Run, low: demo.Server, recorder: Recorder
) -> None:
    for arguments in ([], [], ["--refresh"], ["--max-age", "0"], ["--format", "waybar"]):
        run(*arguments)
    assert recorder.told() == [LOW]


def test_flapping_and_a_top_up(run: Run, low: demo.Server, recorder: Recorder) -> None:
    for amount in ("6", "4.99", "5.01", "4.99", "5.2", "4.98", "50", "49.9", "50"):
        low.response = balance(amount)
        run("--refresh")
    assert recorder.told() == [
        "ok warning default: $4.99 left, at or below the warning mark of $5.00",
        WELL_AGAIN,
    ]


def test_a_step_over_two_levels_is_one_word(run: Run, low: demo.Server, recorder: Recorder) -> None:
    for amount in ("6", "0.5"):
        low.response = balance(amount)
        run("--refresh")
    assert recorder.told() == [
        "ok critical default: $0.50 left, at or below the critical mark of $1.00"
    ]


def test_a_failing_api_and_an_old_balance_tell_nothing(
    run: Run, low: demo.Server, recorder: Recorder, home: Path
) -> None:
    low.response = BUSY
    run()
    recorder.own_file({})
    low.response = balance("4.2")
    assert run("--refresh").stdout == b"$4.20\n"
    recorder.settings()
    pass_time(home, 3600)
    low.response = BUSY
    for arguments in (["--refresh"], [], ["--max-age", "0"]):
        assert b"as of" in run(*arguments).stdout
    assert recorder.told() == []
    # What is old by default is fresh enough for who says so.
    run("--max-age", "7200")
    assert recorder.told() == [LOW]


def test_a_balance_that_somebody_else_read_is_told(
    run: Run, low: demo.Server, recorder: Recorder
) -> None:
    """Whoever read it may have had no command, or have been killed before it came to that."""
    recorder.own_file({})
    run()
    recorder.settings()
    run()
    assert len(low.requests) == 1
    assert recorder.told() == [LOW]


def test_settings_with_other_thresholds_do_not_disturb_each_other(
    run: Run, low: demo.Server, recorder: Recorder, tmp_path: Path
) -> None:
    high, deep = tmp_path / "high.json", tmp_path / "deep.json"
    for path, warning in ((high, 5), (deep, 3)):
        marks = {"warning": warning}
        path.write_text(json.dumps({"notify_command": recorder.command, "thresholds": marks}))
    for amount in ("4.2", "4.1", "2.5"):
        low.response = balance(amount)
        for path in (high, deep, high, deep):
            run("--config", str(path), "--refresh")
    assert recorder.told() == [
        LOW,
        "ok warning default: $2.50 left, at or below the warning mark of $3.00",
    ]


def test_a_store_that_is_read_only_tells_nothing(
    low: demo.Server, recorder: Recorder, home: Path, run: Run
) -> None:
    recorder.own_file({})
    run()
    recorder.settings()
    file = home / ".local" / "state" / "moonshot-status" / "balance.db"
    file.chmod(0o400)
    file.parent.chmod(0o500)
    command = [*(AS_A_USER if os.geteuid() == 0 else []), *PROGRAM]
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, check=True)
        assert (done.stdout, done.stderr) == (b"$4.20\n", b"")
    done = subprocess.run([*command, "--debug"], capture_output=True, check=True)
    assert b"the level is not remembered: attempt to write a readonly" in done.stderr
    file.parent.chmod(0o700)
    assert recorder.told() == []


SCRIPTS = {
    "hangs": "sleep 60",
    "hangs on": "trap '' TERM HUP INT; sleep 60",
    "fails": "exit 3",
    "prints a lot": "head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2",
    "leaves somebody behind": "sleep 3 & exec sleep 0",
    "closes its input": "exec <&-; sleep 0.2",
    "reads nothing": "exit 0",
}


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("name", ["plain", "json", "i3blocks"])
def test_whatever_the_command_does_the_output_is_the_same_and_no_later(
    run: Run, low: demo.Server, recorder: Recorder, script: str, name: str
) -> None:
    recorder.does(f"echo x >> told; {SCRIPTS[script]}")
    began = time.monotonic()
    done = run("--format", name, "--refresh")
    assert time.monotonic() - began < 3
    assert (done.stderr, done.returncode) == (b"", 0)
    until = time.monotonic() + 10
    while not (recorder.folder / "told").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert (recorder.folder / "told").read_text() == "x\n"
    again = run("--format", name)
    assert (again.stdout, again.stderr, again.returncode) == (done.stdout, b"", 0)


def test_a_hanging_command_costs_no_time(run: Run, low: demo.Server, recorder: Recorder) -> None:
    def seconds(level: str) -> float:
        low.response = balance(level)
        began = time.monotonic()
        run("--refresh")
        return time.monotonic() - began

    run()
    recorder.does("sleep 60")
    without = sorted(seconds("4.2") for _ in range(5))
    with_one = sorted(seconds(level) for level in ("50", "4.2", "50", "4.2", "50"))
    assert with_one[2] < without[2] + 0.3


def test_a_command_that_does_not_exist_changes_nothing(
    run: Run, low: demo.Server, recorder: Recorder
) -> None:
    recorder.own_file({"notify_command": ["/no/such/canary"]})
    done = run()
    assert (done.stdout, done.stderr, done.returncode) == (b"$4.20\n", b"", 0)


@pytest.mark.parametrize(
    "error", ["OSError('no more processes')", "ValueError('canary')", "ZeroDivisionError()"]
)
def test_a_command_that_cannot_be_started_is_told_by_debug_alone(
    run: Run, low: demo.Server, recorder: Recorder, startup: Callable[[str], int], error: str
) -> None:
    startup(
        f"import {runner.__name__} as notifier\n"
        f"def fail(*_): raise {error}\n"
        "notifier.start = fail\n"
    )
    done = run()
    assert (done.stdout, done.stderr, done.returncode) == (b"$4.20\n", b"", 0)
    low.response = balance("50")
    done = run("--refresh", "--debug")
    assert done.stdout == b"$50.00\n"
    assert error.partition("(")[0].encode() in done.stderr


def test_debug_tells_that_it_was_started(run: Run, low: demo.Server, recorder: Recorder) -> None:
    told = f"notify_command was started: {LOW.partition(' warning ')[2]}"
    assert told.encode() in run("--debug").stderr
    assert b"notify_command" not in run("--debug").stderr


def holds_no_secret(folder: Path) -> bool:
    told = (folder / "environment").read_bytes() + (folder / "input").read_bytes()
    return b"canary" not in told


@pytest.mark.parametrize("where", ["environment", "file", "command", "name"])
def test_the_key_is_not_among_what_it_is_told(
    run: Run,
    low: demo.Server,
    recorder: Recorder,
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
        recorder.settings(api_key=KEY)
    elif where == "command":
        low.keys = ("canary!",)
        monkeypatch.setenv("PRINTED", "canary!")
        recorder.settings(api_key_command=["sh", "-c", 'echo "$PRINTED"'])
    elif where == "name":
        recorder.settings(accounts={KEY: {"api_key": KEY}})
    assert run().stdout == b"$4.20\n"
    assert len(recorder.told()) == 1
    assert holds_no_secret(recorder.folder)
    assert b"HARMLESS=kept\n" in (recorder.folder / "environment").read_bytes()


def test_the_key_of_a_command_is_known_to_who_did_not_ask(
    run: Run, low: demo.Server, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    low.keys = ("canary!",)
    monkeypatch.setenv("PRINTED", "canary!")
    monkeypatch.delenv("MOONSHOT_API_KEY")
    command = ["sh", "-c", 'echo "$PRINTED"']
    recorder.own_file({"api_key_command": command})
    run()
    recorder.settings(api_key_command=command)
    run()
    assert len(low.requests) == 1
    assert recorder.told() == [LOW]
    assert holds_no_secret(recorder.folder)


def test_on_standard_input_is_what_json_prints(
    run: Run, low: demo.Server, recorder: Recorder
) -> None:
    printed = run("--format", "json").stdout
    recorder.told()
    told = (recorder.folder / "input").read_bytes()
    assert told == printed
    Draft202012Validator(schemas.load("output")).validate(json.loads(told))


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
def test_a_name_may_hold_anything(
    run: Run, low: demo.Server, recorder: Recorder, name: str, shown: str
) -> None:
    recorder.settings(accounts={name: {"api_key": KEY}})
    assert run().stdout == b"$4.20\n"
    assert recorder.told() == [LOW.replace("default", shown)]


def test_a_poor_locale_is_no_reason_to_be_silent(
    run: Run, low: demo.Server, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    poor = {"LC_ALL": "C", "LANG": "xx_YY.KOI8", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for variable, value in poor.items():
        monkeypatch.setenv(variable, value)
    recorder.settings(accounts={"é": {"region": "china", "api_key": KEY}})
    run()
    assert recorder.told() == [
        "unknown critical é: ¥4.20 left, at or below the critical mark of ¥7.00"
    ]


def test_each_account_has_a_level_of_its_own(
    run: Run, low: demo.Server, recorder: Recorder
) -> None:
    low.keys = (KEY, f"{KEY}2")
    recorder.settings(accounts={"a": {"api_key": KEY}, "b": {"api_key": f"{KEY}2"}})
    for _ in range(2):
        for name in ("a", "b"):
            run("--account", name)
    assert recorder.told() == [LOW.replace("default", name) for name in ("a", "b")]


def test_a_demo_and_open_tell_nothing(
    run: Run, low: demo.Server, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", "true")
    for arguments in (["--demo", "empty"], ["--demo", "warning", "--format", "json"], ["open"]):
        run(*arguments)
    assert recorder.told() == []


def test_a_reply_is_still_remembered(
    run: Run, low: demo.Server, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    run()
    time.sleep(0.1)
    run()
    assert b"| click\n" not in run().stderr
    assert recorder.told() == [LOW]
