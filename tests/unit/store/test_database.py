"""The store: what is saved for which account, and what happens to a corrupt file."""

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
from string import Formatter

import pytest
from kit.support import KEY, made_up_problem

from moonshot_status import reply_cache
from moonshot_status.api.backoff import Attempt
from moonshot_status.config import api_key
from moonshot_status.core import causes
from moonshot_status.core.account import Account, Balance, Reading, Secret, fingerprint
from moonshot_status.core.errors import Cause, Kind, ProblemError
from moonshot_status.core.regions import Region
from moonshot_status.store import accounts, database, schema
from moonshot_status.store.accounts import AccountState
from moonshot_status.store.database import FILE_NAME, Store
from moonshot_status.store.leases import Lease

NOW = datetime(2026, 11, 22, 18, 46, 24, 123456, timezone.utc)
SECOND = timedelta(seconds=1)
ACCOUNT = Account("a", Region.INTERNATIONAL, "https://api.moonshot.ai", Secret(KEY))
COMMAND = replace(ACCOUNT, secret=Secret(command=("pass", "show", KEY)))


def known(available: str = "49.58894", when: datetime = NOW, used: str = KEY) -> AccountState:
    """What a successful attempt at this moment leaves, as it is handed to the store."""
    reading = Reading(Balance(Decimal(available)), when)
    return AccountState(reading, Attempt(when - SECOND, when), fingerprint(used))


def failed(kind: Kind = Kind.OFFLINE, used: str = KEY) -> AccountState:
    facts = {
        "host": "api.moonshot.ai", "seconds": 1.5, "status": 500, "variable": "ALL_PROXY",
        "proxy": "127.0.0.1:1080", "scheme": "socks5", "remote": "socks5h", "reply": "refused",
    }  # fmt: skip
    problem = ProblemError(CAUSES[kind], retry_after=30, **facts).problem
    attempt = Attempt(NOW, NOW + SECOND, problem, 3, NOW + 31 * SECOND)
    return AccountState(None, attempt, fingerprint(used) if used else "")


CAUSES = {cause.kind: cause for cause in causes.BY_NAME.values()}


def available(found: AccountState) -> str | None:
    return str(found.reading.balance.available) if found.reading else None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "moonshot-status"


@pytest.fixture
def file(folder: Path) -> Path:
    """A store with one reading."""
    Store(folder).save(ACCOUNT, known(), AccountState())
    return folder / FILE_NAME


def begin(place: Store, account: Account) -> tuple[AccountState, Lease | None]:
    return place.begin_request(account, timedelta(seconds=15), lambda: NOW, lambda _: True)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def aside(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"{FILE_NAME}.damaged-*"))


def test_before_the_first_save_there_is_no_state_and_no_folder(folder: Path) -> None:
    empty = Store(folder)
    assert (empty.load(ACCOUNT), empty.error) == (AccountState(), None)
    assert not folder.exists()


def test_what_was_saved_is_loaded_by_another_process(folder: Path) -> None:
    first, second = known(), failed()
    assert Store(folder).save(ACCOUNT, first, AccountState()) == first
    both = AccountState(first.reading, second.attempt, first.key)
    assert Store(folder).save(ACCOUNT, second, first) == both
    assert Store(folder).load(ACCOUNT) == both


@pytest.mark.parametrize(
    "digits",
    ["0", "49.58894", "3.10", "-31.14918", "999999999999.9", f"0.{'0' * 38}12", "1E-7", "1E+3"],
)
def test_amounts_keep_their_digits(folder: Path, digits: str) -> None:
    amount = Decimal(digits)
    reading = Reading(Balance(amount, None, amount), NOW)
    Store(folder).save(ACCOUNT, replace(known(), reading=reading), AccountState())
    found = Store(folder).load(ACCOUNT).reading
    assert found is not None
    assert format(found.balance.available, "f") == format(amount, "f")
    assert (found.balance.voucher, found.balance.cash) == (None, amount)


def test_the_newest_is_the_one_that_came_last_whatever_its_clock_said(folder: Path) -> None:
    for amount, when in (("1", NOW), ("2", NOW + SECOND), ("3", NOW - timedelta(days=9))):
        Store(folder).save(ACCOUNT, known(amount, when), AccountState())
    assert available(Store(folder).load(ACCOUNT)) == "3"


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
    Store(folder).save(ACCOUNT, known("1"), AccountState())
    assert Store(folder).load(other) == AccountState()
    Store(folder).save(other, known("2"), AccountState())
    assert available(Store(folder).load(ACCOUNT)) == "1"
    assert available(Store(folder).load(other)) == "2"


def test_an_account_under_another_name_is_the_same(file: Path) -> None:
    assert available(Store(file.parent).load(replace(ACCOUNT, name="b"))) == "49.58894"


@pytest.mark.parametrize("used", [KEY, ""], ids=["same key", "no key given"])
def test_a_failure_keeps_the_reading(folder: Path, used: str) -> None:
    Store(folder).save(COMMAND, known(), AccountState())
    assert available(Store(folder).save(COMMAND, failed(used=used), known())) == "49.58894"


@pytest.mark.parametrize("used", [KEY, "", "sk-another"], ids=["same", "none", "another"])
def test_what_a_failure_leaves_where_nothing_can_be_saved(folder: Path, used: str) -> None:
    before, latest = known(), failed(used=used)
    store = Store(folder)
    store.error = made_up_problem(Kind.STORE, "broken")
    state = store.save(COMMAND, latest, before)
    assert state.attempt == latest.attempt
    assert state.key == fingerprint(used or KEY)
    assert state.reading == (None if used == "sk-another" else before.reading)


def test_a_new_reading_is_shown_where_nothing_can_be_saved(folder: Path) -> None:
    store = Store(folder)
    store.error = made_up_problem(Kind.STORE, "broken")
    for latest in (known("2"), known("2", used="sk-another")):
        assert store.save(COMMAND, latest, known("1")) == latest


@pytest.mark.parametrize("works", [True, False], ids=["kept", "not kept"])
def test_another_key_of_the_key_command_drops_the_reading(folder: Path, works: bool) -> None:
    place = Store(folder)
    before = place.save(COMMAND, known(), AccountState())
    if not works:
        place.error = made_up_problem(Kind.STORE, "broken")
    assert place.save(COMMAND, failed(used="sk-another"), before).reading is None


def test_the_old_key_of_the_key_command_has_its_reading_back(folder: Path) -> None:
    Store(folder).save(COMMAND, known("1"), AccountState())
    Store(folder).save(COMMAND, known("2", used="sk-another"), AccountState())
    assert available(Store(folder).save(COMMAND, failed(), AccountState())) == "1"


def test_no_key_is_written_anywhere(folder: Path) -> None:
    place = Store(folder)
    for account in (ACCOUNT, COMMAND):
        begin(place, account)
        place.save(account, known(used=api_key.resolve(ACCOUNT.secret)), AccountState())
    written = [path.name.encode() + path.read_bytes() for path in files_in(folder)]
    assert len(written) == 3
    assert not any(KEY.encode() in text or b"canary" in text for text in written)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_owner_can_read_it(folder: Path, umask: int) -> None:
    old = os.umask(umask)
    try:
        place = Store(folder)
        begin(place, ACCOUNT)
        place.save(ACCOUNT, known(), AccountState())
    finally:
        os.umask(old)
    files = files_in(folder)
    assert {path.parent.stat().st_mode & 0o777 for path in files} == {0o700}
    assert [path.stat().st_mode & 0o777 for path in files] == [0o600] * 2


def test_what_others_could_read_is_closed_to_them(file: Path) -> None:
    file.chmod(0o644)
    file.parent.chmod(0o755)
    Store(file.parent).save(ACCOUNT, known(), AccountState())
    assert [path.stat().st_mode & 0o777 for path in (file, file.parent)] == [0o600, 0o700]


def test_the_file_of_a_newer_version_is_left_alone(file: Path) -> None:
    change(file, f"PRAGMA user_version = {schema.VERSION + 1}")
    before = file.read_bytes()
    reader, writer = Store(file.parent), Store(file.parent)
    assert reader.load(ACCOUNT) == AccountState()
    assert writer.save(ACCOUNT, known("1"), AccountState()) == known("1")
    for store in (reader, writer):
        assert_unusable(store)
        assert store.error is not None
        assert store.error.cause is causes.STORE_NEWER
    assert [path.name for path in file.parent.iterdir()] == [FILE_NAME]
    assert file.read_bytes() == before


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        for statement in statements:
            db.execute(statement)


def assert_unusable(place: Store, cause: Cause | None = None) -> None:
    assert place.error is not None
    assert cause in (None, place.error.cause)
    assert place.error.kind is Kind.STORE
    assert FILE_NAME in place.error.message


def assert_replaced(folder: Path, damaged: bytes) -> None:
    """The damaged file stands aside as it was, and a new one works."""
    place = Store(folder)
    assert place.load(ACCOUNT).reading is None
    place.save(ACCOUNT, known("1"), AccountState())
    assert place.error is None
    assert available(Store(folder).load(ACCOUNT)) == "1"
    assert [path.read_bytes() for path in aside(folder)] == [damaged]


def test_noise_is_set_aside(file: Path) -> None:
    noise = b"noise" * 4000
    file.write_bytes(noise)
    assert_replaced(file.parent, noise)


@pytest.mark.parametrize("part", [0.02, 0.3, 0.5])
def test_a_truncated_file_is_set_aside(file: Path, part: float) -> None:
    whole = file.read_bytes()
    truncated = whole[: int(len(whole) * part)]
    file.write_bytes(truncated)
    assert_replaced(file.parent, truncated)


@pytest.mark.parametrize("index", [18, 19, 47], ids=["write version", "read version", "schema"])
def test_a_header_of_another_format_is_set_aside(file: Path, index: int) -> None:
    corrupt = bytearray(file.read_bytes())
    corrupt[index] = 9
    file.write_bytes(corrupt)
    store = Store(file.parent)
    assert available(store.save(ACCOUNT, known("1"), AccountState())) == "1"
    assert store.error is None
    assert available(Store(file.parent).load(ACCOUNT)) == "1"
    assert [path.read_bytes() for path in aside(file.parent)] == [corrupt]


def test_an_empty_file_is_a_new_one(file: Path) -> None:
    file.write_bytes(b"")
    assert available(Store(file.parent).save(ACCOUNT, known("1"), AccountState())) == "1"
    assert aside(file.parent) == []


def test_corruption_that_only_a_writer_meets_is_set_aside_too(file: Path) -> None:
    file.write_bytes(b"noise" * 4000)
    place = Store(file.parent)
    assert available(place.save(ACCOUNT, known("1"), AccountState())) == "1"
    assert (place.error, len(aside(file.parent))) == (None, 1)


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
        "UPDATE attempt SET kind = 'offline', cause = 'OFFLINE', facts = 'host'",
        "UPDATE attempt SET kind = 'offline', cause = 'OFFLINE', facts = '[]'",
        "UPDATE attempt SET kind = 'offline', cause = 'OFFLINE',"
        " facts = replace(hex(zeroblob(100000)), '00', '[')",
        "UPDATE attempt SET kind = 'offline', retry_after = 'x'",
        "UPDATE attempt SET failures = 'often'",
    ],
)
def test_invalid_rows_mean_a_corrupt_file(file: Path, statement: str) -> None:
    change(file, statement)
    assert_replaced(file.parent, file.read_bytes())


def test_a_folder_that_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    place = Store(tmp_path / "file" / "folder")
    state, lease = begin(place, ACCOUNT)
    assert lease
    assert state == place.load(ACCOUNT) == AccountState()
    assert place.save(ACCOUNT, known(), AccountState(), lease) == known()
    assert_unusable(place)


def test_no_home_folder_is_an_error_and_creates_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    place = Store(Path("~/state"))
    assert_unusable(place)
    _, lease = begin(place, ACCOUNT)
    assert lease
    assert place.save(ACCOUNT, known(), AccountState(), lease) == known()
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_that_another_process_locks_is_an_error(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    before = Store(file.parent).load(ACCOUNT)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        place = Store(file.parent)
        assert place.load(ACCOUNT) == before
        assert begin(place, ACCOUNT) == (AccountState(), None)
        assert_unusable(place, causes.STORE_LOCKED)
        assert place.save(ACCOUNT, known("1"), AccountState()) == known("1")
    assert available(Store(file.parent).load(ACCOUNT)) == "49.58894"
    assert aside(file.parent) == []


def test_a_reader_does_not_wait_for_a_writer(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert available(Store(file.parent).load(ACCOUNT)) == "49.58894"


@contextmanager
def full_disk(size: int = 0) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_costs_no_reading(file: Path) -> None:
    place, before = Store(file.parent), known()
    with full_disk():
        assert place.save(ACCOUNT, known("1"), before) == known("1")
    assert_unusable(place)
    assert available(Store(file.parent).load(ACCOUNT)) == "49.58894"
    assert aside(file.parent) == []


def test_a_disk_that_is_full_at_the_first_request_leaves_no_lease(folder: Path) -> None:
    place = Store(folder)
    with full_disk(512):
        state, lease = begin(place, ACCOUNT)
    assert_unusable(place)
    assert (state, lease and lease.started_at) == (AccountState(), None)
    assert [path.name for path in files_in(folder)] == [FILE_NAME]
    assert Store(folder).load(ACCOUNT, NOW) == AccountState()


def test_the_beginning_of_a_request_changes_no_file_that_others_watch(file: Path) -> None:
    (file.parent / "requests").mkdir()
    before = [(path, reply_cache.file_state(bytes(path))) for path in (file, file.parent)]
    _, lease = begin(Store(file.parent), ACCOUNT)
    assert lease
    assert [(path, reply_cache.file_state(bytes(path))) for path, _ in before] == before
    lease.release()
    assert [(path, reply_cache.file_state(bytes(path))) for path, _ in before] == before


def test_an_attempt_is_not_needed_to_keep_a_reading(folder: Path) -> None:
    found = Store(folder).save(ACCOUNT, replace(known(), attempt=None), AccountState())
    assert (available(found), found.attempt) == ("49.58894", None)


def test_a_file_without_tables_has_no_state(file: Path) -> None:
    file.write_bytes(b"")
    place = Store(file.parent)
    assert (place.load(ACCOUNT), place.error) == (AccountState(), None)


def test_a_file_that_does_not_return_what_was_written_is_set_aside(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Store(file.parent)
    monkeypatch.setattr(accounts, "read", lambda *_: known("1"))
    place.save(ACCOUNT, known("2"), AccountState())
    assert place.error is not None
    assert len(aside(file.parent)) == 1


def test_a_file_that_another_process_has_replaced_stays(file: Path) -> None:
    Store(file.parent)._set_aside(inode=file.stat().st_ino + 1)
    assert file.exists()
    assert aside(file.parent) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE attempt SET cause = 'OF_A_LATER_RELEASE', facts = 'x'",
        "UPDATE attempt SET cause = 'OFFLINE', facts = NULL",
        """UPDATE attempt SET cause = 'OFFLINE', facts = '{"server": "h"}'""",
    ],
)
def test_a_cause_of_another_version_is_shown_by_its_kind(file: Path, statement: str) -> None:
    Store(file.parent).save(ACCOUNT, failed(), AccountState())
    change(file, statement)
    attempt = Store(file.parent).load(ACCOUNT).attempt
    assert attempt is not None
    assert attempt.problem is not None
    assert (attempt.problem.kind, attempt.problem.message) == (Kind.OFFLINE, "Offline")


@pytest.mark.parametrize("name", causes.BY_NAME)
def test_no_sentence_is_stored(folder: Path, name: str) -> None:
    sentences = "".join(cause.message + cause.hint for cause in causes.BY_NAME.values())
    names = {field for _, field, _, _ in Formatter().parse(sentences) if field}
    problem = ProblemError(causes.BY_NAME[name], **dict.fromkeys(names, 7)).problem
    state = AccountState(None, Attempt(NOW, NOW, problem), fingerprint(KEY))
    assert Store(folder).save(ACCOUNT, state, AccountState()) == state
    stored = Store(folder).load(ACCOUNT).attempt
    assert stored is not None
    assert stored.problem == problem
    with closing(sqlite3.connect(folder / FILE_NAME)) as db:
        row = db.execute("SELECT * FROM attempt").fetchone()
    assert problem.message not in row
