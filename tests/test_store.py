"""The SQLite file: what is kept, for whom, and what happens when it is damaged."""

from __future__ import annotations

import os
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from support import KEY

from moonshot_status import key, store, tables
from moonshot_status.account import Account, Balance, Reading, Region, Secret, fingerprint
from moonshot_status.errors import Kind, Problem
from moonshot_status.store import FILE_NAME, Store
from moonshot_status.tables import Known
from moonshot_status.waiting import Attempt

NOW = datetime(2026, 11, 22, 18, 46, 24, 123456, timezone.utc)
SECOND = timedelta(seconds=1)
ACCOUNT = Account("a", Region.INTERNATIONAL, "https://api.moonshot.ai", Secret(KEY))
COMMAND = replace(ACCOUNT, secret=Secret(command=("pass", "show", KEY)))


def known(available: str = "49.58894", when: datetime = NOW, used: str = KEY) -> Known:
    """What a successful attempt at this moment leaves, as it is handed to the store."""
    reading = Reading(Balance(Decimal(available)), when)
    return Known(reading, Attempt(when - SECOND, when), fingerprint(used))


def failed(kind: Kind = Kind.OFFLINE, used: str = KEY) -> Known:
    problem = Problem(kind, "It went wrong", "Wait", told=30)
    attempt = Attempt(NOW, NOW + SECOND, problem, 3, NOW + 31 * SECOND)
    return Known(None, attempt, fingerprint(used) if used else "")


def available(found: Known) -> str | None:
    return str(found.reading.balance.available) if found.reading else None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "moonshot-status"


@pytest.fixture
def file(folder: Path) -> Path:
    """A store with one reading."""
    Store(folder).keep(ACCOUNT, known(), Known())
    return folder / FILE_NAME


def aside(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"{FILE_NAME}.damaged-*"))


def test_nothing_is_known_and_nothing_made_before_the_first_keep(folder: Path) -> None:
    empty = Store(folder)
    assert (empty.recall(ACCOUNT), empty.trouble) == (Known(), None)
    assert not folder.exists()


def test_what_was_kept_is_recalled_by_another_process(folder: Path) -> None:
    first, second = known(), failed()
    assert Store(folder).keep(ACCOUNT, first, Known()) == first
    both = Known(first.reading, second.attempt, first.key)
    assert Store(folder).keep(ACCOUNT, second, first) == both
    assert Store(folder).recall(ACCOUNT) == both


@pytest.mark.parametrize(
    "digits",
    ["0", "49.58894", "3.10", "-31.14918", "999999999999.9", f"0.{'0' * 38}12", "1E-7", "1E+3"],
)
def test_amounts_keep_their_digits(folder: Path, digits: str) -> None:
    amount = Decimal(digits)
    reading = Reading(Balance(amount, None, amount), NOW)
    Store(folder).keep(ACCOUNT, replace(known(), reading=reading), Known())
    found = Store(folder).recall(ACCOUNT).reading
    assert found is not None
    assert format(found.balance.available, "f") == format(amount, "f")
    assert (found.balance.voucher, found.balance.cash) == (None, amount)


def test_the_newest_is_the_one_that_came_last_whatever_its_clock_said(folder: Path) -> None:
    for amount, when in (("1", NOW), ("2", NOW + SECOND), ("3", NOW - timedelta(days=9))):
        Store(folder).keep(ACCOUNT, known(amount, when), Known())
    assert available(Store(folder).recall(ACCOUNT)) == "3"


@pytest.mark.parametrize(
    "other",
    [
        replace(ACCOUNT, secret=Secret("sk-another")),
        replace(ACCOUNT, region=Region.CHINA),
        replace(ACCOUNT, base_url="https://gateway.example"),
        COMMAND,
    ],
    ids=["key", "region", "host", "command"],
)
def test_accounts_do_not_see_each_other(folder: Path, other: Account) -> None:
    Store(folder).keep(ACCOUNT, known("1"), Known())
    assert Store(folder).recall(other) == Known()
    Store(folder).keep(other, known("2"), Known())
    assert available(Store(folder).recall(ACCOUNT)) == "1"
    assert available(Store(folder).recall(other)) == "2"


def test_an_account_under_another_name_is_the_same(file: Path) -> None:
    assert available(Store(file.parent).recall(replace(ACCOUNT, name="b"))) == "49.58894"


@pytest.mark.parametrize("used", [KEY, ""], ids=["same key", "no key given"])
def test_a_failure_keeps_the_reading(folder: Path, used: str) -> None:
    Store(folder).keep(COMMAND, known(), Known())
    assert available(Store(folder).keep(COMMAND, failed(used=used), known())) == "49.58894"


@pytest.mark.parametrize("works", [True, False], ids=["kept", "not kept"])
def test_another_answer_of_the_key_command_drops_the_reading(folder: Path, works: bool) -> None:
    place = Store(folder)
    before = place.keep(COMMAND, known(), Known())
    if not works:
        place.trouble = Problem(Kind.STORE, "broken")
    assert place.keep(COMMAND, failed(used="sk-another"), before).reading is None


def test_the_old_answer_of_the_key_command_has_its_reading_back(folder: Path) -> None:
    Store(folder).keep(COMMAND, known("1"), Known())
    Store(folder).keep(COMMAND, known("2", used="sk-another"), Known())
    assert available(Store(folder).keep(COMMAND, failed(), Known())) == "1"


def test_no_key_is_written_anywhere(folder: Path) -> None:
    place = Store(folder)
    for account in (ACCOUNT, COMMAND):
        with place.claim(account, 0):
            place.keep(account, known(used=key.of(ACCOUNT.secret)), Known())
    written = [path.name.encode() + path.read_bytes() for path in folder.iterdir()]
    assert len(written) == 3
    assert not any(KEY.encode() in text or b"canary" in text for text in written)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_owner_can_read_it(folder: Path, umask: int) -> None:
    old = os.umask(umask)
    try:
        place = Store(folder)
        with place.claim(ACCOUNT, 0):
            place.keep(ACCOUNT, known(), Known())
    finally:
        os.umask(old)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_what_others_could_read_is_closed_to_them(file: Path) -> None:
    file.chmod(0o644)
    file.parent.chmod(0o755)
    Store(file.parent).keep(ACCOUNT, known(), Known())
    assert [path.stat().st_mode & 0o777 for path in (file, file.parent)] == [0o600, 0o700]


def test_the_file_of_a_later_version_is_left_alone(file: Path) -> None:
    change(file, f"PRAGMA user_version = {tables.VERSION + 1}")
    before = file.read_bytes()
    reader, writer = Store(file.parent), Store(file.parent)
    assert reader.recall(ACCOUNT) == Known()
    assert writer.keep(ACCOUNT, known("1"), Known()) == known("1")
    assert_trouble(reader)
    assert_trouble(writer)
    assert [path.name for path in file.parent.iterdir()] == [FILE_NAME]
    assert file.read_bytes() == before


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        for statement in statements:
            db.execute(statement)


def assert_trouble(place: Store) -> None:
    assert place.trouble is not None
    assert place.trouble.kind is Kind.STORE
    assert FILE_NAME in place.trouble.message


def assert_mended(folder: Path, damaged: bytes) -> None:
    """The damaged file stands aside as it was, and a new one works."""
    place = Store(folder)
    assert place.recall(ACCOUNT).reading is None
    place.keep(ACCOUNT, known("1"), Known())
    assert place.trouble is None
    assert available(Store(folder).recall(ACCOUNT)) == "1"
    assert [path.read_bytes() for path in aside(folder)] == [damaged]


def test_noise_is_put_aside(file: Path) -> None:
    noise = b"noise" * 4000
    file.write_bytes(noise)
    assert_mended(file.parent, noise)


@pytest.mark.parametrize("part", [0.02, 0.3, 0.5])
def test_a_truncated_file_is_put_aside(file: Path, part: float) -> None:
    whole = file.read_bytes()
    truncated = whole[: int(len(whole) * part)]
    file.write_bytes(truncated)
    assert_mended(file.parent, truncated)


def test_an_empty_file_is_a_new_one(file: Path) -> None:
    file.write_bytes(b"")
    assert available(Store(file.parent).keep(ACCOUNT, known("1"), Known())) == "1"
    assert aside(file.parent) == []


def test_damage_that_only_the_writer_meets_is_put_aside_too(file: Path) -> None:
    file.write_bytes(b"noise" * 4000)
    place = Store(file.parent)
    assert available(place.keep(ACCOUNT, known("1"), Known())) == "1"
    assert (place.trouble, len(aside(file.parent))) == (None, 1)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE account",
        "DROP TABLE reading",
        "DROP TABLE attempt",
        "ALTER TABLE reading DROP COLUMN cash",
        "UPDATE reading SET available = 'many'",
        "UPDATE reading SET available = 'NaN'",
        "UPDATE reading SET available = 'Infinity'",
        "UPDATE reading SET available = '1e99999999'",
        "UPDATE reading SET available = x'00ff'",
        "UPDATE reading SET available = CAST(x'ff' AS TEXT)",
        "UPDATE reading SET cash = ''",
        "UPDATE reading SET fetched_at = 'now'",
        "UPDATE reading SET fetched_at = 4611686018427387904",
        "UPDATE reading SET fetched_at = -1",
        "UPDATE attempt SET ended_at = 'now'",
        "UPDATE attempt SET retry_at = 'never'",
        "UPDATE attempt SET kind = 'strange'",
        "UPDATE attempt SET kind = 'offline', message = NULL",
        "UPDATE attempt SET kind = 'offline', message = x'00ff', hint = ''",
        "UPDATE attempt SET kind = 'offline', message = '', hint = '', told = 'x'",
        "UPDATE attempt SET failures = 'often'",
    ],
)
def test_rows_that_make_no_sense_are_damage(file: Path, statement: str) -> None:
    change(file, statement)
    assert_mended(file.parent, file.read_bytes())


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = Store(tmp_path / "file" / "folder")
    with place.claim(ACCOUNT, 0) as mine:
        assert mine
        assert place.recall(ACCOUNT) == Known()
        assert place.keep(ACCOUNT, known(), Known()) == known()
    assert_trouble(place)


def test_no_home_folder_is_trouble_and_makes_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    place = Store(Path("~/state"))
    assert_trouble(place)
    with place.claim(ACCOUNT, 0) as mine:
        assert mine
        assert place.keep(ACCOUNT, known(), Known()) == known()
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_that_another_process_holds_is_trouble(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        place = Store(file.parent)
        assert place.recall(ACCOUNT) == Known()
        assert_trouble(place)
        assert place.keep(ACCOUNT, known("1"), Known()) == known("1")
    assert available(Store(file.parent).recall(ACCOUNT)) == "49.58894"
    assert aside(file.parent) == []


def test_a_short_hold_is_waited_for(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert available(Store(file.parent).recall(ACCOUNT)) == "49.58894"


@contextmanager
def full_disk() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_costs_no_reading(file: Path) -> None:
    place, before = Store(file.parent), known()
    with full_disk():
        assert place.keep(ACCOUNT, known("1"), before) == known("1")
    assert_trouble(place)
    assert available(Store(file.parent).recall(ACCOUNT)) == "49.58894"
    assert aside(file.parent) == []


def test_an_attempt_is_not_needed_to_keep_a_reading(folder: Path) -> None:
    found = Store(folder).keep(ACCOUNT, replace(known(), attempt=None), Known())
    assert (available(found), found.attempt) == ("49.58894", None)


def test_a_file_without_tables_knows_nothing(file: Path) -> None:
    file.write_bytes(b"")
    place = Store(file.parent)
    assert (place.recall(ACCOUNT), place.trouble) == (Known(), None)


def test_a_file_that_does_not_give_back_what_was_written_is_put_aside(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Store(file.parent)
    monkeypatch.setattr(tables, "read", lambda *_: known("1"))
    place.keep(ACCOUNT, known("2"), Known())
    assert place.trouble is not None
    assert len(aside(file.parent)) == 1


def test_a_file_that_another_process_has_replaced_stays(file: Path) -> None:
    Store(file.parent)._put_aside(inode=file.stat().st_ino + 1)
    assert file.exists()
    assert aside(file.parent) == []
