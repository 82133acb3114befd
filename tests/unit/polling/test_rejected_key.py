"""A rejected key over three days: when the API is asked, and when the key command runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from kit.support import KEY

from moonshot_status.api.backoff import Attempt
from moonshot_status.core import causes
from moonshot_status.core.account import Account, Balance, Secret, fingerprint
from moonshot_status.core.errors import Cause, Kind, Problem, ProblemError
from moonshot_status.core.regions import Region
from moonshot_status.core.status import Status
from moonshot_status.polling import balance
from moonshot_status.polling.balance import FetchPolicy, get_balance
from moonshot_status.store.accounts import AccountState
from moonshot_status.store.database import Store

START = datetime(2026, 11, 22, 18, 0, 0, tzinfo=timezone.utc)
OTHER_KEY = "sk-another"
COMMAND = Secret(command=("print-key",))
REJECTED = ProblemError(causes.KEY_REJECTED)
LOCKED = ProblemError(causes.KEY_COMMAND_FAILED, status=1)
# Polls that are this far apart do not count as retries.
MAX_AGE = 3600.0


Api = Callable[[float], Decimal | ProblemError]
Command = Callable[[float], str | ProblemError]


@dataclass
class World:
    """An account, a clock, an API and a key command.

    ``api`` returns the answer at an hour, and ``command`` what the command prints; the hours are
    those since the start. ``requests`` are the hour and the key of each request, and ``runs`` the
    hours of the runs.
    """

    folder: Path
    account: Account
    api: Api = lambda _: REJECTED
    command: Command = lambda _: KEY
    now: datetime = START
    requests: list[tuple[float, str]] = field(default_factory=list)
    runs: list[float] = field(default_factory=list)

    @property
    def hour(self) -> float:
        return (self.now - START) / timedelta(hours=1)

    @property
    def request_hours(self) -> list[float]:
        return [hour for hour, _ in self.requests]

    def request(self, _: Account, key: str, __: FetchPolicy) -> Balance:
        self.requests.append((self.hour, key))
        answer = self.api(self.hour)
        if isinstance(answer, ProblemError):
            raise answer
        return Balance(answer)

    def resolve_key(self, secret: Secret) -> str:
        if secret.key:
            return secret.key
        self.runs.append(self.hour)
        printed = self.command(self.hour)
        if isinstance(printed, ProblemError):
            raise printed
        return printed

    def poll(self, *, refresh: bool = False) -> Status:
        """Poll as a new process."""
        policy = FetchPolicy(
            MAX_AGE, 10, self.now, refresh, lambda: self.now, resolve_key=self.resolve_key
        )
        return get_balance(self.account, Store(self.folder), policy)

    def polls(self, hours: float, minutes: int = 1) -> Iterator[Status]:
        """Poll until so many hours have passed since the start, each minute, as new processes."""
        until = START + timedelta(hours=hours)
        while self.now < until:
            yield self.poll()
            self.now += timedelta(minutes=minutes)

    def run(self, hours: float, minutes: int = 1) -> None:
        for _ in self.polls(hours, minutes):
            pass


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    account = Account("a", Region.CHINA, "https://api.moonshot.cn", Secret(KEY))
    made = World(tmp_path / "state", account)
    monkeypatch.setattr(balance, "_request", made.request)
    return made


@pytest.fixture
def commanded(world: World) -> World:
    """A world in which the key is from a key command."""
    world.account = replace(world.account, secret=COMMAND)
    return world


def kind(status: Status) -> str | None:
    return status.problem.kind.value if status.problem else None


def test_a_rejected_key_is_asked_about_after_1_and_6_hours_and_then_each_day(world: World) -> None:
    ends = [1, 7, 31, 55, 79]
    for status in world.polls(72):
        now = world.hour
        end = START + timedelta(hours=next(end for end in ends if end > now))
        assert (kind(status), status.retry_at, status.changes_at) == ("unauthorized", end, end)
    assert world.requests == [(hour, KEY) for hour in (0, 1, 7, 31, 55)]
    assert world.runs == []


def test_a_page_of_a_gateway_costs_half_an_hour_at_most(world: World) -> None:
    world.api = lambda hour: Decimal(7) if hour >= 24 else ProblemError(causes.NOT_A_BALANCE)
    for status in world.polls(26):
        assert kind(status) == (None if world.requests[-1][0] >= 24 else "bad-response")
    *failed, worked, last = world.request_hours
    waits = [(after - before) * 60 for before, after in pairwise(failed)]
    for failure, wait in enumerate(waits):
        shortest = min(2**failure, 30) * 0.8
        assert max(1, shortest) <= wait <= min(30, 2**failure * 1.2) + 1
    assert 24 <= worked <= 24.5
    assert last == pytest.approx(worked + 1, abs=0.1)


def test_a_key_command_runs_each_hour_and_the_same_key_is_asked_about_each_day(
    commanded: World,
) -> None:
    for status in commanded.polls(72):
        end = START + timedelta(hours=int(commanded.hour) + 1)
        assert (kind(status), status.retry_at, status.changes_at) == ("unauthorized", end, end)
    assert commanded.requests == [(hour, KEY) for hour in (0, 24, 48)]
    assert commanded.runs == list(range(72))


def test_another_key_of_the_command_is_asked_about_within_an_hour(commanded: World) -> None:
    commanded.command = lambda hour: OTHER_KEY if hour > 30.5 else KEY
    commanded.api = lambda hour: Decimal(7) if hour > 30.5 else REJECTED
    commanded.run(36)
    old = [(hour, KEY) for hour in (0, 24)]
    new = [(pytest.approx(31 + hour, abs=0.1), OTHER_KEY) for hour in range(5)]
    assert commanded.requests == [*old, *new]
    assert commanded.runs == [*range(31), *(hour for hour, _ in commanded.requests[2:])]


def test_a_locked_key_command_causes_no_more_requests(commanded: World) -> None:
    def is_night(hour: float) -> bool:
        return 4 <= hour % 24 < 12

    commanded.command = lambda hour: LOCKED if is_night(hour) else KEY
    for status in commanded.polls(72, 5):
        assert kind(status) == ("no-key" if is_night(commanded.hour) else "unauthorized")
    # The count stands still in the two nights before.
    assert commanded.request_hours == [0, 40]
    days = [hour for hour in commanded.runs if not is_night(hour)]
    assert days == [hour for hour in range(72) if not is_night(hour)]


def test_a_key_command_that_is_mended_has_its_new_key_asked_about_at_once(commanded: World) -> None:
    commanded.command = lambda hour: KEY if hour < 1 else LOCKED if hour < 2.5 else OTHER_KEY
    commanded.run(2.6)
    assert commanded.requests == [(0, KEY), (2.5, OTHER_KEY)]


def test_a_request_that_is_due_is_made_once_the_key_command_works_again(commanded: World) -> None:
    commanded.command = lambda hour: LOCKED if 24 <= hour < 25.5 else KEY
    commanded.run(27, 10)
    assert commanded.request_hours == [0, 25.5]


def test_refresh_asks_about_the_same_key_of_a_command(commanded: World) -> None:
    commanded.run(2.5)
    commanded.poll(refresh=True)
    assert commanded.request_hours == [0, 2.5]
    commanded.run(5)
    assert commanded.runs == [0, 1, 2, 2.5, 3.5, 4.5]
    assert commanded.request_hours == [0, 2.5]


def test_a_rejected_key_of_a_command_never_shows_the_money_of_another(commanded: World) -> None:
    commanded.api = lambda _: Decimal(7)
    commanded.poll()
    commanded.api = lambda _: REJECTED
    commanded.command = lambda hour: LOCKED if 4 < hour < 5 else OTHER_KEY
    commanded.now += timedelta(hours=2)
    for status in commanded.polls(8, 10):
        assert status.reading is None
    assert commanded.request_hours == [0, 2]


def test_the_last_balance_of_a_rejected_key_is_kept(commanded: World) -> None:
    commanded.api = lambda hour: REJECTED if hour else Decimal(7)
    commanded.poll()
    commanded.now += timedelta(hours=2)
    for status in commanded.polls(5, 10):
        assert status.reading
        assert (status.reading.balance.available, status.stale) == (Decimal(7), True)
    assert commanded.request_hours == [0, 2]


@pytest.mark.parametrize(
    "change",
    [
        {"secret": Secret(OTHER_KEY)},
        {"secret": COMMAND},
        {"region": Region.INTERNATIONAL},
        {"base_url": "https://balance.example"},
    ],
    ids=["key", "command", "region", "base URL"],
)
def test_changed_settings_are_tried_at_once(world: World, change: dict[str, Secret]) -> None:
    world.run(0.5, 10)
    world.account = replace(world.account, **change)
    world.run(1, 10)
    assert world.request_hours == [0, 0.5]


def test_another_command_that_prints_the_rejected_key_is_tried_at_once(commanded: World) -> None:
    commanded.run(0.5, 10)
    commanded.account = replace(commanded.account, secret=Secret(command=("another",)))
    commanded.run(1, 10)
    assert commanded.request_hours == [0, 0.5]


@pytest.mark.parametrize("hours", [2, 48])
def test_the_wait_is_ignored_when_the_clock_was_set_back(world: World, hours: int) -> None:
    world.run(2, 10)
    world.now -= timedelta(hours=hours + 0.5)
    set_to = world.hour
    world.run(set_to + 1, 10)
    assert world.request_hours == [0, 1, set_to]


@pytest.mark.parametrize("hours", [2, 48])
def test_a_key_command_runs_when_the_clock_was_set_back(commanded: World, hours: int) -> None:
    commanded.run(2, 10)
    commanded.now -= timedelta(hours=hours + 0.5)
    set_to = commanded.hour
    commanded.run(set_to + 1.5, 10)
    assert commanded.runs == [0, 1, set_to, set_to + 1]
    assert commanded.request_hours == [0]


@pytest.mark.parametrize("secret", [Secret(KEY), COMMAND], ids=["key", "command"])
def test_a_rejection_that_an_earlier_version_stored_is_tried_once(
    world: World, secret: Secret
) -> None:
    world.account = replace(world.account, secret=secret)
    attempt = Attempt(START, START, Problem(Cause(Kind.UNAUTHORIZED, "Rejected")), 1)
    state = AccountState(None, attempt, fingerprint(KEY))
    Store(world.folder).save(world.account, state, AccountState())
    world.now += timedelta(minutes=1)
    world.run(1, 10)
    assert world.request_hours == [1 / 60]
