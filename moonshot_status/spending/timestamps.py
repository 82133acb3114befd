"""Readings whose times can be trusted, and which can be compared. Pure."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime

from moonshot_status.core.account import Reading


def drop_out_of_order(stored: Sequence[Reading]) -> list[Reading]:
    """Of readings in the order in which they were stored, those that can be compared.

    That order is right even where a clock was wrong: the most whose times agree with it are taken,
    and of those the ones that tell voucher and cash as the newest does.
    """
    known = [reading for reading in stored if _tells_parts(reading) == _tells_parts(stored[-1])]
    if all(a.fetched_at < b.fetched_at for a, b in itertools.pairwise(known)):
        return known
    return [known[place] for place in _longest_rise([reading.fetched_at for reading in known])]


def up_to_newest(stored: Sequence[Reading]) -> list[Reading]:
    """The same, but the newest reading, which is the balance, is always the last of them."""
    earlier = [reading for reading in stored if reading.fetched_at < stored[-1].fetched_at]
    return drop_out_of_order([*earlier, *stored[-1:]])


def _tells_parts(reading: Reading) -> bool:
    return reading.balance.voucher is not None and reading.balance.cash is not None


def _longest_rise(moments: Sequence[datetime]) -> list[int]:
    """The places of the longest part in which each moment is later than the one before."""
    lowest_end: list[datetime] = []  # of the rises of each length that were found so far
    place_of_end: list[int] = []
    before: list[int] = []
    for place, moment in enumerate(moments):
        length = bisect_left(lowest_end, moment)
        before.append(place_of_end[length - 1] if length else -1)
        lowest_end[length : length + 1] = [moment]
        place_of_end[length : length + 1] = [place]
    chain, place = [], place_of_end[-1]
    while place >= 0:
        chain.append(place)
        place = before[place]
    return chain[::-1]
