"""``moonshot-status config forget`` as its users run it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit.held_server import held_server
from kit.stored import amounts, count_readings, set_version, store_file
from kit.support import KEY, PROGRAM, Run
from kit.terminal import Terminal

from moonshot_status import reply_cache
from moonshot_status.polling import demo
from moonshot_status.store import schema
from moonshot_status.store.database import FILE_NAME, Store

TOO_LONG = "x" * 300
OwnFile = Callable[[Any], Path]
KEPT = "Settings and keys are kept, and the next request of a bar is recorded again."


@pytest.fixture
def both(home: Path, server: demo.Server, own_file: OwnFile, invoke: Run) -> Path:
    """A settings file with two accounts, a reading of one of them, and cached replies."""
    accounts = {
        "work": {"api_key": KEY, "base_url": server.base_url},
        "other": {"api_key": f"{KEY}9", "base_url": server.base_url},
    }
    path = own_file({"accounts": accounts})
    path.chmod(0o600)
    assert invoke("--account", "work").stdout == b"$49.58\n"
    folder = home / ".cache" / "moonshot-status" / "replies"
    folder.mkdir()
    for name in ("0" * 32, ".moonshot-status." + "0" * 16, "mine"):
        (folder / name).write_bytes(b"$49.58")
    return path


def replies(home: Path) -> list[str]:
    return [path.name for path in (home / ".cache" / "moonshot-status" / "replies").glob("*")]


def test_one_account_is_forgotten(invoke: Run, home: Path, both: Path) -> None:
    before, settings = store_file(home).read_bytes(), both.read_bytes()
    assert b"49.58894" in before
    assert len(replies(home)) >= 3
    done = invoke("config", "forget", "work", "--yes")
    assert (done.stderr, done.returncode) == (b"", 0)
    assert done.stdout.decode() == f"work: records deleted: 3.\n{KEPT}\n"
    assert count_readings(store_file(home)) == 0
    assert b"49.58894" not in store_file(home).read_bytes()
    assert replies(home) == ["mine"]
    assert both.read_bytes() == settings
    again = invoke("--account", "work", "config", "forget", "--yes").stdout.decode()
    assert again == f"work: nothing is stored under its present key.\n{KEPT}\n"


def test_several_accounts_are_forgotten_and_damaged_files_are_named(
    invoke: Run, home: Path, both: Path
) -> None:
    aside = store_file(home).with_name(f"{FILE_NAME}.damaged-1")
    aside.write_bytes(b"noise")
    lines = invoke("config", "forget", "all", "--yes").stdout.decode().splitlines()
    assert [line.partition(":")[0] for line in lines[:2]] == ["work", "other"]
    assert "config forget deletes them" in lines[2]
    assert aside.exists()


def test_everything_is_forgotten(invoke: Run, home: Path, both: Path) -> None:
    state, cache = store_file(home).parent, home / ".cache" / "moonshot-status"
    (cache / "store-1").mkdir()
    Store(cache / "store-1")._create()
    (state / "amounts").write_bytes(b"hidden")
    both.write_text("{", encoding="utf-8")  # It does not have to be valid.
    done = invoke("config", "forget", "--yes")
    assert (done.stderr, done.returncode) == (b"", 0)
    assert done.stdout.decode() == f"Files deleted in {state}: 2.\n{KEPT}\n"
    assert [path.name for path in state.iterdir()] == ["amounts"]
    assert replies(home) == ["mine"]
    assert list((cache / "store-1").iterdir()) == []
    assert both.read_text(encoding="utf-8") == "{"


@pytest.mark.parametrize(
    ("arguments", "confirmed"),
    [
        ((), ("config", "forget", "--yes")),
        (("work",), ("config", "forget", "work", "--yes")),
        (("all",), ("config", "forget", "all", "--yes")),
        (("o t",), ("config", "forget", "'o t'", "--yes")),
        (("-f",), ("config", "forget", "--yes", "--", "-f")),
    ],
)
def test_without_a_terminal_it_has_to_be_confirmed_in_advance(
    invoke: Run, home: Path, both: Path, arguments: tuple[str, ...], confirmed: tuple[str, ...]
) -> None:
    settings = json.loads(both.read_text(encoding="utf-8"))
    settings["accounts"] |= {"o t": {"api_key": f"{KEY}7"}, "-f": {"api_key": f"{KEY}8"}}
    both.write_text(json.dumps(settings), encoding="utf-8")
    done = invoke("config", "forget", "--", *arguments, stdin=b"y\n")
    assert (done.stdout, done.returncode) == (b"", 1)
    assert (
        done.stderr.decode().splitlines()[-1]
        == f"Next: {' '.join(('moonshot-status', *confirmed))}"
    )
    given = ("--config", str(both), "--region", "international")
    if arguments:
        arguments = ("--account", *arguments)
    done = invoke(*given, *arguments, "config", "forget")
    expected = " ".join(("Next: moonshot-status", *given, *confirmed))
    assert done.stderr.decode().splitlines()[-1] == expected
    assert count_readings(store_file(home)) == 1


def test_the_demo_forgets_nothing(invoke: Run, home: Path, both: Path) -> None:
    for account in ((), ("demo",)):
        done = invoke("--demo", "ok", "config", "forget", *account, "--yes")
        assert (done.stdout, done.returncode) == (b"", 2)
    assert (count_readings(store_file(home)), "mine" in replies(home)) == (1, True)
    assert len(replies(home)) >= 3


def test_an_account_is_named_once(invoke: Run, home: Path, both: Path) -> None:
    done = invoke("--account", "work", "config", "forget", "other", "--yes")
    assert (done.stdout, done.returncode) == (b"", 2)
    assert b"Name the account once" in done.stderr
    assert count_readings(store_file(home)) == 1


@pytest.mark.parametrize("name", ["", "work,", ",", " "])
def test_an_empty_name_is_no_account(invoke: Run, home: Path, both: Path, name: str) -> None:
    for arguments in (("config", "forget", name), ("--account", name, "config", "forget")):
        done = invoke(*arguments, "--yes")
        assert (done.stdout, done.returncode) == (b"", 2)
    assert count_readings(store_file(home)) == 1


def test_accounts_with_the_same_key_are_forgotten_together(
    invoke: Run, home: Path, both: Path
) -> None:
    settings = json.loads(both.read_text(encoding="utf-8"))
    settings["accounts"]["same"] = settings["accounts"]["work"]
    both.write_text(json.dumps(settings), encoding="utf-8")
    lines = invoke("config", "forget", "same", "--yes").stdout.decode().splitlines()
    assert lines == ["same and work (same key): records deleted: 3.", KEPT]
    assert count_readings(store_file(home)) == 0
    lines = invoke("config", "forget", "all", "--yes").stdout.decode().splitlines()
    nothing = "nothing is stored under its present key."
    assert lines == [f"work and same (same key): {nothing}", f"other: {nothing}", KEPT]


def test_in_an_empty_home_nothing_is_forgotten_or_created(invoke: Run, home: Path) -> None:
    state = home / ".local" / "state" / "moonshot-status"
    done = invoke("config", "forget", "--yes")
    assert (done.stderr, done.returncode) == (b"", 0)
    assert done.stdout.decode() == f"Files deleted in {state}: 0.\n{KEPT}\n"
    done = invoke("config", "forget", "default", "--yes")
    assert (done.stdout, done.returncode) == (b"", 1)
    assert b"without ACCOUNT, those of all accounts are deleted" in done.stderr
    assert list(home.iterdir()) == []


def test_nothing_behind_a_symlink_of_the_cache_is_deleted(
    invoke: Run, home: Path, both: Path, tmp_path: Path
) -> None:
    folder = home / ".cache" / "moonshot-status" / "replies"
    folder.rename(tmp_path / "elsewhere")
    before = sorted((tmp_path / "elsewhere").iterdir())
    folder.symlink_to(tmp_path / "elsewhere")
    assert invoke("config", "forget", "--yes").returncode == 0
    assert sorted((tmp_path / "elsewhere").iterdir()) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
@pytest.mark.parametrize(
    "folder", [".cache/moonshot-status/replies", ".local/state/moonshot-status"]
)
def test_root_deletes_nothing_of_another_user(
    invoke: Run, home: Path, both: Path, folder: str
) -> None:
    os.chown(home / folder, 4321, 4321)
    before = sorted((home / folder).iterdir())
    for arguments in ((), ("work",)):
        done = invoke("config", "forget", *arguments, "--yes")
        assert done.returncode == 1
        assert b"belongs to another user" in done.stderr
    assert sorted((home / folder).iterdir()) == before


def test_a_terminal_is_asked(home: Path, both: Path) -> None:
    for typed, status, printed in (("\n", 1, "Nothing is deleted."), ("y\n", 0, KEPT)):
        assert count_readings(store_file(home)) == 1
        terminal = Terminal(*PROGRAM, "config", "forget", "work")
        terminal.wait_for(r"levels of work\? \[y/N\]")
        found, text = terminal.finish(typed)
        terminal.close()
        assert (found, printed in text) == (status, True)
    assert count_readings(store_file(home)) == 0


def test_an_account_that_is_not_known_is_not_forgotten(
    invoke: Run, own_file: OwnFile, home: Path, both: Path
) -> None:
    assert invoke("config", "forget", "x", "--yes").returncode == 2
    own_file({"accounts": {"work": {}}})
    done = invoke("config", "forget", "work", "--yes")
    assert (done.returncode, b"set-key" in done.stderr) == (1, True)
    assert count_readings(store_file(home)) == 1


def test_what_cannot_be_deleted_is_an_error(
    invoke: Run, home: Path, both: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_version(store_file(home), schema.VERSION + 1)
    done = invoke("config", "forget", "work", "--yes")
    assert (done.stdout, done.returncode) == (b"", 1)
    assert b"was written by a later version" in done.stderr

    def refuse() -> None:
        raise PermissionError(13, "Permission denied", "/replies")

    monkeypatch.setattr(reply_cache, "delete_all", refuse)
    done = invoke("config", "forget", "--yes")
    assert (done.returncode, b"/replies" in done.stderr) == (1, True)


def test_a_poll_that_is_asking_does_not_record_what_was_forgotten(
    run: Run, invoke: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with held_server(monkeypatch) as server:
        server.released.clear()
        polls: list[bytes] = []
        poll = threading.Thread(target=lambda: polls.append(run().stdout))
        poll.start()
        server.wait_for_request(1)
        assert invoke("config", "forget", "default", "--yes").returncode == 0
        server.released.set()
        poll.join(60)
    assert polls
    assert amounts(store_file(home)) == []


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "XDG_STATE_HOME", "HOME"])
def test_a_folder_that_cannot_be_read_is_named(
    invoke: Run, home: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, f"/tmp/{TOO_LONG}")
    done = invoke("config", "forget", "--yes")
    assert done.returncode == 1
    assert f"Error: /tmp/{TOO_LONG[:40]}" in done.stderr.decode()
