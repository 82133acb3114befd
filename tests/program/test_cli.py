"""The program as its users run it: a process, an environment, files in a home folder."""

from __future__ import annotations

import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from kit.support import KEY, PROGRAM, Run

from moonshot_status import formats
from moonshot_status.api import response
from moonshot_status.cli import main
from moonshot_status.config import resolver
from moonshot_status.config.settings import Options
from moonshot_status.core import paths
from moonshot_status.display import view
from moonshot_status.polling import demo, poll
from moonshot_status.spending import forecast
from moonshot_status.store.database import FILE_NAME

FORMATS = formats.names()
GOLDENS = Path(__file__).parents[1] / "formats" / "goldens"
OwnFile = Callable[[Any], Path]


def state(run: Run, *arguments: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run("--format", "json", *arguments).stdout)
    return document


def test_the_balance_of_a_key_in_the_environment(run: Run, server: demo.Server) -> None:
    done = run()
    assert (done.stdout, done.stderr, done.returncode) == (b"$49.58\n", b"", 0)
    assert server.requests == [("GET", "/v1/users/me/balance", KEY)]


def test_the_balance_of_a_key_in_the_file(
    run: Run, server: demo.Server, own_file: OwnFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MOONSHOT_API_KEY")
    own_file({"region": "china", "api_key": KEY})
    assert run().stdout == "¥49.58\n".encode()


@pytest.mark.parametrize("name", ["waybar", "xbar", "swiftbar"])
def test_a_key_that_others_can_read_is_pointed_out(
    run: Run, server: demo.Server, own_file: OwnFile, name: str
) -> None:
    own_file({"api_key": KEY}).chmod(0o644)
    assert b"chmod 600" in run("--format", name).stdout
    own_file({"api_key": KEY}).chmod(0o600)
    assert b"chmod" not in run("--format", name).stdout


def test_the_second_poll_asks_nobody(run: Run, server: demo.Server) -> None:
    assert run().stdout == run().stdout
    assert len(server.requests) == 1
    run("--refresh")
    run("--max-age", "0")
    assert len(server.requests) == 3


@pytest.mark.parametrize("name", FORMATS)
def test_the_last_balance_outlives_the_network(run: Run, server: demo.Server, name: str) -> None:
    run()
    server.stop()
    done = run("--format", name, "--max-age", "0")
    assert b"49.58" in done.stdout
    assert b"offline" in done.stdout
    assert ends_as(done.returncode, name, "stale-offline")
    assert done.stderr == b""


def test_an_old_balance_is_stale_and_says_when_it_was_read(run: Run, server: demo.Server) -> None:
    run()
    server.response = demo.error(503, "server_error", "busy")
    document = state(run, "--max-age", "0")
    assert document["stale"]
    assert document["problem"]["kind"] == "server-error"
    assert document["balance"]["available"] == 49.58894
    assert re.fullmatch(
        rb"\$49\.58 \xc2\xb7 as of \d\d:\d\d \xc2\xb7 server error\n", run("--max-age", "0").stdout
    )
    assert len(server.requests) == 2


SERVER_TEXT = "org-canary <b>|</b> \x1b[31m %{F#f00} #[fg=red] \u202e\n---\ncanary"


@pytest.mark.parametrize("status", [200, 401, 403, 404, 418, 429, 500])
def test_no_text_of_the_server_is_ever_shown(run: Run, server: demo.Server, status: int) -> None:
    server.response = demo.error(status, SERVER_TEXT, SERVER_TEXT)
    for name in FORMATS:
        done = run("--format", name, "--debug")
        for text in (done.stdout, done.stderr):
            assert not re.search(rb"canary(?!\d)|F#f00|fg=red|\x1b", text)


def test_another_key_never_sees_the_first_ones_money(
    run: Run, server: demo.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-another-account")
    document = state(run)
    assert (document["balance"], document["problem"]["kind"]) == (None, "unauthorized")


def test_a_region_never_sees_the_other_ones_money(
    run: Run, server: demo.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    server.stop()
    monkeypatch.setenv("MOONSHOT_REGION", "china")
    document = state(run)
    assert (document["currency"], document["balance"]) == ("CNY", None)


def test_a_named_account(run: Run, server: demo.Server, own_file: OwnFile) -> None:
    own_file({"accounts": {"work": {"api_key": KEY}, "cn": {"region": "china", "api_key": KEY}}})
    assert state(run)["account"] == "work"
    assert state(run, "--account", "cn")["currency"] == "CNY"


def test_no_key_is_told_without_a_request(
    run: Run, server: demo.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", ' "" ')
    done = run()
    assert (done.stdout, done.returncode) == ("— · no key\n".encode(), 1)
    assert server.requests == []


@pytest.mark.parametrize("name", FORMATS)
def test_without_a_key_every_format_says_so(run: Run, name: str) -> None:
    done = run("--format", name)
    assert b"no key" in done.stdout or b"no-key" in done.stdout
    assert ends_as(done.returncode, name, "nothing-no-key")
    assert done.stderr == b""


def ends_as(code: int, name: str, view: str) -> bool:
    """Whether the exit status is the format's own for that situation."""
    golden = (GOLDENS / name / f"{view}.txt").read_text(encoding="utf-8")
    return golden.endswith(f"\nexit status {code}\n")


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
def test_wrong_usage_is_status_2(run: Run, arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"Usage: moonshot-status")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("region", ["china", "China", " 'china' "])
def test_a_region_flag_may_be_quoted_and_in_any_case(run: Run, region: str) -> None:
    assert run("--demo", "ok", "--region", region).stdout == "¥347.12\n".encode()


def test_reason_and_hint_are_for_a_terminal(run: Run) -> None:
    master, slave = pty.openpty()
    done = run("--demo", "unauthorized", stderr=slave, stdout=subprocess.PIPE, capture_output=False)
    os.close(slave)
    assert done.stdout == "— · key rejected\n".encode()
    assert b"belongs to the other region" in os.read(master, 10_000)
    os.close(master)


def test_debug_tells_every_step_and_no_secret(run: Run, server: demo.Server) -> None:
    done = run("--debug")
    assert done.stdout == b"$49.58\n"
    assert b"HTTP status 200" in done.stderr
    assert KEY.encode() not in done.stderr


BREAK = f"""
import {response.__name__} as response

def break_down(*_):
    raise ZeroDivisionError("{KEY}")

response._success = break_down
"""


def test_only_debug_shows_the_traceback_of_the_unforeseen(
    run: Run, server: demo.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(BREAK)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = run()
    assert (done.stdout, done.stderr) == ("— · internal error\n".encode(), b"")
    told = run("--debug", "--refresh").stderr
    assert b"ZeroDivisionError: ***" in told
    assert KEY.encode() not in told


def test_a_closed_or_full_standard_output_is_no_traceback(run: Run) -> None:
    command = " ".join(PROGRAM)
    for redirection in (
        ">&-",
        "2>&- >&-",
        "> /dev/full",
        "> /dev/full 2>&-",
        "--debug 2> /dev/full",
    ):
        done = subprocess.run(
            ["sh", "-c", f"{command} --demo ok {redirection}"], capture_output=True, check=False
        )
        assert (done.stdout == b"$49.58\n") == ("debug" in redirection)
        assert b"Traceback" not in done.stderr
        assert b"Error" not in done.stderr


def test_a_request_that_is_left_behind_is_no_crash(run: Run, server: demo.Server) -> None:
    codes = {run("--timeout", "0.002", "--refresh").returncode for _ in range(30)}
    assert codes <= {0, 1}


def test_no_locale_is_no_obstacle(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONUTF8", "0")
    monkeypatch.setenv("PYTHONCOERCECLOCALE", "0")
    assert run("--demo", "ok", "--region", "china").stdout == "¥347.12\n".encode()


@pytest.mark.parametrize("region", ["international", "china"])
def test_open_opens_the_console_of_the_region(
    run: Run, tmp_path: Path, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opener, opened = tmp_path / "xdg-open", tmp_path / "opened"
    write = f'printf %s "$1" > {opened}.part && mv {opened}.part {opened}'
    opener.write_text(f"#!/bin/sh\n{write}\n")
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert run("--region", region, "open").returncode == 0
    for _ in range(100):
        if opened.exists():
            break
        subprocess.run(["sleep", "0.05"], check=True)
    host = {"international": "platform.moonshot.ai", "china": "platform.kimi.com"}[region]
    assert opened.read_text() == f"https://{host}/console/account"


def test_open_says_why_it_cannot(run: Run, own_file: OwnFile) -> None:
    path = own_file("{")
    done = run("open")
    assert done.returncode == 1
    assert f"Error: {path} is not valid JSON".encode() in done.stderr


def test_open_has_no_traceback_for_the_unforeseen(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = f"import {resolver.__name__} as resolver\nresolver.resolve = None\n"
    (tmp_path / "sitecustomize.py").write_text(broken)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = run("open")
    assert (done.stdout, done.returncode) == (b"", 1)
    assert done.stderr.startswith(b"Error: Something unforeseen happened")
    assert b"TypeError" in run("--debug", "open").stderr


def test_the_package_can_be_run_by_name() -> None:
    command = [sys.executable, "-m", "moonshot_status", "--demo", "ok"]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"$49.58\n"


BROKEN_WORDS = f"""
import {view.__name__} as view

def break_down(*_):
    view._rows = lambda *_: (view.Row("account", "Account", "x"),)
    raise ZeroDivisionError

view._rows = break_down
"""


@pytest.mark.parametrize("name", FORMATS)
def test_a_fault_in_the_wording_is_shown_as_a_problem(
    run: Run, server: demo.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(BROKEN_WORDS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = run("--format", name)
    assert b"internal" in done.stdout
    assert done.stderr == b""


def test_the_menu_refreshes_the_same_account(
    run: Run, server: demo.Server, own_file: OwnFile
) -> None:
    own_file({"accounts": {"a": {"api_key": "sk-wrong"}, "b": {"api_key": KEY}}})
    menu = run("--format", "xbar", "--account", "b").stdout.decode()
    words = re.findall(r'(?:shell|param\d)="?([^ "]+)', menu.splitlines()[-1])
    assert words[1:] == ["--account", "b", "--refresh"]
    subprocess.run(words, check=True, capture_output=True)
    assert [key for _, _, key in server.requests] == [KEY, KEY]


def test_the_demos_states_are_those_that_the_command_line_offers() -> None:
    assert main.DEMO_STATES == demo.STATES


def test_the_bar_shows_more_on_request(run: Run) -> None:
    done = run("--demo", "ok", "--show", "balance, runway")
    assert re.fullmatch(r"\$49\.58 · \d+ days\n", done.stdout.decode())


def test_a_line_of_the_users_own(run: Run) -> None:
    done = run("--demo", "ok", "--format", "template", "--template", "{account} {level}")
    assert done.stdout == b"demo ok\n"


def test_a_month_of_use_is_told_in_every_format(
    run: Run, server: demo.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    lived_through(hours=30 * 24)
    plain = run("--show", "balance,runway,pace").stdout.decode()
    assert re.fullmatch(r"\$49\.58 · (49|50) days · \$1\.00 a day\n", plain)
    told = json.loads(run("--format", "json").stdout)["forecast"]
    assert (told["reason"], told["per_day"]) == (None, 1.0)
    assert told["earliest"] <= told["zero_at"] <= told["latest"]
    for name in ("waybar", "xbar", "swiftbar"):
        text = run("--format", name).stdout.decode()
        assert "Runway " in text
        assert "days left" in text


def test_a_forecast_that_fails_costs_nothing_else(
    run: Run, server: demo.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast, "compute_forecast", lambda *_: 1 / 0)
    found = poll.poll(Options(), ())
    assert (found.headline, found.forecast) == ("$49.58", None)


def lived_through(hours: int) -> None:
    """Before the reading that there is, as many, each with a little more money."""
    database = paths.state_folder() / FILE_NAME
    with closing(sqlite3.connect(database)) as db, db:
        db.execute("UPDATE reading SET id = id + ?", [hours])
        for hour in range(1, hours + 1):
            db.execute(
                "INSERT INTO reading SELECT id - ?, account, key, fetched_at - ? * 3600000000,"
                " ?, NULL, NULL FROM reading WHERE id = ?",
                [hour, hour, str(Decimal("49.58894") + Decimal(hour) / 24)[:20], hours + 1],
            )
        db.execute("UPDATE reading SET voucher = NULL, cash = NULL")


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


def test_several_accounts_stand_side_by_side(run: Run, several: Path, server: demo.Server) -> None:
    both = run("--account", "work,cn")
    assert (both.stdout.decode(), both.returncode) == ("work $49.58 │ cn ¥49.58\n", 0)
    assert sorted(key for _, _, key in server.requests) == ["sk-china0123", "sk-work0123"]
    assert run("--account", "cn, work, cn").stdout.decode() == "cn ¥49.58 │ work $49.58\n"
    assert run("--account", "a, b").stdout.decode() == "$49.58\n"
    lines = run("--account", "all", "--format", "json").stdout.splitlines()
    assert [json.loads(line)["account"] for line in lines] == ["work", "cn", "lost", "a, b"]
    assert len(server.requests) == 2


def test_one_account_that_fails_is_alone_with_that(run: Run, several: Path) -> None:
    shown = json.loads(run("--account", "work,lost", "--format", "waybar").stdout)
    assert shown["text"] == "work $49.58 │ lost — · offline"
    assert shown["class"] == ["unknown", "offline"]


@pytest.mark.parametrize("names", ["work,nobody", "work,", ",", "nobody"])
def test_a_name_among_several_has_to_be_known(run: Run, several: Path, names: str) -> None:
    done = run("--account", names)
    assert (done.returncode, done.stdout) == (2, b"")


def test_all_is_one_where_there_is_one(run: Run, server: demo.Server, own_file: OwnFile) -> None:
    assert run("--account", "all").stdout.decode() == "$49.58\n"
    own_file("{")
    assert run("--account", "all").stdout.decode() == "— · bad settings\n"


def test_an_unforeseen_fault_of_one_account_costs_no_other(
    several: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = poll._poll

    def view(options: Options, program: tuple[str, ...]) -> Any:
        if options.account == "cn":
            raise RuntimeError
        return real(options, program)

    monkeypatch.setattr(poll, "_poll", view)
    assert (
        poll.poll(Options(account="work,cn"), ()).headline == "work $49.58 │ cn — · internal error"
    )
