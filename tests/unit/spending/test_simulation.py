"""What is said of simulated accounts with known truth comes true."""

from __future__ import annotations

import math
import random
import time
from datetime import datetime
from pathlib import Path

import pytest
from kit.simulation import GOALS, HOUR, KINDS, OTHER_GOAL, RAW, by_hour, score

from moonshot_status.spending import ledger
from moonshot_status.spending.runway import Runway, runway

pytestmark = pytest.mark.slow

ACCOUNTS = 20
CLAIMED = 0.8
# At how many of the moments a day is named at least: not before bursts of unknown size.
SPOKEN = {"steady": 0.97, "bursty": 0.3}
SPOKEN_OF_OTHERS = 0.7


@pytest.mark.parametrize("kind", KINDS)
def test_simulated_accounts_end_when_it_says(home: Path, kind: str) -> None:
    time.tzset()
    found = score(kind, ACCOUNTS, seed=7)
    assert found.within(GOALS.get(kind, OTHER_GOAL)) >= 0.9
    assert found.share_spoken >= SPOKEN.get(kind, SPOKEN_OF_OTHERS)
    # The moments of one account share their future, so that they count as three independent ones.
    error = 2 * math.sqrt(CLAIMED * (1 - CLAIMED) / (3 * ACCOUNTS))
    assert CLAIMED - error <= found.in_range <= min(CLAIMED + 0.1 + error, 0.99)
    assert CLAIMED - error <= found.in_any_range


@pytest.mark.parametrize("kind", ["steady", "bursty", "weekdays only"])
def test_moves_by_the_hour_say_nearly_the_same(home: Path, kind: str) -> None:
    time.tzset()
    randomness = random.Random(f"by the hour {kind}")
    readings = KINDS[kind](randomness).readings(10 * 24 + 7, randomness, raw=9 * 24)
    moves, now = ledger.entries(readings), readings[-1].fetched_at
    kept = by_hour(moves, now - RAW)
    assert len(kept) < len(moves) / 2
    exact, found = runway(moves, readings[-1]), runway(kept, readings[-1])
    for one, other in zip(moments(exact), moments(found), strict=True):
        assert abs(one - other) <= (one - now) * 0.03 + HOUR


def moments(found: Runway) -> list[datetime]:
    assert found.earliest
    assert found.latest
    return [found.earliest, found.latest, *([found.zero_at] if found.zero_at else [])]
