"""The command line as its users run it: an environment, files in a home folder, one reply."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import pytest
from kit import made_up
from kit.support import KEY, PROGRAM, WARNINGS, Run

import moonshot_status
from moonshot_status import formats
from moonshot_status.api import response
from moonshot_status.cli import main
from moonshot_status.config import resolver
from moonshot_status.config.settings import Options
from moonshot_status.core import paths
from moonshot_status.core.account import Balance, Reading
from moonshot_status.display import status_text
from moonshot_status.polling import background, demo, poll
from moonshot_status.polling.reply import Request, make_reply
from moonshot_status.spending import forecast

FORMATS = formats.names()
OwnFile = Callable[[Any], Path]


def state(invoke: Run, *arguments: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(invoke("--format", "json", *arguments).stdout)
    return document


def test_the_balance_of_a_key_in_the_environment(invoke: Run, server: demo.Server) -> None:
    done = invoke()
    assert (done.stdout, done.stderr, done.returncode) == (b"$49.58\n", b"", 0)
    assert server.requests == [("GET", "/v1/users/me/balance", KEY)]


def test_the_balance_of_a_key_in_the_file(
    invoke: Run, server: demo.Server, own_file: OwnFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MOONSHOT_API_KEY")
    own_file({"region": "china", "api_key": KEY, "base_url": server.base_url})
    assert invoke().stdout == "¥49.58\n".encode()


@pytest.mark.parametrize("name", ["waybar", "xbar", "swiftbar"])
def test_a_key_that_others_can_read_is_pointed_out(
    invoke: Run, server: demo.Server, own_file: OwnFile, name: str
) -> None:
    settings = {"api_key": KEY, "base_url": server.base_url}
    own_file(settings).chmod(0o644)
    assert b"chmod 600" in invoke("--format", name).stdout
    own_file(settings).chmod(0o600)
    assert b"chmod" not in invoke("--format", name).stdout


def test_the_second_poll_makes_no_request(invoke: Run, server: demo.Server) -> None:
    assert invoke().stdout == invoke().stdout
    assert len(server.requests) == 1
    invoke("--refresh")
    invoke("--max-age", "0")
    assert len(server.requests) == 3


def test_the_last_balance_outlives_the_network(invoke: Run, server: demo.Server) -> None:
    invoke()
    server.stop()
    for name in FORMATS:
        done = invoke("--format", name, "--max-age", "0")
        assert b"49.58" in done.stdout, name
        assert b"offline" in done.stdout, name
        # To Nagios a balance that is not current is a warning.
        assert (done.returncode, done.stderr) == (1 if name == "nagios" else 0, b""), name


def test_an_old_balance_is_stale_and_says_when_it_was_read(
    invoke: Run, server: demo.Server
) -> None:
    invoke()
    server.response = demo.error(503, "server_error", "busy")
    document = state(invoke, "--max-age", "0")
    assert document["stale"]
    assert document["problem"]["kind"] == "server-error"
    assert document["balance"]["available"] == 49.58894
    shown = invoke("--max-age", "0").stdout.decode()
    # Just after midnight the balance is of another day.
    assert re.fullmatch(r"\$49\.58 · as of ([\d-]{10} )?\d\d:\d\d · server error\n", shown)
    assert len(server.requests) == 2


SERVER_TEXT = "org-canary <b>|</b> \x1b[31m %{F#f00} #[fg=red] \u202e\n---\ncanary"
LEAK = re.compile(r"canary(?!\d)|F#f00|fg=red|\x1b")


def test_the_leak_check_finds_the_servers_text() -> None:
    for part in ("org-canary <b>", "\x1b[31m", "%{F#f00}", "#[fg=red]", "---\ncanary"):
        assert part in SERVER_TEXT
        assert LEAK.search(part)
    assert not LEAK.search(KEY)


def test_codexbars_file_below_a_tilde_in_the_xdg_folder_is_used(
    invoke: Run, server: demo.Server, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home / "xdg" / "codexbar" / "config.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"providers": [{"id": "moonshot", "apiKey": KEY}]}))
    path.chmod(0o600)
    monkeypatch.setenv("MOONSHOT_API_KEY", "")
    monkeypatch.setenv("XDG_CONFIG_HOME", "~/xdg")
    (home / ".config" / "moonshot-status").mkdir(parents=True)
    settings = home / ".config" / "moonshot-status" / "config.json"
    settings.write_text(json.dumps({"base_url": server.base_url}))
    assert invoke().stdout == b"$49.58\n"


@pytest.mark.parametrize("status", [200, 401, 403, 404, 418, 429, 500])
def test_no_text_of_the_server_is_ever_shown(invoke: Run, server: demo.Server, status: int) -> None:
    server.response = demo.error(status, SERVER_TEXT, SERVER_TEXT)
    done = invoke("--refresh", "--debug")
    assert f"HTTP status {status}".encode() in done.stderr
    assert not LEAK.search((done.stdout + done.stderr).decode())
    for name in FORMATS:
        done = invoke("--format", name, "--debug")
        assert not LEAK.search((done.stdout + done.stderr).decode()), name


def test_another_key_never_gets_the_first_ones_balance(
    invoke: Run, server: demo.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke()
    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-another-account")
    document = state(invoke)
    assert (document["balance"], document["problem"]["kind"]) == (None, "unauthorized")


def test_a_region_never_gets_the_other_ones_balance(
    invoke: Run, server: demo.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke()
    server.stop()
    monkeypatch.setenv("MOONSHOT_REGION", "china")
    document = state(invoke)
    assert (document["currency"], document["balance"]) == ("CNY", None)


def test_a_named_account(invoke: Run, server: demo.Server, own_file: OwnFile) -> None:
    accounts = {"work": {"api_key": KEY}, "cn": {"region": "china", "api_key": KEY}}
    own_file({"base_url": server.base_url, "accounts": accounts})
    assert state(invoke)["account"] == "work"
    assert state(invoke, "--account", "cn")["currency"] == "CNY"


def test_a_missing_key_is_reported_without_a_request(
    invoke: Run, server: demo.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", ' "" ')
    done = invoke()
    assert (done.stdout, done.returncode) == ("— · no key\n".encode(), 1)
    assert server.requests == []


def test_without_a_key_every_format_says_so(invoke: Run) -> None:
    failures = {"plain": 1, "json": 1, "nagios": 3}
    for name in FORMATS:
        done = invoke("--format", name)
        assert b"no key" in done.stdout or b"no-key" in done.stdout, name
        assert (done.returncode, done.stderr) == (failures.get(name, 0), b""), name


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nonsense"],
        ["--format", "teletext"],
        ["--demo", "heaven"],
        ["--region", "mars"],
        ["--account", "nobody"],
        ["--demo", "ok", "--account", "nobody"],
        ["--config", "/nowhere/at/all.json"],
        ["--max-age", "nan"],
        ["--max-age", "-1"],
        ["--max-age", "inf"],
        ["--timeout", "0"],
        ["--timeout", "soon"],
        ["--show", "balance,nonsense"],
        ["--show", ""],
        ["--hide-amount", "--format", "json"],
        ["--template", "{nonsense}"],
        ["--template", "{balance.__class__}"],
        ["nonsense"],
    ],
)
def test_wrong_usage_is_status_2(invoke: Run, arguments: list[str]) -> None:
    done = invoke(*arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"Usage: moonshot-status")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("region", ["china", "China", " 'china' "])
def test_a_region_flag_may_be_quoted_and_in_any_case(invoke: Run, region: str) -> None:
    assert invoke("--demo", "ok", "--region", region).stdout == "¥347.12\n".encode()


def test_reason_and_hint_are_for_a_terminal(run: Run) -> None:
    master, slave = pty.openpty()
    done = run("--demo", "unauthorized", stderr=slave, stdout=subprocess.PIPE, capture_output=False)
    os.close(slave)
    assert done.stdout == "— · key rejected\n".encode()
    assert b"belongs to the other region" in os.read(master, 10_000)
    os.close(master)


def test_debug_tells_every_step_and_no_secret(invoke: Run, server: demo.Server) -> None:
    done = invoke("--debug")
    assert done.stdout == b"$49.58\n"
    assert b"HTTP status 200" in done.stderr
    assert KEY.encode() not in done.stderr


def test_only_debug_shows_the_traceback_of_an_unexpected_error(
    invoke: Run, server: demo.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError(KEY)

    monkeypatch.setattr(response, "_success", break_down)
    done = invoke()
    assert (done.stdout, done.stderr) == ("— · internal error\n".encode(), b"")
    log = invoke("--debug", "--refresh").stderr
    assert b"ZeroDivisionError: ***" in log
    assert KEY.encode() not in log


def test_a_closed_or_full_standard_output_is_no_traceback() -> None:
    command = shlex.join(PROGRAM)
    for redirection in (
        ">&-",
        "2>&- >&-",
        "> /dev/full",
        "> /dev/full 2>&-",
        "--debug 2> /dev/full",
    ):
        done = subprocess.run(
            ["sh", "-c", f"{command} {redirection}"], capture_output=True, check=False
        )
        assert done.stdout == ("— · no key\n".encode() if "debug" in redirection else b"")
        assert b"Traceback" not in done.stderr
        assert b"Error" not in done.stderr


@pytest.mark.slow
def test_a_request_that_outlasts_the_program_does_not_crash_it(
    run: Run, server: demo.Server
) -> None:
    codes = {run("--timeout", "0.002", "--refresh").returncode for _ in range(30)}
    assert codes <= {0, 1}


def test_output_is_utf_8_without_a_locale(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONUTF8", "0")
    monkeypatch.setenv("PYTHONCOERCECLOCALE", "0")
    assert run().stdout == "— · no key\n".encode()


def test_open_opens_the_console_of_each_region_once(
    invoke: Run, own_file: OwnFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_file({"accounts": {"a": {}, "b": {"region": "china"}, "c": {}}})
    opened: list[str] = []
    monkeypatch.setattr(click, "launch", opened.append)
    assert invoke("--account", "all", "open").returncode == 0
    assert opened == [
        "https://platform.kimi.ai/console/account",
        "https://platform.kimi.com/console/account",
    ]


def test_open_starts_the_systems_browser(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = tmp_path / "opened"
    for name in ("xdg-open", "open"):  # of Linux and of macOS
        opener = tmp_path / name
        opener.write_text(
            f"#!/bin/sh\nprintf %s \"$1$MOONSHOT_API_KEY\" > '{opened}.part'\n"
            f"mv '{opened}.part' '{opened}'\n"
        )
        opener.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    # Click does not wait for the browser.
    monkeypatch.setenv("PYTHONWARNINGS", f"{WARNINGS},ignore:subprocess:ResourceWarning")
    assert run("--region", "china", "open").returncode == 0
    until = time.monotonic() + 60
    while not opened.exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert opened.read_text(encoding="utf-8") == "https://platform.kimi.com/console/account"


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment that the browser inherits, once it was started."""
    inherited: dict[str, str] = {}
    monkeypatch.setattr(click, "launch", lambda _: inherited.update(os.environ))
    return inherited


@pytest.mark.parametrize(
    "written",
    [KEY, f"'{KEY}'", f"\ufeff{KEY}", f" {KEY}\r\n", "of another form", "sk one", "é", ""],
)
def test_open_hands_no_key_to_the_browser(
    invoke: Run, browser: dict[str, str], monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    for name in ("MOONSHOT_API_KEY", "MOONSHOT_KEY"):
        monkeypatch.setenv(name, written)
    monkeypatch.setenv("OTHER", f"a {KEY} b")
    monkeypatch.setenv("DISPLAY", ":1")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:word@proxy.example:3128")
    folder = f"{os.environ['HOME']}/sk-anders"  # A name like a key is none.
    monkeypatch.setenv("HOME", folder)
    assert invoke("open").returncode == 0
    assert (browser["DISPLAY"], browser["HOME"], "PATH" in browser) == (":1", folder, True)
    assert "HTTPS_PROXY" in browser
    assert not {"MOONSHOT_API_KEY", "MOONSHOT_KEY", "OTHER"} & browser.keys()


@pytest.mark.parametrize("where", ["file", "command"])
def test_open_hands_no_key_of_a_gateway_to_the_browser(
    invoke: Run, browser: dict[str, str], server: demo.Server, own_file: OwnFile,
    monkeypatch: pytest.MonkeyPatch, where: str,
) -> None:  # fmt: skip
    server.keys = ("canary-1!",)
    monkeypatch.setenv("OTHER", "'canary-1!'")
    key = {"api_key": "canary-1!"}
    if where == "command":
        key = {"api_key_command": ["sh", "-c", 'echo "$OTHER"']}
    own_file({"base_url": server.base_url, "accounts": {"a": {}, "b": key}}).chmod(0o600)
    if where == "command":  # It is not run again to open a browser.
        assert invoke("--account", "b").stdout == b"$49.58\n"
    assert invoke("--account", "all", "open").returncode == 0
    assert "HOME" in browser
    assert "OTHER" not in browser


def test_open_says_why_it_cannot(invoke: Run, own_file: OwnFile) -> None:
    path = own_file("{")
    done = invoke("open")
    assert done.returncode == 1
    assert f"Error: {path} is not valid JSON".encode() in done.stderr


def test_open_shows_no_traceback_of_an_unexpected_error(
    invoke: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "resolve", None)
    done = invoke("open")
    assert (done.stdout, done.returncode) == (b"", 1)
    assert done.stderr.startswith(b"Error: Something unforeseen happened")
    assert b"TypeError" in invoke("--debug", "open").stderr


def test_the_package_can_be_run_by_name() -> None:
    command = [sys.executable, "-m", moonshot_status.__name__]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.stdout, done.stderr) == ("— · no key\n".encode(), b"")


def test_an_error_in_the_texts_is_shown_as_a_problem(
    invoke: Run, server: demo.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = status_text.headline, []

    def break_down_once(*given: Any, **more: Any) -> Any:
        calls.append(given)
        if len(calls) % 2:
            raise ZeroDivisionError
        return real(*given, **more)

    monkeypatch.setattr(status_text, "headline", break_down_once)
    for name in FORMATS:
        done = invoke("--format", name)
        assert b"internal" in done.stdout, name
        assert done.stderr == b"", name
    assert len(calls) == 2 * len(FORMATS)


def test_the_menu_refreshes_the_same_account(
    invoke: Run, server: demo.Server, own_file: OwnFile
) -> None:
    accounts = {"a": {"api_key": "sk-wrong"}, "b": {"api_key": KEY}}
    own_file({"base_url": server.base_url, "accounts": accounts})
    menu = invoke("--format", "xbar", "--account", "b").stdout.decode()
    words = re.findall(r'(?:shell|param\d)=(".*?"|\S+)', menu.splitlines()[-1])
    words = [word.strip('"') for word in words]
    assert words[1:] == ["--account", "b", "--refresh"]
    assert words[0] == PROGRAM[0]
    invoke(*words[1:])
    assert [key for _, _, key in server.requests] == [KEY, KEY]


def test_the_demos_states_are_those_that_the_command_line_offers() -> None:
    assert main.DEMO_STATES == demo.STATES


def test_the_bar_shows_more_on_request(invoke: Run) -> None:
    done = invoke("--demo", "ok", "--show", "balance, runway")
    assert re.fullmatch(r"\$49\.58 · \d+ days\n", done.stdout.decode())


def test_a_line_of_the_users_own(invoke: Run) -> None:
    done = invoke("--demo", "ok", "--format", "template", "--template", "{account} {level}")
    assert done.stdout == b"demo ok\n"


def test_a_month_of_readings_gives_a_forecast_in_the_formats(
    invoke: Run, server: demo.Server
) -> None:
    live_through_a_month()
    plain = invoke("--show", "balance,runway,pace").stdout.decode()
    assert re.fullmatch(r"\$49\.58 · (49|50) days · \$1\.00 a day\n", plain)
    predicted = json.loads(invoke("--format", "json").stdout)["forecast"]
    assert (predicted["reason"], predicted["per_day"]) == (None, pytest.approx(1, abs=0.001))
    assert predicted["earliest"] <= predicted["zero_at"] <= predicted["latest"]
    for name in ("waybar", "xbar", "swiftbar"):
        text = invoke("--format", name).stdout.decode()
        assert "Runway " in text
        assert "days left" in text


def test_a_failing_forecast_does_not_affect_the_balance(
    server: demo.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast, "compute_forecast", lambda *_: 1 / 0)
    found = poll.poll(Options(), ())
    assert (found.headline, found.forecast) == ("$49.58", None)


def live_through_a_month() -> None:
    """Store what was read in the thirty days before now, a dollar less each day."""
    account = resolver.resolve(Options(), os.environ).account
    voucher, now = Decimal("46.58893"), datetime.now(timezone.utc)
    stored = []
    for hours in range(30 * 24, 0, -8):
        cash = Decimal("3.00001") + Decimal(hours) / 24
        balance = Balance(voucher + cash, voucher, cash)
        stored.append(Reading(balance, now - timedelta(hours=hours)))
    made_up.keep(paths.state_folder(), account, stored)


@pytest.fixture
def several(own_file: OwnFile, server: demo.Server) -> OwnFile:
    """Accounts of both regions, and one that nobody answers for."""
    server.keys = ("sk-work0123", "sk-china0123")
    here = {"base_url": server.base_url}
    return own_file({
        "accounts": {
            "work": {"api_key": "sk-work0123", **here},
            "cn": {"region": "china", "api_key": "sk-china0123", **here},
            "lost": {"api_key": "sk-lost0123", "base_url": "http://127.0.0.1:9"},
            "a, b": {"api_key": "sk-work0123", **here},
        }
    })  # fmt: skip


def test_several_accounts_stand_side_by_side(
    invoke: Run, several: Path, server: demo.Server
) -> None:
    both = invoke("--account", "work,cn")
    assert (both.stdout.decode(), both.returncode) == ("work $49.58 │ cn ¥49.58\n", 0)
    assert sorted(key for _, _, key in server.requests) == ["sk-china0123", "sk-work0123"]
    assert invoke("--account", "cn, work, cn").stdout.decode() == "cn ¥49.58 │ work $49.58\n"
    assert invoke("--account", "a, b").stdout.decode() == "$49.58\n"
    lines = invoke("--account", "all", "--format", "json").stdout.splitlines()
    assert [json.loads(line)["account"] for line in lines] == ["work", "cn", "lost", "a, b"]
    assert len(server.requests) == 2


def test_one_failing_account_does_not_affect_the_others(invoke: Run, several: Path) -> None:
    shown = json.loads(invoke("--account", "work,lost", "--format", "waybar").stdout)
    assert shown["text"] == "work $49.58 │ lost — · offline"
    assert shown["class"] == ["unknown", "offline"]


@pytest.mark.parametrize("names", ["work,nobody", "work,", ",", "nobody"])
def test_a_name_among_several_has_to_be_known(invoke: Run, several: Path, names: str) -> None:
    done = invoke("--account", names)
    assert (done.returncode, done.stdout) == (2, b"")


def test_the_account_of_the_demo_can_be_named(invoke: Run) -> None:
    assert invoke("--demo", "ok", "--account", "demo").stdout == b"$49.58\n"


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("plain", "json")])
def test_an_account_that_is_gone_is_shown_like_any_mistake_in_the_settings(
    invoke: Run, several: Path, own_file: OwnFile, name: str
) -> None:
    gone = invoke("--format", name, "--account", "gone")
    assert re.search(rb"bad settings|config", gone.stdout)
    assert (gone.returncode, gone.stderr) == (3 if name == "nagios" else 0, b"")
    both = invoke("--format", name, "--account", "gone,work", "--template", "{account} {bar}")
    assert b"49.58" in both.stdout
    own_file({"accounts": {"gone": {"region": "mars"}}})
    broken = invoke("--format", name, "--account", "gone")
    assert broken.returncode == gone.returncode


def test_the_tooltip_says_which_accounts_there_are(invoke: Run, several: Path) -> None:
    shown = json.loads(invoke("--account", "work,gone,lost", "--format", "waybar").stdout)
    assert shown["text"] == "work $49.58 │ gone — · bad settings │ lost — · offline"
    assert shown["class"] == ["unknown", "config", "offline"]
    assert "there is no account 'gone'; there is: work, cn, lost, a, b" in shown["tooltip"]
    assert "choose another account" in shown["tooltip"]


def test_a_request_in_the_background_does_not_hide_that_an_account_is_gone(
    run: Run, several: Path, server: demo.Server
) -> None:
    done = run("--account", "work,gone", "--wait", "50", "--timeout", "60")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"there is no account 'gone'" in done.stderr
    assert len(server.requests) == 1


def test_settings_that_change_during_a_poll_do_not_matter_to_it(
    invoke: Run, several: Path, own_file: OwnFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = poll.get_balance

    def change_settings(*arguments: Any) -> Any:
        own_file({})
        return real(*arguments)

    monkeypatch.setattr(poll, "MAX_PARALLEL", 1)
    monkeypatch.setattr(poll, "get_balance", change_settings)
    lines = invoke("--account", "all", "--format", "json").stdout.splitlines()
    assert [json.loads(line)["account"] for line in lines] == ["work", "cn", "lost", "a, b"]


def test_bars_show_the_stored_balances_of_several_accounts_while_one_is_asked_for(
    invoke: Run, several: Path, server: demo.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = ("--account", "work,cn", "--format", "tmux")
    assert invoke(*both).stdout.decode() == "work $49.58 │ cn ¥49.58\n"
    waited: list[float] = []

    def too_late(seconds: float, make: object) -> None:
        waited.append(seconds)

    with monkeypatch.context() as patch:
        patch.setattr(background, "reply_within", too_late)
        for new, seconds in (("work,cn", 1), ("work,cn,lost", 1), ("lost", 15)):
            accounts = Options(account=new, flags={"max_age": 0.0})
            make_reply(Request("tmux", accounts, (), wait=1))
            assert waited[-1] == seconds
    assert len(server.requests) == 2


def test_all_is_one_where_there_is_one(invoke: Run, server: demo.Server, own_file: OwnFile) -> None:
    assert invoke("--account", "all").stdout.decode() == "$49.58\n"
    own_file("{")
    assert invoke("--account", "all").stdout.decode() == "— · bad settings\n"


def test_an_unexpected_error_of_one_account_does_not_affect_the_others(
    several: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = poll._poll

    def view(options: Options, *more: Any) -> Any:
        if options.account == "cn":
            raise RuntimeError
        return real(options, *more)

    monkeypatch.setattr(poll, "_poll", view)
    assert (
        poll.poll(Options(account="work,cn"), ()).headline == "work $49.58 │ cn — · internal error"
    )


def test_a_template_ends_with_0_without_a_balance(invoke: Run) -> None:
    done = invoke("--format", "template")
    assert (done.returncode, done.stdout) == (0, "— · no key\n".encode())


@pytest.mark.parametrize(
    "arguments",
    [("config", "set", "max_age", "60"), ("hide", "on"), ("setup", "--yes", "xbar"), ("doctor",)],
    ids=" ".join,
)  # fmt: skip
def test_the_demo_changes_nothing_real(invoke: Run, home: Path, arguments: tuple[str, ...]) -> None:
    before = sorted(home.rglob("*"))
    done = invoke("--demo", "ok", *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert f"--demo is not for {arguments[0]}" in done.stderr.decode()
    assert sorted(home.rglob("*")) == before
