"""Simulated accounts with a known future, and how well their end is estimated.

``PYTHONPATH=tests python -m kit.simulation [ACCOUNTS] [SEED]`` prints the table for that many
accounts of each kind.
"""

from __future__ import annotations

import random
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import accumulate

from moonshot_status.core.account import Balance, Reading
from moonshot_status.spending import ledger
from moonshot_status.spending.ledger import Entry
from moonshot_status.spending.runway import estimate_runway
from moonshot_status.spending.vouchers import mark_expired

START = datetime(2026, 3, 2, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
MOMENTS = 12
RAW = timedelta(days=2)
CENT = Decimal("0.00001")
GOALS = {"steady": 0.15}
OTHER_GOAL = 0.35
Spend = list[float]


@dataclass
class Account:
    """The spending of each hour and other events; hours count from ``START``."""

    spend: Spend
    opening: float
    voucher: float = 0
    voucher_ends: int = -1
    topped_up: dict[int, float] = None  # type: ignore[assignment]
    asleep: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        self.topped_up = self.topped_up or {}
        self.worth: list[tuple[float, float]] = [(self.voucher, self.opening - self.voucher)]
        for hour, spent in enumerate(self.spend):
            voucher, cash = self.worth[-1]
            from_voucher = min(voucher, spent)
            voucher, cash = voucher - from_voucher, cash - spent + from_voucher
            voucher = 0 if hour + 1 == self.voucher_ends else voucher
            self.worth.append((voucher, cash + self.topped_up.get(hour + 1, 0)))
        self.total = [0.0, *accumulate(self.spend)]
        self._hourly: dict[int, Reading] = {}

    def left(self, hour: int) -> float | None:
        """Return the hours until the account is empty without a top-up, or None if unknown."""
        available = sum(self.worth[hour])
        end = bisect_left(self.total, self.total[hour] + available)
        if end >= len(self.total):
            return None
        over = self.total[end] - self.total[hour] - available
        return end - hour - over / self.spend[end - 1]

    def readings(self, hour: int, randomness: random.Random, raw: int = 48) -> list[Reading]:
        """Return hourly readings, and one per five minutes for the last hours, with reversals."""
        found = []
        for moment in range(max(0, hour - 35 * 24), hour):
            if self.asleep[0] <= moment < self.asleep[1]:
                continue
            found.append(self._hourly_reading(moment))
            if moment >= hour - raw:
                steps = sorted(randomness.random() for _ in range(11))
                found += [self._reading(moment, step, n / 12) for n, step in enumerate(steps, 1)]
                if randomness.random() < 0.2:
                    found.append(_dip(found[-1], randomness))
        return [*found, self._hourly_reading(hour)]

    def _hourly_reading(self, hour: int) -> Reading:
        if hour not in self._hourly:
            self._hourly[hour] = self._reading(hour, 0, 0)
        return self._hourly[hour]

    def _reading(self, hour: int, part: float, later: float) -> Reading:
        voucher, cash = self.worth[hour]
        if part:
            spent = self.spend[hour] * part
            from_voucher = min(voucher, spent)
            voucher, cash = voucher - from_voucher, cash - spent + from_voucher
        amounts = [Decimal(amount).quantize(CENT) for amount in (voucher, cash)]
        available = amounts[0] + max(amounts[1], Decimal(0))
        return Reading(Balance(available, *amounts), START + (hour + later) * HOUR)


def _dip(reading: Reading, randomness: random.Random) -> Reading:
    """Return a reading with a charge that the next reading reverses."""
    balance, charge = reading.balance, Decimal(randomness.randint(1, 999)) * CENT
    if not balance.cash or balance.cash < charge:
        return reading
    dipped = Balance(balance.available - charge, balance.voucher, balance.cash - charge)
    return Reading(dipped, reading.fetched_at + timedelta(minutes=2))


def _rate(randomness: random.Random) -> float:
    """Return the spending per day, from cents to hundreds."""
    return 0.05 * 4000 ** randomness.random()


def _hours(randomness: random.Random) -> list[float]:
    """Return the share of each hour of a day: equal, or with working hours."""
    if randomness.random() < 0.4:
        return [1 / 24] * 24
    begins, length = randomness.randint(0, 23), randomness.randint(6, 14)
    busy = {(begins + hour) % 24 for hour in range(length)}
    shares = [1.0 if hour in busy else 0.03 for hour in range(24)]
    return [share / sum(shares) for share in shares]


def _daily(days: int, randomness: random.Random, scatter: float, weekend: float = 1) -> Spend:
    rate, hours, spend = _rate(randomness), _hours(randomness), []
    for day in range(days):
        factor = weekend if day % 7 >= 5 else 1
        today = rate * factor * randomness.lognormvariate(0, scatter)
        spend += [today * share * randomness.uniform(0.5, 1.5) for share in hours]
    return spend


def _opening(spend: Spend, randomness: random.Random) -> float:
    """Return enough for some weeks, so that the account ends within the simulation."""
    return sum(spend[: randomness.randint(12 * 24, 75 * 24)]) * randomness.uniform(0.98, 1)


def steady(randomness: random.Random) -> Account:
    hourly = _rate(randomness) / 24
    scatter = randomness.uniform(0, 0.5)
    spend = [hourly * randomness.uniform(1 - scatter, 1 + scatter) for _ in range(130 * 24)]
    return Account(spend, _opening(spend, randomness))


def bursty(randomness: random.Random) -> Account:
    """Simulate bursts of some hours at random, and hardly any spending between them."""
    days, rate = 160, _rate(randomness)
    spend = [rate / 500] * (days * 24)
    bursts = randomness.uniform(1, 4)
    for hour in range(len(spend)):
        if randomness.random() < bursts / 24:
            cost = rate / bursts * randomness.lognormvariate(-0.125, 0.5)
            length = randomness.randint(1, 6)
            for later in range(hour, min(hour + length, len(spend))):
                spend[later] += cost / length
    return Account(spend, _opening(spend, randomness))


def weekdays(randomness: random.Random) -> Account:
    spend = _daily(150, randomness, randomness.uniform(0.1, 0.4), weekend=0)
    return Account(spend, _opening(spend, randomness))


def top_ups(randomness: random.Random) -> Account:
    spend = _daily(150, randomness, randomness.uniform(0.1, 0.5), randomness.choice([1, 1, 0.4]))
    opening = sum(spend[: 24 * randomness.randint(9, 30)])
    added, left = {}, opening
    for hour, spent in enumerate(spend[: 60 * 24]):
        left -= spent
        if left < opening * 0.15:
            added[hour + 1] = float(round(opening * randomness.uniform(0.5, 1.2)) or 1)
            left += added[hour + 1]
    return Account(spend, opening, topped_up=added)


def voucher(randomness: random.Random) -> Account:
    """Simulate a voucher that expires unspent, after a week or later."""
    spend = _daily(150, randomness, randomness.uniform(0.1, 0.4))
    ends = 24 * randomness.randint(8, 25) + randomness.randint(0, 23)
    cash = _opening(spend, randomness)
    lost = sum(spend[:ends]) + sum(spend) / 150 * randomness.uniform(4, 30)
    return Account(spend, cash + lost, voucher=lost, voucher_ends=ends)


def asleep(randomness: random.Random) -> Account:
    """Simulate a fortnight without readings, for half of the accounts without spending."""
    spend = _daily(170, randomness, randomness.uniform(0.1, 0.4))
    begins = 24 * randomness.randint(8, 20)
    until = begins + 14 * 24
    if randomness.random() < 0.5:
        spend[begins:until] = [0.0] * (until - begins)
    opening = sum(spend[: until + randomness.randint(5 * 24, 40 * 24)])
    return Account(spend, opening, asleep=(begins, until))


KINDS: dict[str, Callable[[random.Random], Account]] = {
    "steady": steady, "bursty": bursty, "weekdays only": weekdays, "top-ups": top_ups,
    "a voucher that ends": voucher, "a fortnight asleep": asleep,
}  # fmt: skip


@dataclass(frozen=True)
class Estimate:
    """The days left at a moment, estimated (None: no expected end) and actual."""

    at: datetime
    expected: float | None
    earliest: float
    latest: float
    actual: float

    @property
    def error(self) -> float:
        return abs((self.expected or 0) / self.actual - 1)


def by_hour(entries: Sequence[Entry], until: datetime) -> list[Entry]:
    """Merge the entries that end by a moment, one per hour, as the store does."""
    old = [entry for entry in entries if entry.end <= until]
    kept = ledger.merge_by_period(old, lambda moment: moment.replace(minute=0, second=0), HOUR)
    return [*kept, *entries[len(old) :]]


def estimates(account: Account, randomness: random.Random, count: int) -> Iterator[Estimate]:
    """Yield estimates at moments from the first week until an hour before the end."""
    last = next((h for h, worth in enumerate(account.worth) if sum(worth) <= 0), 0) - 1
    first = max(account.voucher_ends, account.asleep[1], 7 * 24 + 1)
    first = first + 1 if randomness.random() < 0.9 else 7 * 24 + 1
    last = min(last, len(account.spend) - 1) if last > 0 else 90 * 24
    for _ in range(count):
        hour = randomness.randint(first, max(first, last))
        ends_later = hour < account.voucher_ends
        left = account.left(hour)
        if not left or ends_later or account.asleep[0] <= hour < account.asleep[1]:
            continue
        now = START + hour * HOUR
        readings = account.readings(hour, randomness)
        kept = by_hour(ledger.entries_from(readings), now - RAW)
        found = estimate_runway(mark_expired(kept), readings[-1])

        def days(moment: datetime | None, now: datetime = now) -> float:
            return (moment - now) / timedelta(days=1) if moment else 0

        expected = days(found.zero_at) if found.zero_at else None
        yield Estimate(now, expected, days(found.earliest), days(found.latest), left / 24)


@dataclass(frozen=True)
class Score:
    """The quality of the estimates for one kind of account."""

    kind: str
    estimates: list[Estimate]

    @property
    def with_end(self) -> list[Estimate]:
        return [estimate for estimate in self.estimates if estimate.expected is not None]

    def within(self, part: float) -> float:
        return sum(estimate.error <= part for estimate in self.with_end) / len(self.with_end)

    @property
    def share_with_end(self) -> float:
        return len(self.with_end) / len(self.estimates)

    @property
    def in_range(self) -> float:
        """The share of the estimates with an expected end whose range holds the actual end."""
        return _held(self.with_end)

    @property
    def in_any_range(self) -> float:
        """The share of all ranges that hold the actual end."""
        return _held([estimate for estimate in self.estimates if estimate.latest])

    @property
    def median_error(self) -> float:
        return sorted(estimate.error for estimate in self.with_end)[len(self.with_end) // 2]


def _held(estimates: list[Estimate]) -> float:
    return sum(
        estimate.earliest <= estimate.actual <= estimate.latest for estimate in estimates
    ) / len(estimates)


def score(kind: str, accounts: int, seed: int, moments: int = MOMENTS) -> Score:
    randomness = random.Random(f"{kind} {seed}")
    found = [
        estimate
        for _ in range(accounts)
        for estimate in estimates(KINDS[kind](randomness), randomness, moments)
    ]
    return Score(kind, found)


def main() -> None:
    accounts, seed = (int(word) for word in [*sys.argv[1:], "200", "1"][:2])
    print(f"{'kind':<20} {'moments':>8} {'an end':>7} {'±15 %':>7} {'±35 %':>7} {'median':>7} "
          f"{'in range':>9} {'any range':>10}")  # fmt: skip
    samples = []
    for kind in KINDS:
        found = score(kind, accounts, seed)
        print(
            f"{kind:<20} {len(found.estimates):>8} {found.share_with_end:>7.0%} "
            f"{found.within(0.15):>7.1%} {found.within(0.35):>7.1%} {found.median_error:>7.1%} "
            f"{found.in_range:>9.1%} {found.in_any_range:>10.1%}",
            flush=True,
        )
        samples += [
            (kind, estimate) for estimate in found.with_end[:: len(found.with_end) // 3][:3]
        ]
    print("\nkind                 estimated at       expected end      actual end           error")
    for kind, estimate in samples:
        days = (estimate.expected or 0, estimate.actual)
        ends = (f"{estimate.at + timedelta(days=d):%m-%d %H:%M} ({d:4.1f} d)" for d in days)
        print(
            f"{kind:<20} {estimate.at:%Y-%m-%d %H:%M}", *ends, f"{estimate.error:6.1%}", sep="   "
        )


if __name__ == "__main__":
    main()
