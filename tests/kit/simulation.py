"""Simulated accounts with known truth, and how well their end is foreseen.

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
from moonshot_status.spending.runway import runway
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
    """What is spent in each hour, and what else happens; hours count from ``START``."""

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

    def left(self, hour: int) -> float | None:
        """Hours until the money is gone without another top-up; None if that is not simulated."""
        available = sum(self.worth[hour])
        end = bisect_left(self.total, self.total[hour] + available)
        if end >= len(self.total):
            return None
        over = self.total[end] - self.total[hour] - available
        return end - hour - over / self.spend[end - 1]

    def readings(self, hour: int, randomness: random.Random, raw: int = 48) -> list[Reading]:
        """One an hour, and one in five minutes of the last hours, with the noise of settlement."""
        found = []
        for moment in range(max(0, hour - 35 * 24), hour):
            if self.asleep[0] <= moment < self.asleep[1]:
                continue
            found.append(self._reading(moment, 0))
            if moment >= hour - raw:
                steps = sorted(randomness.random() for _ in range(11))
                found += [self._reading(moment, step, n / 12) for n, step in enumerate(steps, 1)]
                if randomness.random() < 0.2:
                    found.append(_dip(found[-1], randomness))
        return [*found, self._reading(hour, 0)]

    def _reading(self, hour: int, part: float, later: float = 0) -> Reading:
        voucher, cash = self.worth[hour]
        if part:
            spent = self.spend[hour] * part
            from_voucher = min(voucher, spent)
            voucher, cash = voucher - from_voucher, cash - spent + from_voucher
        amounts = [Decimal(amount).quantize(CENT) for amount in (voucher, cash)]
        available = amounts[0] + max(amounts[1], Decimal(0))
        return Reading(Balance(available, *amounts), START + (hour + later) * HOUR)


def _dip(reading: Reading, randomness: random.Random) -> Reading:
    """A charge that the next reading takes back."""
    balance, charge = reading.balance, Decimal(randomness.randint(1, 999)) * CENT
    if not balance.cash or balance.cash < charge:
        return reading
    dipped = Balance(balance.available - charge, balance.voucher, balance.cash - charge)
    return Reading(dipped, reading.fetched_at + timedelta(minutes=2))


def _rate(randomness: random.Random) -> float:
    """Of a day; from cents to hundreds."""
    return 0.05 * 4000 ** randomness.random()


def _hours(randomness: random.Random) -> list[float]:
    """The shares of a day's hours: all alike, or working hours of somebody."""
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
    """Enough for some weeks, so that the end is well within what is simulated."""
    return sum(spend[: randomness.randint(12 * 24, 75 * 24)]) * randomness.uniform(0.98, 1)


def steady(randomness: random.Random) -> Account:
    hourly = _rate(randomness) / 24
    scatter = randomness.uniform(0, 0.5)
    spend = [hourly * randomness.uniform(1 - scatter, 1 + scatter) for _ in range(130 * 24)]
    return Account(spend, _opening(spend, randomness))


def bursty(randomness: random.Random) -> Account:
    """Bursts of some hours at random moments, and next to nothing between them."""
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
    """A voucher that ends unspent, after a week or later."""
    spend = _daily(150, randomness, randomness.uniform(0.1, 0.4))
    ends = 24 * randomness.randint(8, 25) + randomness.randint(0, 23)
    cash = _opening(spend, randomness)
    lost = sum(spend[:ends]) + sum(spend) / 150 * randomness.uniform(4, 30)
    return Account(spend, cash + lost, voucher=lost, voucher_ends=ends)


def asleep(randomness: random.Random) -> Account:
    """Nobody looks for a fortnight; in every other account nothing is spent meanwhile."""
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
class Guess:
    """Days that were left at a moment, as foreseen (None: it said nothing) and in truth."""

    at: datetime
    foreseen: float | None
    earliest: float
    latest: float
    truth: float

    @property
    def error(self) -> float:
        return abs((self.foreseen or 0) / self.truth - 1)


def by_hour(moves: Sequence[Entry], until: datetime) -> list[Entry]:
    """As they are kept: those that end by then are one for each hour."""
    old = [move for move in moves if move.end <= until]
    kept = ledger.merged(old, lambda moment: moment.replace(minute=0, second=0), HOUR)
    return [*kept, *moves[len(old) :]]


def guesses(account: Account, randomness: random.Random) -> Iterator[Guess]:
    """At moments from the first week on until an hour before the end."""
    last = next((h for h, worth in enumerate(account.worth) if sum(worth) <= 0), 0) - 1
    first = max(account.voucher_ends, account.asleep[1], 7 * 24 + 1)
    first = first + 1 if randomness.random() < 0.9 else 7 * 24 + 1
    last = min(last, len(account.spend) - 1) if last > 0 else 90 * 24
    for _ in range(MOMENTS):
        hour = randomness.randint(first, max(first, last))
        ends_later = hour < account.voucher_ends
        left = account.left(hour)
        if not left or ends_later or account.asleep[0] <= hour < account.asleep[1]:
            continue
        now = START + hour * HOUR
        readings = account.readings(hour, randomness)
        kept = by_hour(ledger.entries(readings), now - RAW)
        found = runway(mark_expired(kept), readings[-1])

        def days(moment: datetime | None, now: datetime = now) -> float:
            return (moment - now) / timedelta(days=1) if moment else 0

        foreseen = days(found.zero_at) if found.zero_at else None
        yield Guess(now, foreseen, days(found.earliest), days(found.latest), left / 24)


@dataclass(frozen=True)
class Score:
    """Of all the guesses of one kind."""

    kind: str
    guesses: list[Guess]

    @property
    def spoken(self) -> list[Guess]:
        return [guess for guess in self.guesses if guess.foreseen is not None]

    def within(self, part: float) -> float:
        return sum(guess.error <= part for guess in self.spoken) / len(self.spoken)

    @property
    def share_spoken(self) -> float:
        return len(self.spoken) / len(self.guesses)

    @property
    def in_range(self) -> float:
        """Of the ranges of those that name a day, how many hold the truth."""
        return _held(self.spoken)

    @property
    def in_any_range(self) -> float:
        """Of all ranges, those beside which no day is named among them."""
        return _held([guess for guess in self.guesses if guess.latest])

    @property
    def median_error(self) -> float:
        return sorted(guess.error for guess in self.spoken)[len(self.spoken) // 2]


def _held(guesses: list[Guess]) -> float:
    return sum(guess.earliest <= guess.truth <= guess.latest for guess in guesses) / len(guesses)


def score(kind: str, accounts: int, seed: int) -> Score:
    randomness = random.Random(f"{kind} {seed}")
    found = [
        guess for _ in range(accounts) for guess in guesses(KINDS[kind](randomness), randomness)
    ]
    return Score(kind, found)


def main() -> None:
    accounts, seed = (int(word) for word in [*sys.argv[1:], "200", "1"][:2])
    print(f"{'kind':<20} {'moments':>8} {'spoken':>7} {'±15 %':>7} {'±35 %':>7} {'median':>7} "
          f"{'in range':>9} {'any range':>10}")  # fmt: skip
    samples = []
    for kind in KINDS:
        found = score(kind, accounts, seed)
        print(
            f"{kind:<20} {len(found.guesses):>8} {found.share_spoken:>7.0%} "
            f"{found.within(0.15):>7.1%} {found.within(0.35):>7.1%} {found.median_error:>7.1%} "
            f"{found.in_range:>9.1%} {found.in_any_range:>10.1%}",
            flush=True,
        )
        samples += [(kind, guess) for guess in found.spoken[:: len(found.spoken) // 3][:3]]
    print("\nkind                 asked              foreseen          in truth             error")
    for kind, guess in samples:
        days = (guess.foreseen or 0, guess.truth)
        ends = (f"{guess.at + timedelta(days=d):%m-%d %H:%M} ({d:4.1f} d)" for d in days)
        print(f"{kind:<20} {guess.at:%Y-%m-%d %H:%M}", *ends, f"{guess.error:6.1%}", sep="   ")


if __name__ == "__main__":
    main()
