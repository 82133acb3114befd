"""Items that several threads write at the same time are written in one batch."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from moonshot_status.store.write_batcher import WriteBatcher

_ENDLESS = 60


def test_an_item_without_others_is_a_batch() -> None:
    batches: list[Sequence[int]] = []

    def write_all(items: Sequence[int]) -> list[int]:
        batches.append(items)
        return [item * 2 for item in items]

    batcher = WriteBatcher(write_all)
    assert [batcher.write(1), batcher.write(2)] == [2, 4]
    assert batches == [[1], [2]]


def test_items_that_arrive_during_a_write_are_one_batch() -> None:
    batches, has_begun = [], threading.Event()

    def write_all(items: Sequence[int]) -> list[int]:
        batches.append(sorted(items))
        has_begun.set()
        if len(batches) == 1:
            wait_for_pending(batcher, 9)
        return [item * 2 for item in items]

    batcher = WriteBatcher(write_all)
    with ThreadPoolExecutor(10) as pool:
        first = pool.submit(batcher.write, 0)
        assert has_begun.wait(_ENDLESS)
        others = pool.map(batcher.write, range(1, 10))
        assert [first.result(), *others] == [item * 2 for item in range(10)]
    assert batches == [[0], list(range(1, 10))]


def test_an_item_that_fails_does_not_affect_its_batch() -> None:
    has_begun = threading.Event()

    def write_all(items: Sequence[int]) -> list[int]:
        if 0 in items:
            has_begun.set()
            wait_for_pending(batcher, 9)
        if 3 in items:
            raise ValueError(str(items))
        return list(items)

    batcher = WriteBatcher(write_all)
    with ThreadPoolExecutor(10) as pool:
        pool.submit(batcher.write, 0)
        assert has_begun.wait(_ENDLESS)
        writes = [pool.submit(batcher.write, item) for item in range(1, 10)]
        with pytest.raises(ValueError, match=r"^\[3\]$"):
            writes[2].result()
        results = [write.result() for write in writes if write is not writes[2]]
        assert results == [1, 2, 4, 5, 6, 7, 8, 9]


def wait_for_pending(batcher: WriteBatcher[int, int], count: int) -> None:
    until = time.monotonic() + _ENDLESS
    while len(batcher._pending) < count:
        assert time.monotonic() < until
        time.sleep(0.01)
