"""Every environment variable that a poll reads names its cached reply, or cannot change it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kit import environment_reads
from kit.environment_reads import EVERYTHING, Reads
from kit.support import KEY, PROGRAM, Run

from moonshot_status import formats, reply_cache
from moonshot_status.api import proxy
from moonshot_status.cli.commands import COMPLETION_VARIABLE
from moonshot_status.cli.main import DEMO_STATES
from moonshot_status.config.settings import SETTINGS
from moonshot_status.polling import demo

# Why a variable that is read cannot change a cached reply.
HARMLESS = {
    "XDG_CACHE_HOME": "is where the cached replies are",
    "PATH": "finds commands for a request; if it finds the program, it names the reply",
    "SSLKEYLOGFILE": "is for a request",
    "REQUESTS_CA_BUNDLE": "is for the problem with a request",
    "CURL_CA_BUNDLE": "as REQUESTS_CA_BUNDLE",
    "TMPDIR": "is for the store of the demo, whose replies are not cached",
    "TEMP": "as TMPDIR",
    "TMP": "as TMPDIR",
    "COLUMNS": "is for help and usage errors, which are not cached",
    "LINES": "as COLUMNS",
    "LANGUAGE": "translates help and usage errors, which are not cached",
    "LC_ALL": "as LANGUAGE; its encoding names the reply",
    "LC_MESSAGES": "as LANGUAGE",
    "LANG": "as LC_ALL",
}
# The same for those that are read in C, which no test here can see.
HARMLESS_IN_C = {
    "LC_CTYPE": "its encoding names the reply",
    "PYTHONUTF8": "as LC_CTYPE",
    "PYTHONCOERCECLOCALE": "as LC_CTYPE",
    "PYTHONPATH": "the folders in which it results name the reply",
    "PYTHONHOME": "as PYTHONPATH",
    "PYTHONNOUSERSITE": "as PYTHONPATH",
    "PYTHONUNBUFFERED": "is for streams, and a reply is one write",
    "PYTHONDONTWRITEBYTECODE": "is for the files that Python writes",
    "SQLITE_TMPDIR": "is for what SQLite sorts on the disk",
    "OPENSSL_CONF": "is for a request",
    "RES_OPTIONS": "is for a request",
    "LOCALDOMAIN": "is for a request",
}
# What differs from one terminal, prompt, bar or agent to the next, and is not read at all.
UNREAD = (
    "PWD", "OLDPWD", "SHLVL", "WINDOWID", "TERM", "TMUX_PANE", "SSH_TTY", "INVOCATION_ID", "_",
    "BLOCK_X", "BLOCK_Y", "BLOCK_BUTTON", "MOONSHOT_STATUS_LEVEL", "USER", "VIRTUAL_ENV",
)  # fmt: skip
# The modules that go through the whole environment, and what they take from it.
WHOLE = {
    "moonshot_status.config.child_environment": "what the notification command inherits",
}


@pytest.fixture
def reads() -> Reads:
    """What the test's polls have read."""
    return {}


@pytest.fixture
def poll(invoke: Run, reads: Reads) -> Iterator[Callable[..., int]]:
    """Poll, record what is read, and return the exit status; at the end, judge what was read."""

    def poll(*arguments: str) -> int:
        with environment_reads.recorded() as found:
            done = invoke(*arguments)
        for name, modules in found.items():
            reads.setdefault(name, set()).update(modules)
        return done.returncode

    yield poll
    assert_known(reads)


def assert_known(reads: Reads) -> None:
    """Fail if a variable is read of which it is not said whether it can change a reply."""
    known = {EVERYTHING, *reply_cache.VARIABLES, *HARMLESS}
    assert {name: modules for name, modules in reads.items() if name not in known} == {}
    assert reads.get(EVERYTHING, set()) <= WHOLE.keys()


def imported_and_read(*arguments: str) -> Reads:
    """Run the program in a process of its own, and return what it and its imports have read."""
    script = environment_reads.__file__
    done = subprocess.run(
        [sys.executable, "-I", script, *PROGRAM, *arguments],
        stdout=subprocess.PIPE, check=True, text=True,
    )  # fmt: skip
    return {name: set(modules) for name, modules in json.loads(done.stdout).items()}


@pytest.mark.parametrize("name", formats.names())
def test_every_format(poll: Callable[..., int], low: demo.Server, name: str) -> None:
    for _ in range(3):
        assert poll("--format", name) in (0, 1)
    assert len(low.requests) == 1


@pytest.mark.parametrize("state", DEMO_STATES)
def test_every_state_of_the_demo(poll: Callable[..., int], state: str) -> None:
    poll("--demo", state)


OPTIONS = (
    ["--region", "international"], ["--region", "china"], ["--max-age", "0"], ["--timeout", "1"],
    ["--show", "balance,runway,pace,today"], ["--template", "{balance}"], ["--hide-amount"],
    ["--refresh"], ["--debug"], ["--account", "default"], ["--account", "all"],
    ["--account", "missing"], ["--config", "config.json"], ["--nonsense"],
)  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_every_option(
    poll: Callable[..., int], server: demo.Server, tmp_path: Path, options: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("config.json").write_text("{}", encoding="utf-8")
    for _ in range(2):
        poll(*options)


def test_every_option_is_among_them() -> None:
    flags = {setting.flag for setting in SETTINGS if setting.flag}
    assert flags <= {options[0] for options in OPTIONS}


def test_a_flat_file_with_a_notification(
    poll: Callable[..., int], low: demo.Server, own_file: Callable[[Any], Path], reads: Reads
) -> None:
    own_file({"api_key": KEY, "base_url": low.base_url, "notify_command": ["true"]})
    assert poll() == 0
    assert "moonshot_status.config.child_environment" in reads[EVERYTHING]


def test_named_accounts(
    poll: Callable[..., int], server: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    account = {"api_key": KEY, "base_url": server.base_url}
    own_file({"accounts": {"work": account, "cn": {**account, "region": "china"}}})
    for selection in (["all"], ["work,cn"], ["cn"]):
        assert poll("--account", *selection) == 0


def test_a_key_command(
    poll: Callable[..., int], server: demo.Server, own_file: Callable[[Any], Path], reads: Reads
) -> None:
    own_file({"api_key_command": ["printf", KEY], "base_url": server.base_url})
    assert poll() == 0
    assert "moonshot_status.core.process" in reads["PATH"]


def test_the_files_of_codexbar(
    poll: Callable[..., int],
    server: demo.Server,
    home: Path,
    own_file: Callable[[Any], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own_file({"base_url": server.base_url})
    file = home / ".codexbar" / "config.json"
    file.parent.mkdir()
    entry = {"id": "moonshot", "apiKey": KEY}
    file.write_text(json.dumps({"version": 1, "providers": [entry]}), encoding="utf-8")
    monkeypatch.delenv("MOONSHOT_API_KEY")
    assert poll() == 0
    monkeypatch.setenv("CODEXBAR_CONFIG", "~/.codexbar/config.json")
    assert poll() == 0


def test_failures(
    poll: Callable[..., int], server: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    server.response = demo.error(401, "invalid_authentication_error", "Invalid Authentication")
    assert poll() == 1
    server.stop()
    assert poll("--refresh") == 1
    own_file({"region": "mars"})
    assert poll() == 1


def test_a_request_over_tls_and_through_a_proxy(
    poll: Callable[..., int], own_file: Callable[[Any], Path], monkeypatch: pytest.MonkeyPatch,
    reads: Reads,
) -> None:  # fmt: skip
    own_file({"api_key": KEY, "base_url": "https://127.0.0.1:1"})
    assert poll() == 1
    own_file({"api_key": KEY, "base_url": "https://moonshot.invalid"})
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert poll("--refresh") == 1
    assert "ssl" in reads["SSLKEYLOGFILE"]
    assert "moonshot_status.api.proxy" in reads["HTTPS_PROXY"]


@pytest.mark.parametrize("arguments", [["--format", "xbar"], ["--demo", "ok"]], ids=" ".join)
def test_what_is_imported_reads_no_more(
    low: demo.Server, own_file: Callable[[Any], Path], arguments: list[str]
) -> None:
    own_file({"notify_command": ["true"]})
    reads = imported_and_read(*arguments)
    assert_known(reads)
    assert "appdirs" in reads["XDG_CACHE_HOME"]


def test_every_setting_and_what_is_read_in_c_is_in_the_list() -> None:
    listed = set(reply_cache.VARIABLES)
    assert listed >= {name for setting in SETTINGS for name in setting.variables}
    assert listed >= {*proxy.VARIABLES, *proxy.NO_PROXY_VARIABLES, "SSL_CERT_FILE", "SSL_CERT_DIR"}
    assert listed >= {"TZ", "TZDIR", COMPLETION_VARIABLE}


def test_a_reply_is_named_by_the_variables_in_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [reply_cache._call_digest()]
    for variable in reply_cache.VARIABLES:
        for value in ("", "/first", "/second"):
            monkeypatch.setenv(variable, value)
            names.append(reply_cache._call_digest())
    assert len(set(names)) == len(names)


def test_no_other_variable_names_a_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [*PROGRAM])
    before = reply_cache._call_digest()
    for variable in (*HARMLESS, *HARMLESS_IN_C, *UNREAD):
        monkeypatch.setenv(variable, "1")
        assert reply_cache._call_digest() == before, variable
