"""The runway: how much is spent per day, and how long the balance will last. Pure.

The estimate repeats the average week, by hour and weekend, over the last 35 observed days, or
since the spending rate last changed. The range follows from the scatter of the days around that
week; if it is too wide, there is no expected end.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from itertools import accumulate, groupby, pairwise

from moonshot_status.core.account import Reading
from moonshot_status.core.local_time import local_time
from moonshot_status.spending.ledger import Entry

_NO_TIME, _HOUR, _WINDOW = timedelta(), timedelta(hours=1), timedelta(days=35)
# A week has each of its days once. Two days with spending do not show how much days differ.
_MIN_DAYS, _MIN_SPENDING_DAYS = 7, 3
# Longer gaps between readings, which can be a weekend, do not show when the money was spent.
_MAX_GAP = timedelta(days=3)
_MAX_RUNWAY_DAYS = 1000
# Prior for the factors of an hour of the day and of weekends: that many hours at the mean rate.
_PRIOR_HOURS_PER_HOUR, _PRIOR_HOURS_PER_WEEKEND = 1, 12
# The spending rate has changed if it differs by that many standard errors, with that many days
# at least on each side of the change.
_MIN_CHANGE, _MIN_DAYS_PER_SIDE = 4.5, 3
# 80 % of a normal distribution are within that many deviations. A small sample, by its number of
# days, makes the deviation itself uncertain.
_DEVIATIONS_OF_80_PERCENT, _SMALL_SAMPLE = 1.2816, 3
# With a wider range, as ratios of the expected end to the earliest and of the latest to the
# expected one, no expected end is given.
_MAX_EARLY_RATIO, _MAX_LATE_RATIO = 1.37, 1.75


@dataclass(frozen=True)
class Runway:
    """When the balance is expected to run out, in UTC, and the range of 80 % of the cases.

    ``per_day`` is the spending per day in the account's currency. If ``zero_at`` is None,
    ``reason`` says why; the range can be known even then.
    """

    per_day: Decimal | None = None
    zero_at: datetime | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    reason: str = ""


@dataclass
class _Bin:
    """Spending in an interval of time and its length: hours, or days of the average week."""

    spent: float = 0.0
    length: float = 0.0

    def add(self, spent: float, length: float) -> None:
        self.spent += spent
        self.length += length


_Bins = dict[int, _Bin]


def estimate_runway(entries: Sequence[Entry], newest: Reading) -> Runway:
    """Return the runway as of the newest reading; the entries, in order of time, end with it."""
    now = newest.fetched_at
    observed = [
        entry
        for entry in entries
        if now - entry.start <= _WINDOW and _NO_TIME < entry.duration <= _MAX_GAP
    ]
    count = int(sum((entry.duration for entry in observed), _NO_TIME) / timedelta(days=1))
    if count < _MIN_DAYS:
        return Runway(reason=f"not enough readings yet: {count} of {_MIN_DAYS} days")
    if not any(entry.spent for entry in observed):
        return Runway(Decimal(0), reason=f"nothing was spent in {count} days")
    week = _AverageWeek(observed, now)
    spending_days = sum(day.spent > 0 for day in week.days)
    if spending_days < _MIN_SPENDING_DAYS:
        return Runway(
            reason=f"not enough spending yet: {spending_days} of {_MIN_SPENDING_DAYS} days"
        )
    return _extrapolate(week, newest)


def _extrapolate(week: _AverageWeek, newest: Reading) -> Runway:
    days = _since_change(week.days)
    rate = _rate(days)
    per_day = Decimal(f"{rate:.12g}")
    average_days = max(float(newest.balance.available), 0.0) / rate
    if average_days > _MAX_RUNWAY_DAYS:
        return Runway(per_day, reason=f"more than {_MAX_RUNWAY_DAYS} days at this pace")
    early, expected, late = map(week.hours, _range(average_days, days))
    earliest, zero_at, latest = (newest.fetched_at + h * _HOUR for h in (early, expected, late))
    if expected <= early * _MAX_EARLY_RATIO and late <= expected * _MAX_LATE_RATIO:
        return Runway(per_day, zero_at, earliest, latest)
    return Runway(per_day, None, earliest, latest, "spending is too uneven to say")


class _AverageWeek:
    """The average week by hour; hours count from the midnight before ``now``, in local time."""

    def __init__(self, entries: Iterable[Entry], now: datetime) -> None:
        local = local_time(now)
        time_of_day = local - datetime.combine(local, time())
        self._now, self._weekday = time_of_day / _HOUR, local.weekday()
        observed = _by_hour(entries, now - time_of_day)
        self._hour_factors = _factors(
            observed, lambda hour: hour % 24, [_PRIOR_HOURS_PER_HOUR] * 24
        )
        self._weekend_factors = _factors(observed, self._is_weekend, [_PRIOR_HOURS_PER_WEEKEND] * 2)
        factors = [self._factor(int(self._now) + hour) for hour in range(7 * 24)]
        self._days_per_factor = 7 / sum(factors)
        self._cumulative = list(accumulate(f * self._days_per_factor for f in factors))
        self.days = _drop_absences(self._by_day(observed))

    def hours(self, average_days: float) -> float:
        """Return the hours from now in which the spending of that many average days occurs."""
        elapsed = self._now % 1
        weeks, rest = divmod(average_days + elapsed * self._cumulative[0], 7)
        hour = bisect_left(self._cumulative, rest, hi=len(self._cumulative) - 1)
        before = self._cumulative[hour - 1] if hour else 0.0
        part = (rest - before) / (self._cumulative[hour] - before)
        return 7 * 24 * weeks + hour + part - elapsed

    def _factor(self, hour: int) -> float:
        return self._hour_factors[hour % 24] * self._weekend_factors[self._is_weekend(hour)]

    def _is_weekend(self, hour: int) -> bool:
        return (self._weekday + hour // 24) % 7 in (5, 6)

    def _by_day(self, observed: _Bins) -> Collection[_Bin]:
        days: _Bins = defaultdict(_Bin)
        for hour, part in observed.items():
            length = part.length * self._factor(hour) * self._days_per_factor
            days[hour // 24].add(part.spent, length)
        return days.values()


def _by_hour(entries: Iterable[Entry], midnight: datetime) -> _Bins:
    """Return spending and observed time by hour, spread evenly between two readings."""
    hours: _Bins = defaultdict(_Bin)
    for entry in entries:
        start, end = (entry.start - midnight) / _HOUR, (entry.end - midnight) / _HOUR
        rate = float(entry.spent) / (end - start)
        for hour in range(math.floor(start), math.ceil(end)):
            length = min(hour + 1, end) - max(hour, start)
            hours[hour].add(length * rate, length)
    return hours


def _factors(
    observed: _Bins, class_of: Callable[[int], int], prior_hours: list[int]
) -> list[float]:
    """Return the spending rate of each class of hours, as a multiple of the mean rate."""
    mean = _rate(observed.values())
    classes = [_Bin(mean * hours, hours) for hours in prior_hours]
    for hour, part in observed.items():
        classes[class_of(hour)].add(part.spent, part.length)
    return [found.spent / found.length / mean for found in classes]


def _drop_absences(days: Iterable[_Bin]) -> list[_Bin]:
    """Drop runs of a week or more without spending, except one that lasts until now."""
    runs = [list(run) for _, run in groupby(days, key=lambda day: day.spent > 0)]
    kept = [run for run in runs[:-1] if run[0].spent or len(run) < _MIN_DAYS]
    return [day for run in [*kept, runs[-1]] for day in run]


def _since_change(days: Sequence[_Bin]) -> Sequence[_Bin]:
    """Return the days since the clearest change of the spending rate, or all of them."""
    newest, clearest = days, _MIN_CHANGE**2
    for cut in range(_MIN_DAYS_PER_SIDE, len(days) - _MIN_DAYS_PER_SIDE + 1):
        older, newer = days[:cut], days[cut:]
        change = (_rate(older) - _rate(newer)) ** 2
        variance = sum(x * x for x in _residuals(older) + _residuals(newer)) / (len(days) - 2)
        squared_error = variance * (1 / len(older) + 1 / len(newer))
        if _rate(newer) and change > clearest * squared_error:
            newest, clearest = newer, change / squared_error if squared_error else math.inf
    return newest


def _rate(bins: Collection[_Bin]) -> float:
    """Return the spending per unit of length."""
    return sum(part.spent for part in bins) / sum(part.length for part in bins)


def _residuals(days: Collection[_Bin]) -> list[float]:
    """Return how much more each day cost than the average week predicts."""
    rate = _rate(days)
    return [day.spent - rate * day.length for day in days]


def _range(average_days: float, days: Collection[_Bin]) -> tuple[float, float, float]:
    """Return the earliest, the expected and the latest end, in days of the average week."""
    if not average_days:
        return 0.0, 0.0, 0.0
    sample = 1 / average_days + 1 / len(days)
    variance = _variance(days) * sample * (1 + _SMALL_SAMPLE / len(days)) ** 2
    width = _DEVIATIONS_OF_80_PERCENT * math.sqrt(variance)
    # Too late is the worse error, so uncertainty moves the expected end forward.
    return (
        average_days * max(1 - width, 0.0),
        average_days / (1 + variance),
        average_days * math.exp(min(width, 3)),
    )


def _variance(days: Collection[_Bin]) -> float:
    """Return the variance of a day's spending, relative to the rate.

    Neighbouring days correlate, since a burst of spending does not end at midnight.
    """
    residuals, rate = _residuals(days), _rate(days)
    covariance = max(sum(x * y for x, y in pairwise(residuals)), 0.0)
    return (sum(x * x for x in residuals) + 2 * covariance) / (rate**2 * (len(days) - 1))
