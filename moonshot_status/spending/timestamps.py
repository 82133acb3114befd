"""Readings with trustworthy timestamps and comparable balances. Pure."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime

from moonshot_status.core.account import Reading

YEAR_OF_UNSET_CLOCKS = 1970
"""Where a clock begins that was never set; in local time, this can be the year before."""


def drop_out_of_order(stored: Sequence[Reading]) -> list[Reading]:
    """Drop the readings that cannot be compared, or that a wrong clock stamped.

    ``stored`` is in the order in which the readings were stored, which is right even if the clock
    was not: the longest run of increasing timestamps is kept, however long the clock was wrong.
    Only readings that split the balance into voucher and cash as the newest one does are compared.
    """
    comparable = [reading for reading in stored if _has_parts(reading) == _has_parts(stored[-1])]
    if all(a.fetched_at < b.fetched_at for a, b in itertools.pairwise(comparable)):
        return comparable
    candidates = _drop_unset_clock(comparable)
    timestamps = [reading.fetched_at for reading in candidates]
    return [candidates[index] for index in _longest_increasing_run(timestamps)]


def up_to_newest(stored: Sequence[Reading]) -> list[Reading]:
    """Do the same as ``drop_out_of_order``, but always keep the newest reading, as the last one."""
    earlier = [reading for reading in stored if reading.fetched_at < stored[-1].fetched_at]
    return drop_out_of_order([*earlier, *stored[-1:]])


def drop_before(moment: datetime, stored: Sequence[Reading]) -> Sequence[Reading]:
    """Drop the readings that a clock stamped before ``moment``, after which all were stored.

    All are kept unless most are from then on: then it was the clock of before that was ahead.
    """
    rest = [reading for reading in stored if reading.fetched_at >= moment]
    return rest if len(rest) * 2 > len(stored) else stored


def _drop_unset_clock(readings: Sequence[Reading]) -> Sequence[Reading]:
    """Drop the readings by a clock that was not set yet, if others were stored before them.

    All are kept unless most are by a clock that was set.
    """
    rest = [reading for reading in readings if reading.fetched_at.year > YEAR_OF_UNSET_CLOCKS]
    if len(rest) * 2 <= len(readings):
        return readings
    return [*readings[: readings.index(rest[0])], *rest]


def _has_parts(reading: Reading) -> bool:
    return reading.balance.voucher is not None and reading.balance.cash is not None


def _longest_increasing_run(timestamps: Sequence[datetime]) -> list[int]:
    """Return the indexes of a longest strictly increasing subsequence, in O(n log n)."""
    # For each length of a subsequence: the lowest last timestamp so far, and its index.
    lowest_last: list[datetime] = []
    index_of_last: list[int] = []
    predecessors: list[int] = []
    for index, timestamp in enumerate(timestamps):
        length = bisect_left(lowest_last, timestamp)
        predecessors.append(index_of_last[length - 1] if length else -1)
        lowest_last[length : length + 1] = [timestamp]
        index_of_last[length : length + 1] = [index]
    run, index = [], index_of_last[-1]
    while index >= 0:
        run.append(index)
        index = predecessors[index]
    return run[::-1]
