"""``moonshot-status config forget`` as its users run it."""

from __future__ import annotations

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


@pytest.mark.parametrize("arguments", [("config", "forget"), ("config", "forget", "work")])
def test_without_a_terminal_it_has_to_be_confirmed_in_advance(
    invoke: Run, home: Path, both: Path, arguments: tuple[str, ...]
) -> None:
    done = invoke(*arguments, stdin=b"y\n")
    assert (done.stdout, done.returncode) == (b"", 1)
    assert done.stderr.splitlines()[-1] == b"Next: moonshot-status config forget --yes"
    assert count_readings(store_file(home)) == 1


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
