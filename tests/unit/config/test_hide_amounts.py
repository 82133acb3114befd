"""Hidden amounts appear in no output, and the switch is stored."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit.support import KEY, Run

from moonshot_status import formats
from moonshot_status.config import hide_amounts
from moonshot_status.core.safe_read import SIZE_LIMIT
from moonshot_status.polling import demo

BARS = sorted({*formats.names()} - {"json"})
Write = Callable[[Any], Path]


def test_the_flag_hides_what_the_demo_has(run: Run) -> None:
    assert run("--demo", "deficit", "--hide-amount").stdout.decode() == "ok · in deficit\n"


def test_a_click_hides_and_another_shows(run: Run, server: demo.Server) -> None:
    assert run().stdout.decode() == "$49.58\n"
    assert run("hide").returncode == 0
    for _ in range(3):
        assert run().stdout.decode() == "ok\n"
    run("hide")
    assert run().stdout.decode() == "$49.58\n"
    run("hide", "on")
    run("hide", "on")
    assert run().stdout.decode() == "ok\n"
    run("hide", "off")
    assert run().stdout.decode() == "$49.58\n"


@pytest.mark.parametrize("name", BARS)
def test_no_format_shows_an_amount(run: Run, server: demo.Server, name: str) -> None:
    server.response = demo.balance("3.21", "3.21", "-7.65")
    run("hide", "on")
    text = run("--format", name, "--show", "balance,pace,today").stdout.decode()
    assert "warning" in text
    for money in ("$", "3.2", "7.6", "5.00"):
        assert money not in text


def test_programs_see_the_amounts(run: Run, server: demo.Server) -> None:
    run("hide")
    assert json.loads(run("--format", "json").stdout)["balance"]["voucher"] == 46.58893


def test_the_settings_may_begin_with_it(run: Run, server: demo.Server, own_file: Write) -> None:
    own_file({"api_key": KEY, "base_url": server.base_url, "hide_amount": True})
    assert run().stdout.decode() == "ok\n"
    run("hide")
    assert run().stdout.decode() == "$49.58\n"
    assert run("--hide-amount").stdout.decode() == "ok\n"


@pytest.mark.parametrize("names", ["work,cn", "gone,work", "all"])
def test_a_menu_of_several_accounts_switches_too(
    invoke: Run, server: demo.Server, own_file: Write, names: str
) -> None:
    account = {"api_key": KEY, "base_url": server.base_url}
    own_file({"accounts": {"work": account, "cn": {**account, "hide_amount": True}}})
    for expected in (True, False):
        assert invoke("--account", names, "hide").returncode == 0
        assert hide_amounts.is_hidden(not expected) is expected


@pytest.mark.parametrize("noise", [b"", b"maybe", b"\xff\xfe"])
def test_a_file_that_says_nothing_hides_the_amounts(home: Path, noise: bytes) -> None:
    hide_amounts.set_hidden(hidden=False)
    hide_amounts.path().write_bytes(noise)
    assert hide_amounts.is_hidden(default=False)


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "huge", "endless"])
def test_what_is_no_file_of_the_program_hides_the_amounts(home: Path, kind: str) -> None:
    path = hide_amounts.path()
    path.parent.mkdir(parents=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "huge":
        path.write_bytes(b" " * (SIZE_LIMIT + 1) + b"shown")
    else:
        (home / "shown").write_text("shown", encoding="utf-8")
        path.symlink_to("/dev/zero" if kind == "endless" else home / "shown")
    assert hide_amounts.is_hidden(default=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_another_user_hides_the_amounts(home: Path) -> None:
    hide_amounts.set_hidden(hidden=False)
    os.chown(hide_amounts.path(), 65534, 65534)
    assert hide_amounts.is_hidden(default=False)
    hide_amounts.set_hidden(hidden=False)
    assert not hide_amounts.is_hidden(default=True)


def test_a_folder_that_cannot_be_searched_hides(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(hide_amounts.safe_read, "read_own", refuse)
    assert hide_amounts.is_hidden(default=False)


def test_without_a_file_the_settings_decide(home: Path) -> None:
    for folder in (home / ".local", hide_amounts.path().parent):
        assert (hide_amounts.is_hidden(True), hide_amounts.is_hidden(False)) == (True, False)
        folder.mkdir(parents=True)


@pytest.mark.parametrize("place", [".local", ".local/state", ".local/state/moonshot-status"])
@pytest.mark.parametrize("target", ["nowhere", "itself", "/mnt/no-disk/state", "../no/disk"])
def test_a_link_that_leads_nowhere_hides(home: Path, place: str, target: str) -> None:
    (home / place).parent.mkdir(parents=True, exist_ok=True)
    (home / place).symlink_to(Path(place).name if target == "itself" else target)
    assert hide_amounts.is_hidden(default=False)


def test_a_file_in_the_place_of_the_folder_has_no_switch(home: Path) -> None:
    (home / ".local").touch()
    assert not hide_amounts.is_hidden(default=False)


def test_it_is_for_its_owner_alone(home: Path) -> None:
    umask = os.umask(0)
    try:
        hide_amounts.set_hidden(hidden=True)
    finally:
        os.umask(umask)
    assert stat.S_IMODE(hide_amounts.path().stat().st_mode) == 0o600


def test_a_switch_that_cannot_be_stored_is_an_error(run: Run, home: Path) -> None:
    (home / ".local").write_text("in the way", encoding="utf-8")
    done = run("hide")
    assert done.returncode == 1
    assert b"cannot be written" in done.stderr
