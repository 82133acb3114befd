"""``moonshot-status config`` as its users run it."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit.support import KEY, PROGRAM, Run
from kit.terminal import Terminal

from moonshot_status.polling import demo

OwnFile = Callable[[Any], Path]
LONG_KEY = "sk-canary" + "0123456789" * 4 + "WXYZ"
COMMAND = {"api_key_command": ["pass", "show", "moonshot"]}
TWO = {"accounts": {"work": {"api_key": KEY}, "cn": {"api_key": KEY, "region": "china"}}}


def rows(text: bytes) -> dict[str, list[str]]:
    """The table by its first column."""
    table = text.decode().partition("\n\n")[0].splitlines()
    return {name: rest for name, *rest in (re.split(r"  +", line) for line in table)}


def last_line(text: bytes) -> str:
    return text.decode().splitlines()[-1]


def test_show_prints_each_value_and_its_origin(invoke: Run, own_file: OwnFile) -> None:
    account = {"api_key": LONG_KEY, "max_age": 60.5, "thresholds": {"warning": 40.50}}
    path = own_file(
        {
            "region": "china", "base_url": "https://api.example/v1", "hide_amount": True,
            "accounts": {"work": account, "cn": {}},
        }
    )  # fmt: skip
    path.chmod(0o600)
    done = invoke("--timeout", "3", "--show", "today,pace", "config", "show")
    assert (done.stderr, done.returncode) == (b"", 0)
    assert rows(done.stdout) == {
        "account": ["work", f"accounts in {path}"],
        "region": ["china", f"region in {path}"],
        "api_key": ["sk-…WXYZ", f"accounts.work.api_key in {path}"],
        "base_url": ["https://api.example", f"base_url in {path}"],
        "max_age": ["60.5", f"accounts.work.max_age in {path}"],
        "timeout": ["3", "--timeout"],
        "show": ["today, pace", "--show"],
        "template": ["–", "default"],
        "hide_amount": ["true", f"hide_amount in {path}"],
        "notify_command": ["–", "default"],
        "thresholds.warning": ["40.5", f"accounts.work.thresholds.warning in {path}"],
        "thresholds.critical": ["7", "default"],
        "thresholds.runway_days": ["–", "default"],
    }
    assert last_line(done.stdout) == "Accounts: work, cn"


def test_show_knows_the_account_that_is_named(invoke: Run, own_file: OwnFile) -> None:
    own_file(TWO)
    shown = rows(invoke("--account", "cn", "config", "show").stdout)
    assert shown["account"] == ["cn", "--account"]
    done = invoke("--account", "x", "config", "show")
    assert (done.returncode, done.stdout) == (2, b"")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ({"api_key": KEY}, ["api_key", "sk-…"]),
        ({"api_key": "canary" * 4}, ["api_key", "…"]),
        ({"api_key": f"sk-{'canary' * 4}x7654"}, ["api_key", "sk-…7654"]),
        ({"api_key": f"sk-{'canary' * 4}7654"}, ["api_key", "sk-…"]),
        (COMMAND, ["api_key_command", '["pass", "show", "moonshot"]']),
        ({"api_key_command": ["echo", KEY]}, ["api_key_command", '["echo", "sk-…"]']),
    ],
)
def test_show_masks_the_key(invoke: Run, own_file: OwnFile, written: Any, shown: list[str]) -> None:
    own_file(written)
    done = invoke("config", "show")
    assert rows(done.stdout)[shown[0]][0] == shown[1]
    assert b"canary" not in done.stdout


def test_show_reports_errors_and_advice(invoke: Run, own_file: OwnFile) -> None:
    done = invoke("config", "show")
    assert rows(done.stdout)["region"] == ["international", "default"]
    assert (last_line(done.stderr), done.returncode) == (
        "Next: moonshot-status config set-key", 1
    )  # fmt: skip
    own_file({"api_key": KEY}).chmod(0o644)
    done = invoke("config", "show")
    assert (done.returncode, b"chmod 600" in done.stderr) == (0, True)
    own_file("{")
    done = invoke("config", "show")
    assert rows(done.stdout)["region"] == ["–"]
    assert (last_line(done.stderr), done.returncode) == (
        "Next: moonshot-status config validate", 1
    )  # fmt: skip


def test_path_is_where_the_file_is_or_would_be(
    invoke: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = home / ".config" / "moonshot-status" / "config.json"
    assert invoke("config", "path").stdout.decode() == f"{usual}\n"
    (home / "other.json").write_text("{")
    monkeypatch.chdir(home)
    done = invoke("--config", "other.json", "config", "path")
    assert done.stdout.decode() == f"{home}/other.json\n"


def test_path_is_exact_in_a_pipe_and_escaped_in_a_terminal(
    invoke: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", f"{tmp_path}/a\x1b[31mb\udcff")
    file = os.fsencode(f"{tmp_path}/a\x1b[31mb\udcff/.config/moonshot-status/config.json")
    assert invoke("config", "path").stdout == file + b"\n"
    terminal = Terminal(*PROGRAM, "config", "path")
    status, printed = terminal.finish()
    terminal.close()
    assert status == 0
    assert r"/a\x1b[31mb\udcff/.config/moonshot-status/config.json" in printed
    assert "\x1b" not in printed


@pytest.mark.parametrize(
    "arguments",
    [
        ("config", "validate"),
        ("config", "set", "max_age", "60"),
        ("config", "set", "max_age", "-1"),
        ("config", "show"),
        ("doctor",),
        ("history", "--output", "a\x1bb/c.png"),
        ("setup", "--dry-run"),
        ("--config", "a\x1bb"),
        ("--debug",),
    ],
)
def test_no_path_makes_a_terminal_obey(
    invoke: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("HOME", f"{tmp_path}/a\x1b[31mb")
    for content in ("", "{", '{"max_age": 60, "region": "mars"}', "{}"):
        path = tmp_path / "a\x1b[31mb" / ".config" / "moonshot-status" / "config.json"
        if content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        done = invoke(*arguments)
        assert b"\x1b" not in done.stdout + done.stderr
        assert done.stdout + done.stderr


def test_validate(invoke: Run, own_file: OwnFile, monkeypatch: pytest.MonkeyPatch) -> None:
    done = invoke("config", "validate")
    assert (done.stdout, done.returncode) == (b"", 1)
    assert last_line(done.stderr) == "Next: moonshot-status setup"
    path = own_file(TWO)
    done = invoke("config", "validate")
    assert (done.stdout.decode(), done.returncode) == (f"{path} is valid.\n", 0)
    own_file({"max_age": -1, "region": "mars"})
    done = invoke("config", "validate")
    assert [line.split(":")[0] for line in done.stdout.decode().splitlines()] == [
        f"{path} has a mistake at max_age", f"{path} has a mistake at region"
    ]  # fmt: skip
    assert done.stderr.decode() == f"Error: 2 mistakes.\nNext: correct {path}\n"
    assert done.returncode == 1
    own_file({})
    assert invoke("config", "validate").returncode == 0
    monkeypatch.setenv("MOONSHOT_REGION", "mars")
    done = invoke("config", "validate")
    assert done.stdout.startswith(b"MOONSHOT_REGION names a region")
    assert done.stderr == b"Error: 1 mistake.\nNext: correct MOONSHOT_REGION\n"


def test_validate_reads_a_pipe(invoke: Run) -> None:
    reading, writing = os.pipe()
    os.write(writing, b'{"base_url": "https://a.test", "max_age": 60}')
    os.close(writing)
    file = f"/dev/fd/{reading}"
    done = invoke("--config", file, "config", "validate")
    os.close(reading)
    assert (done.stdout.decode(), done.returncode) == (f"{file} is valid.\n", 0)


ENTRY = {"id": "moonshot", "apiKey": KEY, "region": "china"}


@pytest.fixture
def validate(
    invoke: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str | None, dict[str, str]], tuple[int, str, str]]:
    """Validate without a settings file; return the status and what is printed."""

    def validate(codexbar: str | None, environ: dict[str, str]) -> tuple[int, str, str]:
        if codexbar is not None:
            (home / ".codexbar").mkdir()
            (home / ".codexbar" / "config.json").write_text(codexbar, encoding="utf-8")
            (home / ".codexbar" / "config.json").chmod(0o600)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        done = invoke("config", "validate")
        printed = done.stdout.decode().replace(str(home), "~"), done.stderr.decode()
        assert "canary" not in "".join(printed)
        return done.returncode, printed[0], printed[1].replace(str(home), "~")

    return validate


@pytest.mark.parametrize(
    ("codexbar", "environ", "places"),
    [
        (None, {"MOONSHOT_API_KEY": KEY}, "MOONSHOT_API_KEY"),
        (None, {"MOONSHOT_KEY": KEY, "MOONSHOT_REGION": "china"}, "MOONSHOT_KEY, MOONSHOT_REGION"),
        (None, {"MOONSHOT_KEY": KEY, "MOONSHOT_BASE_URL": "https://x.test"},
         "MOONSHOT_KEY, MOONSHOT_BASE_URL"),
        (json.dumps({"providers": [ENTRY]}), {}, "CodexBar's ~/.codexbar/config.json"),
    ],
)  # fmt: skip
def test_validate_without_a_file_checks_what_is_used_instead(
    validate: Any, codexbar: str | None, environ: dict[str, str], places: str
) -> None:
    file = "~/.config/moonshot-status/config.json"
    said = f"{file} is not there. What is used instead is valid: {places}.\n"
    assert validate(codexbar, environ) == (0, said, "")


@pytest.mark.parametrize(
    ("codexbar", "environ", "message", "place"),
    [
        (None, {"MOONSHOT_REGION": "mars"}, "MOONSHOT_REGION names a region", "MOONSHOT_REGION"),
        (None, {"MOONSHOT_KEY": "sk c"}, "MOONSHOT_KEY: The API key contains a space at position 3",
         "MOONSHOT_KEY"),
        (None, {"MOONSHOT_KEY": KEY, "MOONSHOT_BASE_URL": "https://kimi.com"},
         "MOONSHOT_BASE_URL cannot be used: it is a website", "MOONSHOT_BASE_URL"),
        ("{", {}, "CodexBar's ~/.codexbar/config.json is not valid JSON",
         "~/.codexbar/config.json"),
        (json.dumps({"providers": [{**ENTRY, "apiKey": "sk-kimi-x"}]}), {},
         "CodexBar's ~/.codexbar/config.json: This is a key of Kimi Code",
         "CodexBar's ~/.codexbar/config.json"),
    ],
)  # fmt: skip
def test_validate_without_a_file_names_the_place_of_a_mistake(
    validate: Any, codexbar: str | None, environ: dict[str, str], message: str, place: str
) -> None:
    status, printed, error = validate(codexbar, environ)
    assert (status, error) == (1, f"Error: 1 mistake.\nNext: correct {place}\n")
    assert printed.startswith(message)


@pytest.mark.parametrize("environ", [{}, {"MOONSHOT_REGION": "china"}])
def test_validate_without_anything_leads_to_setup(validate: Any, environ: dict[str, str]) -> None:
    status, printed, error = validate(None, environ)
    assert (status, printed) == (1, "")
    assert error.startswith(
        "Error: ~/.config/moonshot-status/config.json is not there. There is no"
    )
    assert error.endswith("CodexBar's file, MOONSHOT_API_KEY and MOONSHOT_KEY.\n"
                          "Next: moonshot-status setup\n")  # fmt: skip


def test_validate_names_the_file_of_codexbar_that_was_asked_for(validate: Any) -> None:
    _, _, error = validate(None, {"CODEXBAR_CONFIG": "~/x.json"})
    assert "config.json, ~/x.json of CODEXBAR_CONFIG, MOONSHOT_API_KEY and" in error


def test_validate_mentions_what_is_passed_over_and_ignored(validate: Any) -> None:
    status, printed, error = validate("{", {"MOONSHOT_KEY": f"'{KEY}'"})
    assert (status, printed.endswith("is valid: MOONSHOT_KEY.\n")) == (0, True)
    assert error == (
        "MOONSHOT_KEY has quotes around it, which are ignored."
        " CodexBar's ~/.codexbar/config.json is not valid JSON, so it is passed over.\n"
    )


def test_validate_and_show_mention_an_unusable_key_of_codexbar(validate: Any, invoke: Run) -> None:
    codexbar = json.dumps({"providers": [{**ENTRY, "apiKey": "sk-kimi-x"}]})
    said = (
        "CodexBar's ~/.codexbar/config.json: This is a key of Kimi Code, which has no balance,"
        " so it is passed over"
    )
    status, printed, error = validate(codexbar, {"MOONSHOT_KEY": KEY})
    assert (status, printed.endswith("is valid: MOONSHOT_KEY.\n")) == (0, True)
    assert error == f"{said}.\n"
    done = invoke("config", "show")
    assert done.returncode == 0
    assert re.search(r"(?m)^api_key .* MOONSHOT_KEY$", done.stdout.decode())
    assert said.partition(": ")[2] in done.stderr.decode()


def test_validate_of_an_unreadable_file_leads_to_doctor(invoke: Run, home: Path) -> None:
    (home / ".config" / "moonshot-status" / "config.json").mkdir(parents=True)
    done = invoke("config", "validate")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.endswith(b"cannot be read: Is a directory.\nNext: moonshot-status doctor\n")


def test_set_and_unset(invoke: Run, own_file: OwnFile) -> None:
    path = own_file('{\n  "api_key": "sk-x",\n  "max_age":   60\n}\n')
    done = invoke("config", "set", "max_age", "120")
    assert (done.stdout.decode(), done.returncode) == (f"max_age: changed in {path}\n", 0)
    assert path.read_text(encoding="utf-8") == '{\n  "api_key": "sk-x",\n  "max_age":   120\n}\n'
    invoke("config", "set", "thresholds.warning", "9.50")
    assert invoke("config", "unset", "max_age").returncode == 0
    assert path.read_text(encoding="utf-8") == (
        '{\n  "api_key": "sk-x",\n  "thresholds": {"warning": 9.50}\n}\n'
    )
    done = invoke("config", "unset", "max_age")
    assert (done.stdout.decode(), done.returncode) == (f"max_age: nothing to change in {path}\n", 0)


def test_set_for_an_account(invoke: Run, own_file: OwnFile) -> None:
    path = own_file(TWO)
    invoke("--account", "cn", "config", "set", "show", "balance,pace")
    invoke("config", "set", "accounts.new.region", "china")
    invoke("--account", "cn", "config", "set", "accounts.work.max_age", "5")
    invoke("config", "set", "timeout", "3")
    accounts = TWO["accounts"]
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "accounts": {
            "work": accounts["work"] | {"max_age": 5},
            "cn": {**accounts["cn"], "show": ["balance", "pace"]},
            "new": {"region": "china"},
        },
        "timeout": 3,
    }
    done = invoke("--account", "x", "config", "set", "max_age", "5")
    assert (done.returncode, b"there is: work, cn, new" in done.stderr) == (2, True)


def test_the_default_account_of_a_flat_file_has_a_name_too(invoke: Run, own_file: OwnFile) -> None:
    path = own_file({"api_key": KEY})
    assert invoke("--account", "default", "config", "set", "max_age", "5").returncode == 0
    assert json.loads(path.read_text(encoding="utf-8")) == {"api_key": KEY, "max_age": 5}


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["set", "max_age", "soon"], 1, "max_age: allowed is a number of seconds"),
        (["set", "thresholds.critical", "99"], 1, "critical is above warning"),
        (["set", "notify_command", '["../x"]'], 1, "its full path or one in ~/"),
        (["set", "nonsense", "1"], 2, "there is: region, api_key"),
        (["unset", "nonsense"], 2, "there is: region, api_key"),
        (["set", "max_age"], 2, "Missing argument"),
        (["set", "api_key", KEY], 2, "no place on the command line"),
        (["set", "accounts.a.api_key", KEY], 2, "no place on the command line"),
        (["set", KEY, "1"], 2, "there is no setting 'sk-…'"),
        (["set-key", KEY], 2, "no place on the command line"),
    ],
)
def test_what_is_refused(
    invoke: Run, own_file: OwnFile, arguments: list[str], status: int, message: str
) -> None:
    path = own_file({"api_key": "sk-x", "thresholds": {"warning": 9}})
    before = path.read_bytes()
    done = invoke("config", *arguments)
    assert (done.returncode, done.stdout) == (status, b"")
    assert message in done.stderr.decode()
    assert last_line(done.stderr).startswith("Next: moonshot-status config ")
    assert b"canary" not in done.stderr
    assert path.read_bytes() == before


def test_set_leaves_a_broken_file_alone(invoke: Run, own_file: OwnFile) -> None:
    path = own_file("{")
    for arguments in (["set", "max_age", "5"], ["unset", "max_age"], ["set-key"]):
        done = invoke("config", *arguments, stdin=KEY.encode())
        assert last_line(done.stderr) == "Next: moonshot-status config validate"
        assert (done.returncode, path.read_text(encoding="utf-8")) == (1, "{")


def test_config_alone_shows_its_commands(invoke: Run) -> None:
    done = invoke("config")
    assert done.returncode == 2
    assert b"set-key" in done.stdout + done.stderr


def piped(invoke: Run, text: str | bytes, *arguments: str, general: tuple[str, ...] = ()) -> Any:
    written = text.encode() if isinstance(text, str) else text
    done = invoke(*general, "config", "set-key", *arguments, stdin=written)
    assert b"canary" not in done.stdout + done.stderr
    return done


@pytest.mark.parametrize("text", [KEY, f"{KEY}\nsecond line", f' "{KEY}" \r\n', f"'{KEY}'\n"])
def test_set_key_takes_the_first_line(
    invoke: Run, server: demo.Server, home: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.delenv("MOONSHOT_API_KEY")
    path = home / ".config" / "moonshot-status" / "config.json"
    done = piped(invoke, text, "--replace")
    assert (done.stdout.decode(), done.returncode) == (f"api_key: changed in {path}\n", 0)
    assert json.loads(path.read_text(encoding="utf-8")) == {"api_key": KEY}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    invoke("config", "set", "base_url", server.base_url)
    assert invoke().stdout == b"$49.58\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "nothing on the first line"),
        ("\n" + KEY, "nothing on the first line"),
        (" ''\n", "nothing on the first line"),
        ("\ufeff\r\n", "nothing on the first line"),
        (f"{KEY} {KEY}", "contains a space at position 20"),
        (b"\xff", "contains a byte that is not UTF-8 at position 1"),
        ("sk-kimi-canary", "Kimi Code"),
    ],
)
def test_set_key_rejects_what_is_no_key(
    invoke: Run, own_file: OwnFile, text: str | bytes, message: str
) -> None:
    path = own_file({"api_key": "sk-x"})
    done = piped(invoke, text)
    assert (done.returncode, message in done.stderr.decode()) == (1, True)
    assert last_line(done.stderr) == "Next: moonshot-status config set-key"
    assert json.loads(path.read_text(encoding="utf-8")) == {"api_key": "sk-x"}


@pytest.mark.parametrize("length", [4097, 100_000])
def test_set_key_cuts_no_line(invoke: Run, own_file: OwnFile, length: int) -> None:
    path = own_file({})
    done = piped(invoke, "x" * length)
    assert (done.returncode, b"is longer than 4096 characters" in done.stderr) == (1, True)
    assert path.read_text(encoding="utf-8") == "{}"


def test_set_key_points_out_what_it_leaves_out(invoke: Run, own_file: OwnFile) -> None:
    path = own_file({})
    assert piped(invoke, f"{KEY}\n").stderr == b""
    done = piped(invoke, f"\ufeff'{KEY}'\r\n")
    assert done.stderr.decode() == (
        "The key has byte order marks, quotes and carriage returns around it, which are ignored.\n"
    )
    assert json.loads(path.read_text(encoding="utf-8")) == {"api_key": KEY}


def test_set_key_without_standard_input(run: Run) -> None:
    done = run("config", "set-key", stdin=None, preexec_fn=lambda: os.close(0))
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


def test_set_key_for_an_account(invoke: Run, own_file: OwnFile) -> None:
    path = own_file(TWO)
    done = piped(invoke, "sk-new")
    assert (done.returncode, b"there is: work, cn" in done.stderr) == (2, True)
    assert piped(invoke, "sk-new", general=("--account", "cn")).returncode == 0
    assert json.loads(path.read_text(encoding="utf-8"))["accounts"]["cn"]["api_key"] == "sk-new"
    own_file({"accounts": {"only": {"region": "china"}}})
    assert piped(invoke, "sk-new").returncode == 0
    expected = {"region": "china", "api_key": "sk-new"}
    assert json.loads(path.read_text(encoding="utf-8")) == {"accounts": {"only": expected}}


def test_set_key_writes_the_region_that_is_named(invoke: Run, own_file: OwnFile) -> None:
    path = own_file({"base_url": "https://api.moonshot.ai"})
    done = piped(invoke, "sk-new", general=("--region", "china"))
    assert (done.returncode, b"international host" in done.stderr) == (1, True)
    own_file({"region": "international"})
    assert piped(invoke, "sk-new", general=("--region", "China")).returncode == 0
    assert json.loads(path.read_text(encoding="utf-8")) == {"region": "china", "api_key": "sk-new"}


@pytest.mark.parametrize("account", [None, "work"])
def test_set_key_replaces_a_key_command_only_on_request(
    invoke: Run, own_file: OwnFile, account: str | None
) -> None:
    path = own_file({"accounts": {account: COMMAND}} if account else COMMAND)
    done = piped(invoke, "sk-new")
    named = f" --account {account}" if account else ""
    assert last_line(done.stderr) == f"Next: moonshot-status{named} config set-key --replace"
    assert piped(invoke, "sk-new", "--replace").returncode == 0
    new = {"api_key": "sk-new"}
    assert json.loads(path.read_text(encoding="utf-8")) == (
        {"accounts": {account: new}} if account else new
    )


@pytest.mark.parametrize(("typed", "status"), [(f"{KEY}\n", 0), ("\x03", 1)])
def test_a_typed_key_is_not_shown(home: Path, typed: str, status: int) -> None:
    terminal = Terminal(*PROGRAM, "config", "set-key")
    seen = terminal.wait_for("not shown")
    terminal.wait_until_echo_is_off()
    ended, rest = terminal.finish(typed)
    assert ended == status
    assert terminal.echoes()
    terminal.close()
    assert "canary" not in seen + rest
    path = home / ".config" / "moonshot-status" / "config.json"
    assert path.exists() == (status == 0)
