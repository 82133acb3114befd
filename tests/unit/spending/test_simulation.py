"""Estimates for simulated accounts, compared with how they end."""

from __future__ import annotations

import math
import random
from datetime import datetime

import pytest
from kit.simulation import GOALS, HOUR, KINDS, OTHER_GOAL, RAW, by_hour, score

from moonshot_status.spending import ledger
from moonshot_status.spending.runway import Runway, estimate_runway

ACCOUNTS, ESTIMATES = 20, 6
NOMINAL = 0.8
# The smallest share of estimates with an expected end; bursts of unknown size have few.
MIN_SHARE_WITH_END = {"steady": 0.97, "bursty": 0.3}
OTHER_MIN_SHARE_WITH_END = 0.7


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_simulated_accounts_end_as_estimated(kind: str) -> None:
    found = score(kind, ACCOUNTS, seed=7, moments=ESTIMATES)
    assert found.within(GOALS.get(kind, OTHER_GOAL)) >= 0.9
    assert found.share_with_end >= MIN_SHARE_WITH_END.get(kind, OTHER_MIN_SHARE_WITH_END)
    # The estimates of one account share its future: they count as three independent ones.
    error = 2 * math.sqrt(NOMINAL * (1 - NOMINAL) / (3 * ACCOUNTS))
    assert NOMINAL - error <= found.in_range <= min(NOMINAL + 0.1 + error, 0.99)
    assert NOMINAL - error <= found.in_any_range


@pytest.mark.parametrize("kind", ["steady", "bursty", "weekdays only"])
def test_hourly_entries_give_nearly_the_same_estimate(kind: str) -> None:
    randomness = random.Random(f"by the hour {kind}")
    readings = KINDS[kind](randomness).readings(10 * 24 + 7, randomness, raw=9 * 24)
    entries, now = ledger.entries_from(readings), readings[-1].fetched_at
    kept = by_hour(entries, now - RAW)
    assert len(kept) < len(entries) / 2
    exact, found = estimate_runway(entries, readings[-1]), estimate_runway(kept, readings[-1])
    for one, other in zip(moments(exact), moments(found), strict=True):
        assert abs(one - other) <= (one - now) * 0.03 + HOUR


def moments(found: Runway) -> list[datetime]:
    assert found.earliest
    assert found.latest
    return [found.earliest, found.latest, *([found.zero_at] if found.zero_at else [])]
