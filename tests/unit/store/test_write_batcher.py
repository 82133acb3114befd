"""What several threads bring at the same time is done as one, and each gets its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from moonshot_status.store.write_batcher import WriteBatcher


def test_one_is_a_group_of_its_own() -> None:
    groups: list[Sequence[int]] = []

    def work(items: Sequence[int]) -> list[int]:
        groups.append(items)
        return [item * 2 for item in items]

    grouped = WriteBatcher(work)
    assert [grouped.do(1), grouped.do(2)] == [2, 4]
    assert groups == [[1], [2]]


def test_those_who_wait_are_one_group() -> None:
    groups, first_is_under_way = [], threading.Event()

    def work(items: Sequence[int]) -> list[int]:
        groups.append(sorted(items))
        first_is_under_way.set()
        if len(groups) == 1:
            wait_for_the_others(grouped)
        return [item * 2 for item in items]

    grouped = WriteBatcher(work)
    with ThreadPoolExecutor(10) as pool:
        first = pool.submit(grouped.do, 0)
        first_is_under_way.wait(5)
        others = pool.map(grouped.do, range(1, 10))
        assert [first.result(), *others] == [item * 2 for item in range(10)]
    assert groups == [[0], list(range(1, 10))]


def test_one_that_fails_costs_no_other() -> None:
    begun = threading.Event()

    def work(items: Sequence[int]) -> list[int]:
        if 0 in items:
            begun.set()
            wait_for_the_others(grouped)
        if 3 in items:
            raise ValueError(str(items))
        return list(items)

    grouped = WriteBatcher(work)
    with ThreadPoolExecutor(10) as pool:
        pool.submit(grouped.do, 0)
        begun.wait(5)
        calls = [pool.submit(grouped.do, item) for item in range(1, 10)]
        with pytest.raises(ValueError, match=r"^\[3\]$"):
            calls[2].result()
        assert [call.result() for call in calls if call is not calls[2]] == [1, 2, 4, 5, 6, 7, 8, 9]


def wait_for_the_others(grouped: WriteBatcher[int, int]) -> None:
    until = time.monotonic() + 5
    while len(grouped._waiting) < 9 and time.monotonic() < until:
        time.sleep(0.01)
