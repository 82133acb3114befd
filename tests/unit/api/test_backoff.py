"""The backoff after a failure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.support import made_up_problem

from moonshot_status.api.backoff import (
    Attempt,
    after_failure,
    after_interruption,
    after_same_key,
    must_wait,
)
from moonshot_status.core import causes
from moonshot_status.core.errors import Kind, Problem

START = datetime(2026, 11, 22, 18, 0, tzinfo=timezone.utc)
END = START + timedelta(seconds=7)
MINUTE = 60
HOUR = timedelta(hours=1)
WAITS = {
    Kind.OFFLINE: (5, MINUTE),
    Kind.TIMEOUT: (15, 5 * MINUTE),
    Kind.TLS: (MINUTE, 30 * MINUTE),
    Kind.PROXY: (30, 10 * MINUTE),
    Kind.REDIRECTED: (MINUTE, 10 * MINUTE),
    Kind.BAD_RESPONSE: (MINUTE, 30 * MINUTE),
    Kind.API_ERROR: (MINUTE, 30 * MINUTE),
    Kind.SUSPENDED: (30 * MINUTE, 30 * MINUTE),
    Kind.FORBIDDEN: (30 * MINUTE, 30 * MINUTE),
    Kind.NOT_FOUND: (10 * MINUTE, 30 * MINUTE),
    Kind.RATE_LIMITED: (MINUTE, 60 * MINUTE),
    Kind.SERVER_ERROR: (15, 30 * MINUTE),
    Kind.INTERNAL: (MINUTE, 30 * MINUTE),
}
TIMELESS = [kind for kind in Kind if kind not in (*WAITS, Kind.UNAUTHORIZED)]
REJECTED = Problem(causes.KEY_REJECTED)


def failed(
    kind: Kind, told: int | None = None, previous: Attempt | None = None,
    *, runs_command: bool = False,
) -> Attempt:  # fmt: skip
    problem = made_up_problem(kind, "message", retry_after=told)
    return after_failure(START, END, problem, previous, runs_command=runs_command)


def same_key(times: int, previous: Attempt) -> Attempt | None:
    """Return the attempt after so many runs of a command that prints the same key."""
    attempt: Attempt | None = previous
    for _ in range(times):
        attempt = after_same_key(START, END, attempt)
    return attempt


def failed_often(kind: Kind, times: int) -> list[float]:
    """The seconds that are waited after each of so many failures in a row."""
    waits, attempt = [], None
    for _ in range(times):
        attempt = failed(kind, previous=attempt)
        assert attempt.retry_at is not None
        waits.append((attempt.retry_at - END).total_seconds())
    return waits


@pytest.mark.parametrize(("kind", "bounds"), WAITS.items())
def test_a_wait_stays_between_the_first_and_the_longest(
    kind: Kind, bounds: tuple[int, int]
) -> None:
    first, longest = bounds
    for _ in range(20):
        waits = failed_often(kind, 12)
        assert all(first <= wait <= longest for wait in waits)
        assert waits[0] <= first * 1.2
        assert waits[-1] >= longest * 0.8


@pytest.mark.parametrize(("kind", "bounds"), WAITS.items())
def test_a_wait_doubles_give_or_take_a_fifth(kind: Kind, bounds: tuple[int, int]) -> None:
    first, longest = bounds
    for failure, wait in enumerate(failed_often(kind, 6)):
        assert 0.8 <= wait / min(first * 2**failure, longest) <= 1.2


@pytest.mark.parametrize(
    "kind", [kind for kind, (first, longest) in WAITS.items() if first < longest]
)
def test_waits_have_jitter(kind: Kind) -> None:
    assert len({failed_often(kind, 3)[2] for _ in range(10)}) > 1


def test_the_wait_begins_when_the_attempt_ends() -> None:
    attempt = failed(Kind.SUSPENDED)
    assert (attempt.started_at, attempt.ended_at) == (START, END)
    assert attempt.retry_at == END + timedelta(minutes=30)


def test_another_kind_starts_to_count_anew() -> None:
    often = Attempt(START, END, made_up_problem(Kind.OFFLINE, ""), failures=9)
    assert failed(Kind.OFFLINE, previous=often).failures == 10
    assert failed(Kind.TIMEOUT, previous=often).failures == 1
    assert failed(Kind.OFFLINE, previous=Attempt(START, END)).failures == 1


def test_ten_thousand_failures_overflow_nothing() -> None:
    often = Attempt(START, END, made_up_problem(Kind.OFFLINE, ""), failures=10_000)
    retry_at = failed(Kind.OFFLINE, previous=often).retry_at
    assert retry_at is not None
    assert retry_at <= END + timedelta(seconds=MINUTE)


@pytest.mark.parametrize("kind", TIMELESS)
def test_a_kind_without_a_wait_has_none(kind: Kind) -> None:
    assert failed(kind).retry_at is None


def test_only_these_kinds_have_no_wait() -> None:
    settings = {Kind.NO_KEY, Kind.BAD_KEY, Kind.WRONG_PRODUCT, Kind.CONFIG}
    assert set(TIMELESS) == {*settings, Kind.STORE}


def test_the_waits_of_a_rejected_key_are_exact() -> None:
    hours = [wait / HOUR.total_seconds() for wait in failed_often(Kind.UNAUTHORIZED, 5)]
    assert hours == [1, 6, 24, 24, 24]


def test_a_key_command_runs_an_hour_after_each_rejection() -> None:
    attempt = None
    for _ in range(3):
        attempt = failed(Kind.UNAUTHORIZED, previous=attempt, runs_command=True)
        assert (attempt.failures, attempt.retry_at) == (1, END + HOUR)


@pytest.mark.parametrize(("told", "hours"), [(7, 1), (3600, 1), (4000, 4000 / 3600)])
def test_retry_after_does_not_shorten_the_wait_of_a_rejected_key(told: int, hours: float) -> None:
    assert failed(Kind.UNAUTHORIZED, told).retry_at == END + hours * HOUR


@pytest.mark.parametrize("kind", [Kind.RATE_LIMITED, Kind.SERVER_ERROR])
def test_retry_after_is_used_as_it_is(kind: Kind) -> None:
    often = Attempt(START, END, made_up_problem(kind, ""), failures=9)
    for previous in (None, often):
        attempt = failed(kind, told=7, previous=previous)
        assert attempt.retry_at == END + timedelta(seconds=7)


def test_without_a_failure_there_is_no_wait() -> None:
    for attempt in (None, Attempt(START, END)):
        assert not must_wait(attempt, END, force=False)
        assert not must_wait(attempt, END, force=True)


@pytest.mark.parametrize("kind", WAITS)
def test_a_backoff_lasts_until_its_end(kind: Kind) -> None:
    attempt = failed(kind)
    assert attempt.retry_at is not None
    assert must_wait(attempt, END, force=False)
    assert must_wait(attempt, attempt.retry_at - timedelta(milliseconds=1), force=False)
    assert not must_wait(attempt, attempt.retry_at, force=False)


@pytest.mark.parametrize("kind", [*WAITS, Kind.UNAUTHORIZED])
def test_who_insists_breaks_a_wait_of_our_own(kind: Kind) -> None:
    assert not must_wait(failed(kind), END, force=True)


@pytest.mark.parametrize("kind", [*WAITS, Kind.UNAUTHORIZED])
def test_force_does_not_override_retry_after(kind: Kind) -> None:
    attempt = failed(kind, told=600)
    assert must_wait(attempt, END + timedelta(seconds=599), force=True)
    assert not must_wait(attempt, END + timedelta(seconds=600), force=True)


def test_retry_after_ends_before_the_wait_of_a_rejected_key() -> None:
    attempt = failed(Kind.UNAUTHORIZED, told=7)
    assert must_wait(attempt, END + timedelta(seconds=7), force=False)
    assert must_wait(attempt, END + timedelta(seconds=6), force=True)
    assert not must_wait(attempt, END + timedelta(seconds=7), force=True)


@pytest.mark.parametrize("force", [False, True])
def test_a_rejection_that_an_earlier_version_stored_is_no_wait(force: bool) -> None:
    earlier = replace(failed(Kind.UNAUTHORIZED), retry_at=None)
    for now in (END - 0.5 * HOUR, END, END + HOUR):
        assert not must_wait(earlier, now, force=force)
    assert after_same_key(START, END, earlier) is None
    assert failed(Kind.NO_KEY, previous=earlier).retry_at is None


@pytest.mark.parametrize("hours", [1, 6, 24])
def test_a_long_wait_is_ignored_when_the_clock_was_set_back(hours: int) -> None:
    problem = made_up_problem(Kind.UNAUTHORIZED)
    attempt = Attempt(START, END, problem, 1, END + hours * HOUR)
    assert must_wait(attempt, END, force=False)
    assert must_wait(attempt, END + (hours - 0.01) * HOUR, force=False)
    for back in (timedelta(seconds=1), timedelta(days=2)):
        assert not must_wait(attempt, END - back, force=False)


def test_a_stored_wait_of_more_than_a_day_is_ignored() -> None:
    attempt = Attempt(START, END, made_up_problem(Kind.UNAUTHORIZED), 1, END + 25 * HOUR)
    assert not must_wait(attempt, END + 0.9 * HOUR, force=False)
    assert must_wait(attempt, END + 1.1 * HOUR, force=False)


@pytest.mark.parametrize("kind", [*WAITS, Kind.UNAUTHORIZED])
def test_force_overrides_a_backoff_of_the_future(kind: Kind) -> None:
    assert not must_wait(failed(kind), END - 0.5 * HOUR, force=True)


def test_a_rejected_key_from_a_command_is_not_asked_about_for_a_day() -> None:
    rejected = failed(Kind.UNAUTHORIZED, told=7, runs_command=True)
    for runs in range(1, 24):
        attempt = same_key(runs, rejected)
        assert attempt == Attempt(START, END, REJECTED, runs + 1, END + HOUR)
    assert same_key(24, rejected) is None


@pytest.mark.parametrize(
    "attempt",
    [None, Attempt(START, END), failed(Kind.OFFLINE), failed(Kind.NO_KEY)],
    ids=["none", "works", "offline", "no key"],
)
def test_a_key_that_was_not_rejected_is_asked_about(attempt: Attempt | None) -> None:
    assert after_same_key(START, END, attempt) is None


@pytest.mark.parametrize("kind", [Kind.NO_KEY, Kind.BAD_KEY, Kind.WRONG_PRODUCT])
def test_a_key_command_that_fails_keeps_the_count_of_a_rejected_key(kind: Kind) -> None:
    rejected = same_key(9, failed(Kind.UNAUTHORIZED, runs_command=True))
    attempt = rejected
    for _ in range(30):
        attempt = failed(kind, previous=attempt, runs_command=True)
        assert attempt.problem is not None
        assert (attempt.problem.kind, attempt.failures) == (kind, 10)
        for back in (timedelta(), 0.5 * HOUR):
            assert not must_wait(attempt, END - back, force=False)
    assert same_key(14, attempt) == Attempt(START, END, REJECTED, 24, END + HOUR)
    assert same_key(15, attempt) is None


@pytest.mark.parametrize("told", [None, 3600])
def test_a_stored_wait_longer_than_an_hour_is_ignored(told: int | None) -> None:
    problem = made_up_problem(Kind.RATE_LIMITED, "", retry_after=told)
    attempt = Attempt(START, END, problem, 1, END + timedelta(hours=1))
    assert must_wait(attempt, END, force=False)
    assert not must_wait(attempt, END - timedelta(seconds=1), force=False)


@given(
    st.sampled_from(list(Kind)),
    st.none() | st.integers(1, 3600),
    st.integers(0, 10_000),
    st.sampled_from(list(Kind)),
)
def test_no_wait_is_longer_than_its_kind_allows(
    kind: Kind, told: int | None, failures: int, before: Kind
) -> None:
    previous = Attempt(START, END, made_up_problem(before, ""), failures)
    attempt = failed(kind, told, previous)
    if attempt.retry_at is not None:
        longest = 24 if kind is Kind.UNAUTHORIZED else 1
        assert END < attempt.retry_at <= END + longest * HOUR
        assert must_wait(attempt, END, force=False)


def test_the_wait_after_an_interruption_counts_from_its_start_and_is_the_same_everywhere() -> None:
    attempt, waits = None, []
    for _ in range(7):
        before, attempt = attempt, after_interruption(START, attempt)
        assert attempt == after_interruption(START, before)
        assert (attempt.started_at, attempt.ended_at) == (START, START)
        assert attempt.problem == Problem(causes.INTERRUPTED)
        assert attempt.retry_at is not None
        waits.append((attempt.retry_at - START).total_seconds())
    assert waits == [15, 30, 60, 120, 240, 300, 300]


def test_an_interruption_after_another_kind_of_failure_is_the_first() -> None:
    assert after_interruption(START, failed(Kind.OFFLINE)).failures == 1
    assert after_interruption(START, failed(Kind.TIMEOUT)).failures == 2


@pytest.mark.parametrize("kind", [Kind.UNAUTHORIZED, Kind.NO_KEY])
def test_a_rejected_key_stays_rejected_after_an_interruption(kind: Kind) -> None:
    rejected = failed(Kind.UNAUTHORIZED)
    attempt = failed(kind, previous=rejected)
    expected = Attempt(START, START, REJECTED, attempt.failures + 1, START + HOUR)
    assert after_interruption(START, attempt) == expected
