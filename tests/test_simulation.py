"""What is said of simulated accounts with known truth comes true."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from simulation import GOALS, KINDS, OTHER_GOAL, score


@pytest.mark.parametrize("kind", KINDS)
def test_simulated_accounts_end_when_it_says(home: Path, kind: str) -> None:
    time.tzset()
    found = score(kind, accounts=5, seed=7)
    assert found.within(GOALS.get(kind, OTHER_GOAL)) >= 0.85
    assert len(found.spoken) >= len(found.guesses) / 3
    assert found.in_range >= 0.6
