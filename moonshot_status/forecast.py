"""Readings to spend and runway: how much a day, and until when. Pure.

The usual week is the mean of the last four: how much a day, how much of it at which hour, and how
much less at weekends. The runway is the time that it takes to use up the balance at that pace; its
range comes from how much the days differ from one another.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from moonshot_status import spending
from moonshot_status.account import Reading
from moonshot_status.ledger import Move

_LONGEST_WINDOW = timedelta(days=28)
_LEAST_DAYS = 7
_LEAST_SPENDING_DAYS = 3
# Beyond this many days a runway is no news, and the usual week says little.
_FARTHEST_DAYS = 1000
# A range in which the end is more than this many times as far as the middle is no forecast.
_WIDEST = 1.45
# Of a normal distribution 80 % are within so many deviations.
_EIGHTY_PERCENT = 1.2816
# Who is away for longer than this, and spends nothing, is not having a usual week.
_AWAY = timedelta(days=3)
# What is known of an hour or of a weekend before anything was seen counts as much as so many days.
_HOUR_PRIOR = 3
_WEEKEND_PRIOR = 0.5
_SATURDAY = 5
_ZERO = Decimal(0)


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


def runway(moves: Sequence[Move], newest: Reading) -> Runway:
    """The runway as of the newest reading, with which the moves, which are in order, end."""
    moves = _without_absences(moves, newest.fetched_at)
    days = int((newest.fetched_at - moves[0].start) / timedelta(days=1)) if moves else 0
    if days < _LEAST_DAYS:
        return Runway(reason=_not_enough(days))
    days = min(days, _LONGEST_WINDOW.days)
    hours = spending.by_hour(moves, newest.fetched_at, days * 24)
    return _from_hours(hours, newest)


def _not_enough(days: int) -> str:
    return f"not enough readings yet: {days} of {_LEAST_DAYS} days"


def _without_absences(moves: Sequence[Move], end: datetime) -> list[Move]:
    """The moves of the window, those before an absence brought as much nearer to its end."""
    kept: list[Move] = []
    away = timedelta()
    for move in reversed(moves):
        if move.end - move.start > _AWAY and not move.spent:
            away += move.end - move.start
            continue
        kept.append(replace(move, start=move.start + away, end=move.end + away))
    return [move for move in reversed(kept) if end - move.start <= _LONGEST_WINDOW]


def _from_hours(hours: list[Decimal], newest: Reading) -> Runway:
    daily = [sum(hours[day : day + 24], _ZERO) for day in range(0, len(hours), 24)]
    per_day = sum(daily, _ZERO) / len(daily)
    if not per_day:
        return Runway(reason=f"nothing was spent in {len(daily)} days", per_day=_ZERO)
    spending_days = sum(amount > 0 for amount in daily)
    if spending_days < _LEAST_SPENDING_DAYS:
        return Runway(
            reason=f"not enough spending yet: {spending_days} of {_LEAST_SPENDING_DAYS} days"
        )
    week = _Week(hours, daily, newest.fetched_at)
    return week.runway(newest.balance.available, per_day)


class _Week:
    """The usual week: what an hour costs, by the hour of the day and by weekday or weekend."""

    def __init__(self, hours: list[Decimal], daily: list[Decimal], end: datetime) -> None:
        self._end = end
        self._days = len(daily)
        self._daily = [float(amount) for amount in daily]
        self._mean = sum(self._daily) / self._days
        self._of_hour = _hour_shares(hours, self._days, self._mean)
        self._of_weekday, self._of_weekend = self._weekday_factors(hours)
        # After each hour of the next week.
        self._gone = list(itertools.accumulate(map(self._cost, range(7 * 24))))

    def runway(self, available: Decimal, per_day: Decimal) -> Runway:
        money = float(available)
        if money > self._mean * _FARTHEST_DAYS:
            return Runway(per_day, reason=f"more than {_FARTHEST_DAYS} days at this pace")
        spread = self._spread(self._days_left(money))
        days = [self._days_left(money * factor) for factor in (1 / spread, 1, spread)]
        earliest, zero_at, latest = (self._end + timedelta(days=number) for number in days)
        if days[2] > days[1] * _WIDEST or days[1] > days[0] * _WIDEST:
            return Runway(per_day, None, earliest, latest, "spending is too uneven to say")
        return Runway(per_day, zero_at, earliest, latest)

    def _days_left(self, available: float) -> float:
        """As many usual weeks as it pays for, and the hours of the next until it is gone."""
        weeks, rest = divmod(max(available, 0.0), self._gone[-1])
        hour = bisect_left(self._gone, rest)
        unused = (self._gone[hour] - rest) / self._cost(hour)
        return 7 * weeks + (hour + 1 - unused) / 24

    def _cost(self, hour: int) -> float:
        """Of an hour from now on."""
        factor = self._factor(self._end + timedelta(hours=hour + 0.5))
        return self._mean * factor * self._of_hour[hour % 24]

    def _factor(self, moment: datetime) -> float:
        return self._of_weekend if _is_weekend(moment) else self._of_weekday

    def _weekday_factors(self, hours: list[Decimal]) -> tuple[float, float]:
        """How much more or less than the mean a weekday and a weekend day cost."""
        spent, count = {True: 0.0, False: 0.0}, {True: 0, False: 0}
        for number, amount in enumerate(hours):
            weekend = _is_weekend(self._end - timedelta(hours=len(hours) - number - 0.5))
            spent[weekend] += float(amount)
            count[weekend] += 1
        factors = {
            kind: (spent[kind] + _WEEKEND_PRIOR * self._mean)
            / ((count[kind] / 24 + _WEEKEND_PRIOR) * self._mean)
            for kind in (True, False)
        }
        week = (2 * factors[True] + 5 * factors[False]) / 7
        return factors[False] / week, factors[True] / week

    def _spread(self, left: float) -> float:
        """How many times nearer or farther the end may be, in 80 % of the cases."""
        usual = [self._mean * self._day_factor(number) for number in range(self._days)]
        off = [day - mean for day, mean in zip(self._daily, usual, strict=True)]
        variance = sum(x * x for x in off) / (self._days - 1)
        # Days that follow one another are alike: a burst does not end at midnight.
        together = sum(x * y for x, y in itertools.pairwise(off)) / (self._days - 1)
        variance = max(variance + 2 * together, variance) / self._mean**2
        deviation = math.sqrt(variance * (1 / max(left, 1 / 24) + 1 / self._days))
        # Few days make a poor estimate of the deviation, too.
        return math.exp(min(_EIGHTY_PERCENT * (1 + 2 / self._days) * deviation, 3))

    def _day_factor(self, number: int) -> float:
        """Of one of the past days, each from the hour of now to the same hour."""
        begin = self._end - timedelta(days=self._days - number)
        return sum(
            share * self._factor(begin + timedelta(hours=hour + 0.5))
            for hour, share in enumerate(self._of_hour)
        )


def _hour_shares(hours: list[Decimal], days: int, mean: float) -> list[float]:
    """Which part of a day's spend falls into each hour from now on; together they are 1."""
    spent = [float(sum(hours[hour::24], _ZERO)) for hour in range(24)]
    prior = _HOUR_PRIOR * mean / 24
    return [(amount + prior) / ((days + _HOUR_PRIOR) * mean) for amount in spent]


def _is_weekend(moment: datetime) -> bool:
    return moment.astimezone().weekday() >= _SATURDAY
