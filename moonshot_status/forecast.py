"""Moves to a runway: how much is spent a day, and until when the money lasts. Pure.

The money ends when it has paid for as many usual weeks as it can: the usual week is the mean, with
its hours and its weekends, of the last 35 days that were looked at, or of those since the pace
changed. The range comes from how much the single days differ from usual ones, and where it is wide
no day is named.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate, groupby, pairwise

from moonshot_status.account import Reading
from moonshot_status.ledger import Move

_HOUR = timedelta(hours=1)
_WINDOW = timedelta(days=35)
# After a week each of its days was seen; two days with spend do not tell how much days differ.
_LEAST_DAYS, _LEAST_SPENDING = 7, 3
# Nobody looked in a longer time than this, which covers a weekend: when was spent is not known.
_NO_TIME, _LONGEST = timedelta(), timedelta(days=3)
# Who has spent nothing in so many days and then goes on was away.
_AWAY_DAYS = 7
_SATURDAY = 5
# Beyond this many days a runway is no news, and the usual week says little.
_FARTHEST_DAYS = 1000
# A weekend day costs this part of the mean at least, so that no time is free.
_LEAST_FACTOR = 0.01
# The pace has changed if it differs by so many deviations, since so many days at least.
_CHANGE, _LEAST_SINCE = 5, 3
# Of a normal distribution 80 % are within so many deviations; few days make that uncertain, too.
_EIGHTY_PERCENT, _FEW_DAYS = 1.2816, 3
# A day is named unless the end may be so many times nearer, or farther.
_NEARER, _FARTHER = 1.4, 1.75


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
    """What some time has cost, and how long it is: in usual days, or an hour's in hours."""

    spent: float = 0.0
    length: float = 0.0

    def add(self, spent: float, length: float) -> None:
        self.spent += spent
        self.length += length


def runway(moves: Sequence[Move], newest: Reading) -> Runway:
    """The runway as of the newest reading, with which the moves, which are in order, end."""
    now = newest.fetched_at
    seen = [m for m in moves if now - m.start <= _WINDOW and _NO_TIME < m.end - m.start <= _LONGEST]
    count = int(sum((move.end - move.start for move in seen), _NO_TIME) / timedelta(days=1))
    if count < _LEAST_DAYS:
        return Runway(reason=f"not enough readings yet: {count} of {_LEAST_DAYS} days")
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
    if middle > near * _NEARER or far > middle * _FARTHER:
        return Runway(per_day, None, earliest, latest, "spending is too uneven to say")
    return Runway(per_day, zero_at, earliest, latest)


class _Week:
    """The usual week; hours count from the midnight before ``now``, which is local."""

    def __init__(self, moves: Iterable[Move], now: datetime) -> None:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        self._now, self._weekday = (now - midnight) / _HOUR, now.weekday()
        hours = _by_hour(moves, midnight)
        self._shares, self._factors = _hour_shares(hours), (1.0, 1.0)
        self._factors = self._weekday_factors(self._by_day(hours))
        self.days = _without_absences(self._by_day(hours).values())
        self._costs = [self._cost(int(self._now) + hour) for hour in range(7 * 24)]
        self._gone = list(accumulate(self._costs))

    def hours(self, usual_days: float) -> float:
        """From now until so many usual days are used up."""
        begun = self._now % 1
        weeks, rest = divmod(usual_days + begun * self._costs[0], self._gone[-1])
        hour = min(bisect_left(self._gone, rest), len(self._gone) - 1)
        unused = (self._gone[hour] - rest) / self._costs[hour]
        return max(7 * 24 * weeks + hour + 1 - unused - begun, 0.0)

    def _cost(self, hour: int) -> float:
        """In usual days."""
        return self._shares[hour % 24] * self._factors[self._is_weekend(hour // 24)]

    def _is_weekend(self, day: int) -> bool:
        return (self._weekday + day) % 7 >= _SATURDAY

    def _by_day(self, hours: Mapping[int, _Part]) -> dict[int, _Part]:
        days: dict[int, _Part] = defaultdict(_Part)
        for hour, part in hours.items():
            days[hour // 24].add(part.spent, part.length * self._cost(hour))
        return days

    def _weekday_factors(self, days: Mapping[int, _Part]) -> tuple[float, float]:
        """How dear a weekday and a weekend day are, as far as the difference is no chance."""
        kinds = [[days[n] for n in days if self._is_weekend(n) == kind] for kind in (False, True)]
        apart, variance = _difference(*kinds) if all(kinds) else (0.0, 0.0)
        certain = 1 - variance / apart**2 if apart**2 > variance else 0.0
        if not certain:
            return 1.0, 1.0
        weekday, weekend = map(_pace, kinds)
        mean = (5 * weekday + 2 * weekend) / 7
        factors = [1 + certain * (pace / mean - 1) for pace in (weekday, weekend)]
        return max(factors[0], _LEAST_FACTOR), max(factors[1], _LEAST_FACTOR)


def _by_hour(moves: Iterable[Move], midnight: datetime) -> dict[int, _Part]:
    """What was spent in each hour, evenly between two readings, and how much of it was seen."""
    hours: dict[int, _Part] = defaultdict(_Part)
    for move in moves:
        start, end = (move.start - midnight) / _HOUR, (move.end - midnight) / _HOUR
        pace = float(move.spent) / (end - start)
        for hour in range(math.floor(start), math.ceil(end)):
            seen = min(hour + 1, end) - max(hour, start)
            hours[hour].add(seen * pace, seen)
    return hours


def _hour_shares(hours: Mapping[int, _Part]) -> list[float]:
    """Which part of a day's spend falls into each hour of the day; together they are 1.

    Each counts as seen once more, with the mean of all, so that none is free.
    """
    of_day = [_Part(_pace(hours.values()), 1.0) for _ in range(24)]
    for hour, part in hours.items():
        of_day[hour % 24].add(part.spent, part.length)
    paces = [_pace([part]) for part in of_day]
    return [pace / sum(paces) for pace in paces]


def _without_absences(days: Iterable[_Part]) -> list[_Part]:
    """Without the idle weeks; but who is idle until now may not be back yet."""
    runs = [list(run) for _, run in groupby(days, key=lambda day: day.spent > 0)]
    stayed = [run for run in runs[:-1] if run[0].spent or len(run) < _AWAY_DAYS]
    return [day for run in [*stayed, runs[-1]] for day in run]


def _since_change(days: Sequence[_Part]) -> Sequence[_Part]:
    """The newest of them, since the clearest change of pace, if there was one."""
    found, clearest = days, float(_CHANGE**2)
    for cut in range(_LEAST_SINCE, len(days) - _LEAST_SINCE + 1):
        apart, variance = _difference(days[:cut], days[cut:])
        if apart**2 > clearest * variance and _pace(days[cut:]):
            found, clearest = days[cut:], apart**2 / variance if variance else math.inf
    return found


def _difference(some: Sequence[_Part], others: Sequence[_Part]) -> tuple[float, float]:
    """How far their paces are apart, and the variance that this has by chance."""
    paces = _pace(some), _pace(others)
    off = sum((day.spent - paces[0] * day.length) ** 2 for day in some)
    off += sum((day.spent - paces[1] * day.length) ** 2 for day in others)
    length = _length(some), _length(others)
    variance = off / sum(length) * (1 + 2 / max(len(some) + len(others) - 2, 1))
    return paces[0] - paces[1], variance * (1 / length[0] + 1 / length[1])


def _length(days: Iterable[_Part]) -> float:
    return sum(day.length for day in days)


def _pace(days: Collection[_Part]) -> float:
    """What a usual day costs."""
    return sum(day.spent for day in days) / _length(days)


def _usual_days(left: float, days: Sequence[_Part]) -> tuple[float, float, float]:
    """After how many of them the money ends: at the earliest, as expected, and at the latest.

    Too late is the worse error, so the expected end is before the middle if that is uncertain.
    """
    if not left:
        return 0.0, 0.0, 0.0
    deviation = math.sqrt(_variance(days) * (1 / left + 1 / _length(days)))
    deviation *= 1 + _FEW_DAYS / len(days)
    wide = _EIGHTY_PERCENT * deviation
    return left * max(1 - wide, 0.0), left / (1 + deviation**2), left * math.exp(min(wide, 3))


def _variance(days: Sequence[_Part]) -> float:
    """Of a usual day. Days in a row are alike where a burst does not end at midnight."""
    pace = _pace(days)
    off = [day.spent / pace - day.length for day in days]
    alike = sum(x * y for x, y in pairwise(off))
    usual = _length(days) * (1 - 1 / len(days))
    return (sum(x * x for x in off) + 2 * max(alike, 0.0)) / usual
