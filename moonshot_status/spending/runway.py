"""Moves to a runway: how much is spent a day, and until when the money lasts. Pure.

The usual week, with its hours and its weekends, is the mean of the last 35 days that were looked
at (of those since the pace changed, if it did), and the money ends when such weeks have used it up.
The range comes from how much the days differ from usual; where it is wide, no day is named.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate, groupby, pairwise

from moonshot_status.core.account import Reading
from moonshot_status.spending.ledger import Entry

_NO_TIME, _HOUR, _WINDOW = timedelta(), timedelta(hours=1), timedelta(days=35)
# After a week each of its days was seen; two days with spend do not tell how much days differ.
_WEEK_DAYS, _LEAST_SPENDING = 7, 3
# Nobody looked in a longer time than this, which covers a weekend: when was spent is not known.
_LONGEST = timedelta(days=3)
# Beyond this many days a runway is no news, and the usual week says little.
_FARTHEST_DAYS = 1000
# An hour of the day and a weekend are taken for the mean, as if seen for so many hours before.
_PRIOR_HOUR, _PRIOR_WEEKEND = 1, 12
# The pace has changed if it differs by so many deviations, since so many days at least.
_CHANGE, _LEAST_SINCE = 4.5, 3
# Of a normal distribution 80 % are within so many deviations; few days make that uncertain, too.
_EIGHTY_PERCENT, _FEW_DAYS = 1.2816, 3
# A day is named unless the end may be so many times nearer, or farther.
_NEARER, _FARTHER = 1.37, 1.75


@dataclass(frozen=True)
class Runway:
    """When the money is expected to end; the range holds the truth in 80 % of the cases.

    ``per_day`` is in the account's currency. All moments are UTC. Without ``zero_at`` the
    ``reason`` says why; a range can be known even then.
    """

    per_day: Decimal | None = None
    zero_at: datetime | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    reason: str = ""


@dataclass
class _Part:
    """What some time has cost, and its length: of an hour in hours, of a day in usual days."""

    spent: float = 0.0
    length: float = 0.0

    def add(self, spent: float, length: float) -> None:
        self.spent += spent
        self.length += length


_Parts = dict[int, _Part]


def runway(moves: Sequence[Entry], newest: Reading) -> Runway:
    """The runway as of the newest reading, with which the moves, which are in order, end."""
    now = newest.fetched_at
    seen = [m for m in moves if now - m.start <= _WINDOW and _NO_TIME < m.end - m.start <= _LONGEST]
    count = int(sum((move.end - move.start for move in seen), _NO_TIME) / timedelta(days=1))
    if count < _WEEK_DAYS:
        return Runway(reason=f"not enough readings yet: {count} of {_WEEK_DAYS} days")
    if not any(move.spent for move in seen):
        return Runway(Decimal(0), reason=f"nothing was spent in {count} days")
    week = _Week(seen, now.astimezone())
    spending = sum(day.spent > 0 for day in week.days)
    if spending < _LEAST_SPENDING:
        return Runway(reason=f"not enough spending yet: {spending} of {_LEAST_SPENDING} days")
    return _foreseen(week, newest)


def _foreseen(week: _Week, newest: Reading) -> Runway:
    days = _since_change(week.days)
    per_day = Decimal(f"{_pace(days):.12g}")
    left = max(float(newest.balance.available), 0.0) / _pace(days)
    if left > _FARTHEST_DAYS:
        return Runway(per_day, reason=f"more than {_FARTHEST_DAYS} days at this pace")
    near, middle, far = map(week.hours, _usual_days(left, days))
    earliest, zero_at, latest = (newest.fetched_at + h * _HOUR for h in (near, middle, far))
    if middle <= near * _NEARER and far <= middle * _FARTHER:
        return Runway(per_day, zero_at, earliest, latest)
    return Runway(per_day, None, earliest, latest, "spending is too uneven to say")


class _Week:
    """The usual week; hours count from the midnight before ``now``, which is local."""

    def __init__(self, moves: Iterable[Entry], now: datetime) -> None:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        self._now, self._weekday = (now - midnight) / _HOUR, now.weekday()
        seen = _by_hour(moves, midnight)
        self._of_hour = _times_mean(seen, lambda hour: hour % 24, [_PRIOR_HOUR] * 24)
        self._of_weekend = _times_mean(seen, self._is_weekend, [_PRIOR_WEEKEND] * 2)
        costs = [self._cost(int(self._now) + hour) for hour in range(7 * 24)]
        self._scale = 7 / sum(costs)
        self._gone = list(accumulate(cost * self._scale for cost in costs))
        self.days = _without_absences(self._by_day(seen))

    def hours(self, usual_days: float) -> float:
        """From now until so many usual days are used up."""
        begun = self._now % 1
        weeks, rest = divmod(usual_days + begun * self._gone[0], 7)
        hour = bisect_left(self._gone, rest, hi=len(self._gone) - 1)
        before = self._gone[hour - 1] if hour else 0.0
        return 7 * 24 * weeks + hour + (rest - before) / (self._gone[hour] - before) - begun

    def _cost(self, hour: int) -> float:
        return self._of_hour[hour % 24] * self._of_weekend[self._is_weekend(hour)]

    def _is_weekend(self, hour: int) -> bool:
        return (self._weekday + hour // 24) % 7 in (5, 6)

    def _by_day(self, seen: _Parts) -> Collection[_Part]:
        days: _Parts = defaultdict(_Part)
        for hour, part in seen.items():
            days[hour // 24].add(part.spent, part.length * self._cost(hour) * self._scale)
        return days.values()


def _by_hour(moves: Iterable[Entry], midnight: datetime) -> _Parts:
    """What was spent in each hour, evenly between two readings, and how much of it was seen."""
    hours: _Parts = defaultdict(_Part)
    for move in moves:
        start, end = (move.start - midnight) / _HOUR, (move.end - midnight) / _HOUR
        pace = float(move.spent) / (end - start)
        for hour in range(math.floor(start), math.ceil(end)):
            seen = min(hour + 1, end) - max(hour, start)
            hours[hour].add(seen * pace, seen)
    return hours


def _times_mean(seen: _Parts, kind_of: Callable[[int], int], prior: list[int]) -> list[float]:
    """How many times the mean an hour of each kind costs."""
    mean = _pace(seen.values())
    kinds = [_Part(mean * hours, hours) for hours in prior]
    for hour, part in seen.items():
        kinds[kind_of(hour)].add(part.spent, part.length)
    return [kind.spent / kind.length / mean for kind in kinds]


def _without_absences(days: Iterable[_Part]) -> list[_Part]:
    """Without weeks in which nobody spent; who is idle until now may not be back yet."""
    runs = [list(run) for _, run in groupby(days, key=lambda day: day.spent > 0)]
    stayed = [run for run in runs[:-1] if run[0].spent or len(run) < _WEEK_DAYS]
    return [day for run in [*stayed, runs[-1]] for day in run]


def _since_change(days: Sequence[_Part]) -> Sequence[_Part]:
    """The newest of them, since the clearest change of pace, if there was one."""
    found, clearest = days, _CHANGE**2
    for cut in range(_LEAST_SINCE, len(days) - _LEAST_SINCE + 1):
        older, newer = days[:cut], days[cut:]
        change = (_pace(older) - _pace(newer)) ** 2
        variance = sum(x * x for x in _off(older) + _off(newer)) / (len(days) - 2)
        chance = variance * (1 / len(older) + 1 / len(newer))
        if _pace(newer) and change > clearest * chance:
            found, clearest = newer, change / chance if chance else math.inf
    return found


def _pace(days: Collection[_Part]) -> float:
    """What a usual day costs."""
    return sum(day.spent for day in days) / sum(day.length for day in days)


def _off(days: Collection[_Part]) -> list[float]:
    """How much more than usual each has cost."""
    pace = _pace(days)
    return [day.spent - pace * day.length for day in days]


def _usual_days(left: float, days: Collection[_Part]) -> tuple[float, float, float]:
    """After how many of them the money ends: at the earliest, as expected, and at the latest."""
    if not left:
        return 0.0, 0.0, 0.0
    variance = _variance(days) * (1 / left + 1 / len(days)) * (1 + _FEW_DAYS / len(days)) ** 2
    wide = _EIGHTY_PERCENT * math.sqrt(variance)
    # Too late is the worse error, so the expected end is before the middle if that is uncertain.
    return left * max(1 - wide, 0.0), left / (1 + variance), left * math.exp(min(wide, 3))


def _variance(days: Collection[_Part]) -> float:
    """Of a usual day. Days in a row are alike where a burst does not end at midnight."""
    off, pace = _off(days), _pace(days)
    alike = max(sum(x * y for x, y in pairwise(off)), 0.0)
    return (sum(x * x for x in off) + 2 * alike) / (pace**2 * (len(days) - 1))
