"""When the balance is fetched, when the stored one is returned, and with which problem."""

from __future__ import annotations

import shlex
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from kit.support import KEY

from moonshot_status.core.account import Account, Balance, Secret
from moonshot_status.core.errors import Cause, Kind, ProblemError
from moonshot_status.core.regions import Region
from moonshot_status.core.status import Status
from moonshot_status.polling import balance
from moonshot_status.polling.balance import FetchPolicy, RequestDueError, Requests, get_balance
from moonshot_status.store import database, leases
from moonshot_status.store.database import FILE_NAME, Store
from moonshot_status.store.leases import Lease

START = datetime(2026, 11, 22, 18, 0, 0, tzinfo=timezone.utc)
DAY = 86400.0
Answer = Decimal | Exception | Callable[[], Decimal]


@dataclass
class World:
    """An account, a clock, and an API that answers what the test says."""

    folder: Path
    account: Account
    answer: Answer = Decimal(1)
    now: datetime = START
    keys: list[str] = field(default_factory=list)

    def fetch(self, account: Account, secret: str, terms: FetchPolicy) -> Balance:
        assert (account, terms.now()) == (self.account, self.now)
        self.keys.append(secret)
        if isinstance(self.answer, Exception):
            raise self.answer
        return Balance(self.answer if isinstance(self.answer, Decimal) else self.answer())

    def after(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def poll(
        self, *, max_age: float = 300, timeout: float = 5, since: float = 0, refresh: bool = False,
        requests: Requests = Requests.MAKE,
    ) -> Status:  # fmt: skip
        """A new process that began ``since`` seconds ago looks at the account."""
        began = self.now - timedelta(seconds=since)
        terms = FetchPolicy(max_age, timeout, began, refresh, lambda: self.now, requests=requests)
        return get_balance(self.account, Store(self.folder), terms)

    @property
    def asked(self) -> int:
        return len(self.keys)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    account = Account("a", Region.INTERNATIONAL, "https://api.moonshot.ai", Secret(KEY))
    made = World(tmp_path / "state", account)
    monkeypatch.setattr(balance, "_request", made.fetch)
    return made


def failure(kind: Kind = Kind.SERVER_ERROR, told: int | None = None) -> ProblemError:
    return ProblemError(Cause(kind, "It went wrong", "Wait"), retry_after=told)


def shown(found: Status) -> tuple[str | None, str | None, bool]:
    """The balance, the kind of problem, and whether it is stale."""
    available = str(found.reading.balance.available) if found.reading else None
    return available, found.problem.kind.value if found.problem else None, found.stale


def test_without_a_reading_it_is_fetched(world: World) -> None:
    found = world.poll()
    assert shown(found) == ("1", None, False)
    assert found.reading is not None
    assert found.reading.fetched_at == START
    assert world.keys == [KEY]


@pytest.mark.parametrize(("age", "asked"), [(0, 1), (299, 1), (300, 1), (300.1, 2), (DAY, 2)])
def test_asks_when_the_reading_is_older_than_allowed(world: World, age: float, asked: int) -> None:
    world.poll()
    world.answer = Decimal(2)
    world.after(age)
    assert shown(world.poll(max_age=300)) == (str(asked), None, False)
    assert world.asked == asked


def test_a_reading_of_before_is_never_fresh_at_max_age_zero(world: World) -> None:
    world.poll(max_age=0)
    world.after(1)
    world.poll(max_age=0)
    assert world.asked == 2


def test_refresh_asks_though_the_reading_is_fresh(world: World) -> None:
    world.poll()
    world.after(1)
    world.answer = Decimal(2)
    assert shown(world.poll(refresh=True)) == ("2", None, False)


@pytest.mark.parametrize(("since", "asked"), [(2, 1), (0.5, 2)])
@pytest.mark.parametrize("fails", [False, True])
def test_an_attempt_that_began_later_satisfies_a_refresh(
    world: World, since: float, asked: int, fails: bool
) -> None:
    world.answer = failure() if fails else Decimal(1)
    first = world.poll()
    world.after(1)
    found = world.poll(refresh=True, since=since)
    assert world.asked == asked
    assert shown(found) == shown(first)


@pytest.mark.parametrize(("refresh", "asked"), [(True, 2), (False, 1)])
def test_an_attempt_that_was_under_way_satisfies_all_but_a_refresh(
    world: World, refresh: bool, asked: int
) -> None:
    def slowly() -> Decimal:
        world.after(2)
        return Decimal(1)

    world.answer = slowly
    world.poll()
    world.after(0.5)
    world.poll(refresh=refresh, max_age=0, since=1)
    assert world.asked == asked


@pytest.mark.parametrize(("age", "refresh", "stale"), [(10, True, False), (301, False, True)])
def test_a_failure_shows_the_old_reading_stale_only_if_it_is_old(
    world: World, age: float, refresh: bool, stale: bool
) -> None:
    world.poll()
    world.after(age)
    world.answer = failure()
    found = world.poll(refresh=refresh)
    assert shown(found) == ("1", "server-error", stale)
    assert found.retry_at is not None
    assert timedelta(seconds=15) <= found.retry_at - world.now <= timedelta(seconds=18)


def test_a_failure_without_a_reading_is_not_stale(world: World) -> None:
    world.answer = failure()
    assert shown(world.poll()) == (None, "server-error", False)


def test_a_success_ends_the_problem(world: World) -> None:
    world.answer = failure()
    world.poll()
    world.after(20)
    world.answer = Decimal(2)
    found = world.poll()
    assert (shown(found), found.retry_at) == (("2", None, False), None)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(Decimal(2), ("2", None, False)), (failure(), ("1", "server-error", True))],
    ids=["works", "fails"],
)
def test_a_reading_from_the_future_is_asked_for_again(
    world: World, answer: Answer, expected: tuple[str, str | None, bool]
) -> None:
    world.poll()
    world.after(-60)
    world.answer = answer
    assert shown(world.poll()) == expected
    assert shown(world.poll()) == expected
    assert world.asked == 2


@pytest.mark.parametrize("told", [None, 40])
def test_waits_are_kept_across_processes_even_at_max_age_zero(
    world: World, told: int | None
) -> None:
    world.answer = failure(told=told)
    retry_at = world.poll().retry_at
    assert retry_at is not None
    for moment, asked in ((retry_at - timedelta(seconds=1), 1), (retry_at, 2)):
        world.now = moment
        assert shown(world.poll(max_age=0)) == (None, "server-error", False)
        assert world.asked == asked


def test_waits_grow_while_the_failure_stays_the_same(world: World) -> None:
    world.answer, waits = failure(), []
    for _ in range(3):
        retry_at = world.poll().retry_at
        assert retry_at is not None
        waits.append((retry_at - world.now).total_seconds())
        world.now = retry_at
    assert 15 <= waits[0] <= 18 < 24 <= waits[1] <= 36 < 48 <= waits[2] <= 72
    world.answer = failure(Kind.OFFLINE)
    retry_at = world.poll().retry_at
    assert retry_at is not None
    assert 5 <= (retry_at - world.now).total_seconds() <= 6


@pytest.mark.parametrize(("told", "asked"), [(None, 2), (40, 1)])
def test_refresh_breaks_our_own_waits_only(world: World, told: int | None, asked: int) -> None:
    world.answer = failure(Kind.RATE_LIMITED, told)
    world.poll()
    world.after(1)
    assert shown(world.poll(refresh=True)) == (None, "rate-limited", False)
    assert world.asked == asked


def test_a_wait_that_a_clock_made_too_long_is_ignored(world: World) -> None:
    world.answer = failure(told=3600)
    world.poll()
    world.after(-DAY)
    world.poll()
    assert world.asked == 2


@pytest.mark.parametrize(("told", "asked"), [(None, 2), (40, 1)])
def test_refresh_asks_about_a_rejected_key(world: World, told: int | None, asked: int) -> None:
    world.answer = failure(Kind.UNAUTHORIZED, told)
    world.poll()
    world.after(39)
    assert shown(world.poll(max_age=0)) == (None, "unauthorized", False)
    assert world.asked == 1
    world.poll(refresh=True)
    assert world.asked == asked
    world.after(1)
    world.poll(refresh=True)
    assert world.asked == asked + 1


def test_another_key_is_asked_with_at_once_and_shows_its_own_money(world: World) -> None:
    world.poll()
    world.answer = failure(Kind.UNAUTHORIZED)
    world.poll(refresh=True, since=-1)
    world.account = replace(world.account, secret=Secret("sk-another"))
    assert shown(world.poll()) == (None, "unauthorized", False)
    assert world.keys[-1] == "sk-another"


def test_an_error_of_the_store_never_stops_the_balance(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    world.folder = tmp_path / "file" / "state"
    found = world.poll()
    assert shown(found) == ("1", "store", False)
    assert found.retry_at is None
    world.answer = failure()
    found = world.poll()
    assert shown(found) == (None, "server-error", False)
    assert found.problem is not None
    assert FILE_NAME in found.problem.hint


def test_what_nobody_thought_of_is_internal(world: World) -> None:
    world.poll()
    world.after(301)
    world.answer = ZeroDivisionError(f"with {KEY}")
    found = world.poll()
    assert shown(found) == ("1", "internal", True)
    assert KEY not in str(found)
    assert found.retry_at is not None


def command(world: World, script: str) -> None:
    """Let the key come from a shell's output."""
    account = replace(world.account, secret=Secret(command=("/bin/sh", "-c", script)))
    world.account = account


def test_the_key_command_runs_only_for_a_request(world: World, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    command(world, f"echo run >> {shlex.quote(str(runs))}; echo {KEY}")
    world.poll()
    for answer, seconds, count in ((Decimal(2), 299, 1), (failure(), 2, 2), (failure(), 1, 2)):
        world.answer = answer
        world.after(seconds)
        world.poll()
        assert len(runs.read_text(encoding="utf-8").split()) == world.asked == count
    assert world.keys == [KEY, KEY]


@pytest.mark.parametrize(
    ("script", "kind"),
    [("exit 1", "no-key"), ("true", "no-key"), ("echo sk-kimi-1", "wrong-product")],
)
def test_a_key_command_that_gives_no_key(world: World, script: str, kind: str) -> None:
    command(world, script)
    assert shown(world.poll()) == (None, kind, False)
    assert world.asked == 0


def test_a_failing_key_command_keeps_the_reading(world: World, tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    key_file.write_text(KEY, encoding="utf-8")
    command(world, f"cat {shlex.quote(str(key_file))}")
    world.poll()
    key_file.rename(tmp_path / "lost")
    world.after(301)
    assert shown(world.poll()) == ("1", "no-key", True)
    key_file.write_text("sk-another", encoding="utf-8")
    world.answer = failure()
    assert shown(world.poll(since=-1)) == (None, "server-error", False)


@contextmanager
def asking(world: World, result: Answer) -> Iterator[Callable[[], None]]:
    """Another process is asking; the value lets it have its result."""
    begun, let_go = threading.Event(), threading.Event()

    def answer() -> Decimal:
        begun.set()
        let_go.wait(60)
        if isinstance(result, Exception):
            raise result
        assert isinstance(result, Decimal)
        return result

    world.answer = answer
    asker = threading.Thread(target=world.poll)
    asker.start()
    try:
        assert begun.wait(60)
        yield let_go.set
    finally:
        let_go.set()
        asker.join()


@pytest.mark.parametrize("refresh", [False, True])
@pytest.mark.parametrize(
    ("result", "expected"),
    [(Decimal(7), ("7", None, False)), (failure(), (None, "server-error", False))],
    ids=["works", "fails"],
)
def test_who_waits_for_the_lock_shows_the_result_of_its_holder(
    world: World, result: Answer, expected: tuple[str, str | None, bool], refresh: bool
) -> None:
    with asking(world, result) as let_go:
        timer = threading.Timer(0.1, let_go)
        timer.start()
        assert shown(world.poll(refresh=refresh)) == expected
        timer.join()
    assert world.asked == 1


def test_with_a_reading_nobody_waits_for_the_lock(world: World) -> None:
    world.poll()
    world.after(301)
    with asking(world, Decimal(7)):
        assert shown(world.poll()) == ("1", None, False)
    assert shown(world.poll()) == ("7", None, False)
    assert world.asked == 2


def test_a_reading_from_the_future_is_stale_while_another_asks(world: World) -> None:
    world.poll()
    world.after(-60)
    with asking(world, Decimal(7)):
        assert shown(world.poll()) == ("1", None, True)


def test_who_waits_in_vain_has_a_timeout(world: World) -> None:
    with asking(world, Decimal(7)):
        assert shown(world.poll(timeout=0.1)) == (None, "timeout", False)
    assert world.asked == 1


def test_who_waits_in_vain_shows_the_last_failure(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.answer = failure()
    world.poll()
    world.after(3600)
    monkeypatch.setattr(
        Store, "begin_request", lambda store, account, *_: (store.load(account), None)
    )
    monkeypatch.setattr(Store, "is_in_flight", lambda *_: True)
    assert shown(world.poll(timeout=0)) == (None, "server-error", False)


@contextmanager
def stopped(world: World) -> Iterator[Lease]:
    """Another process has begun a request and is stopped, or was killed: then leave the block."""
    path = world.folder / "requests" / f"{world.account.identity[:16]}.lease"
    lease = leases.take(path, world.now, world.now + timedelta(seconds=15))
    kept = path.read_bytes()
    yield lease
    lease.release()
    path.write_bytes(kept)


def test_an_old_reading_is_only_old_until_the_lease_of_another_process_ends(world: World) -> None:
    world.poll()
    world.after(301)
    with stopped(world):
        world.after(14.9)
        found = world.poll()
        assert (shown(found), found.expired) == (("1", None, False), True)
        assert lasts(world, found) == pytest.approx(0.1)
        assert world.poll(requests=Requests.SKIP) == found
        assert world.asked == 1
        world.after(0.1)
        world.answer = failure()
        found = world.poll(requests=Requests.SKIP)
        assert shown(found) == ("1", "timeout", True)
        assert found.problem is not None
        assert found.problem.message == "The request was interrupted"
        assert shown(world.poll()) == ("1", "server-error", True)
    assert world.asked == 2


def test_the_wait_after_a_process_that_died_counts_from_its_start(world: World) -> None:
    world.poll()
    world.after(301)
    with stopped(world):
        pass
    world.after(5)
    found = world.poll()
    assert (shown(found), lasts(world, found)) == (("1", "timeout", True), 10)
    assert world.asked == 1
    world.after(10)
    assert shown(world.poll()) == ("1", None, False)
    assert world.asked == 2


def test_a_host_that_kills_every_request_has_the_api_asked_ever_more_rarely(world: World) -> None:
    began: list[float] = []
    for _ in range(3600):
        try:
            world.poll(requests=Requests.REPORT)
        except RequestDueError:
            began.append((world.now - START).total_seconds())
            begin(world)
        world.after(1)
    assert began[:5] == [0, 15, 45, 105, 225]
    assert len(began) <= 3600 / 300 + 5


def test_a_host_that_kills_every_request_has_a_rejected_key_asked_about_each_hour(
    world: World,
) -> None:
    world.answer = failure(Kind.UNAUTHORIZED)
    world.poll()
    began: list[float] = []
    for _ in range(5 * 60):
        world.after(60)
        try:
            assert shown(world.poll(requests=Requests.REPORT)) == (None, "unauthorized", False)
        except RequestDueError:
            began.append((world.now - START).total_seconds() / 3600)
            begin(world)
    assert began == [1, 2, 3, 4, 5]


def begin(world: World) -> None:
    """Begin a request in a process that is killed before the answer."""
    store = Store(world.folder)
    _, lease = store.begin_request(
        world.account, timedelta(seconds=15), lambda: world.now, lambda _: True
    )
    assert lease
    path = world.folder / "requests" / f"{world.account.identity[:16]}.lease"
    kept = path.read_bytes()
    lease.release()
    path.write_bytes(kept)


def test_a_failure_is_still_shown_while_the_next_attempt_is_in_flight(world: World) -> None:
    world.answer = failure(Kind.OFFLINE)
    world.poll()
    world.after(60)
    with stopped(world):
        assert shown(world.poll(timeout=0)) == (None, "offline", False)


def test_a_request_in_flight_does_not_satisfy_a_refresh(world: World) -> None:
    world.poll()
    world.after(1)
    with stopped(world):
        found = world.poll(refresh=True, timeout=0)
        assert shown(found) == ("1", "timeout", False)
        assert found.problem is not None
        assert found.problem.message == "Another process is still asking after 0 s"
    assert world.asked == 1


def test_what_was_fetched_after_the_end_of_the_lease_is_not_stored(world: World) -> None:
    def overtaken() -> Decimal:
        world.after(15)
        world.answer = Decimal(2)
        assert shown(world.poll()) == ("2", None, False)
        world.after(1)
        return Decimal(1)

    world.answer = overtaken
    assert shown(world.poll()) == ("2", None, False)
    world.after(1)
    assert shown(world.poll()) == ("2", None, False)
    assert world.asked == 2


def test_a_clock_that_is_set_back_ends_a_lease(world: World) -> None:
    with stopped(world):
        world.after(-60)
        assert shown(world.poll()) == ("1", None, False)


@pytest.mark.parametrize("has_balance", [False, True])
def test_a_request_that_is_due_can_be_reported_in_place_of_made(
    world: World, has_balance: bool
) -> None:
    if has_balance:
        world.poll()
        assert shown(world.poll(requests=Requests.REPORT)) == ("1", None, False)
        world.after(301)
    with pytest.raises(RequestDueError) as caught:
        world.poll(requests=Requests.REPORT)
    due = caught.value
    assert (due.timeout, due.lasts, due.has_balance) == (5, 10, has_balance)
    assert world.asked == has_balance


def test_nothing_is_created_in_place_of_a_request(world: World) -> None:
    assert shown(world.poll(requests=Requests.SKIP)) == (None, None, False)
    assert not world.folder.exists()


def test_a_store_that_stays_locked_is_a_reason_for_no_request(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0)
    monkeypatch.setattr(database, "READ_BUSY_SECONDS", 0)
    world.poll()
    world.after(301)
    for mode in ("IMMEDIATE", "EXCLUSIVE"):
        with closing(sqlite3.connect(world.folder / FILE_NAME, isolation_level=None)) as other:
            other.execute(f"BEGIN {mode}")
            for requests in (Requests.MAKE, Requests.SKIP):
                assert shown(world.poll(requests=requests)) == ("1", "store", True)
    assert world.asked == 1


def lasts(world: World, found: Status) -> float | None:
    """Seconds from now on."""
    return (found.changes_at - world.now).total_seconds() if found.changes_at else None


def test_a_fresh_reading_changes_when_it_expires(world: World) -> None:
    assert lasts(world, world.poll()) == 300
    world.after(100)
    assert lasts(world, world.poll(max_age=1000)) == 900


def test_a_failure_changes_when_the_api_may_be_asked_again(world: World) -> None:
    world.poll()
    world.answer = failure(Kind.RATE_LIMITED, 40)
    world.after(290)
    found = world.poll(refresh=True)
    assert (shown(found), lasts(world, found)) == (("1", "rate-limited", False), 10)
    world.after(20)
    found = world.poll()
    assert (shown(found), lasts(world, found)) == (("1", "rate-limited", True), 20)


def test_a_rejected_key_changes_when_it_is_asked_about_again(world: World) -> None:
    world.answer = failure(Kind.UNAUTHORIZED)
    assert lasts(world, world.poll()) == 3600


def test_what_is_asked_anew_each_time_does_not_last(world: World) -> None:
    world.poll()
    assert lasts(world, world.poll(max_age=0)) == 0
    world.answer = failure(Kind.NO_KEY)
    world.after(301)
    assert lasts(world, world.poll()) == 0


def test_a_reading_of_the_future_changes_when_its_time_comes(world: World) -> None:
    world.poll()
    world.after(-50)
    world.answer = failure(Kind.RATE_LIMITED, 600)
    found = world.poll()
    assert (found.stale, lasts(world, found)) == (True, 50)


def test_an_error_of_the_store_does_not_last(world: World) -> None:
    world.folder.parent.joinpath("state").touch()
    assert lasts(world, world.poll()) == 0
