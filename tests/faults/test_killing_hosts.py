"""Hosts that kill their commands cause no more requests than others, and are shown no lies."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit import killing_host
from kit.killing_host import KILLED_AFTER, SERVERS, label

pytestmark = pytest.mark.slow

RUNS = 4
# Less than the time after which a failed or interrupted request may be repeated.
PERIOD = 10.0
CASES = [("waybar", seconds) for seconds in KILLED_AFTER] + [("json", 0.3), ("pipeline", 0.3)]


@pytest.mark.parametrize("is_old", [False, True], ids=["empty", "old"])
@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize(("name", "killed_after"), CASES)
def test_a_host_that_kills_its_commands(
    home: Path, name: str, killed_after: float, server: str, is_old: bool
) -> None:
    result = killing_host.run(
        home, name, server, is_old=is_old, killed_after=killed_after, runs=RUNS
    )
    asked = len(result.requests)
    assert asked <= 1 + result.seconds // PERIOD
    first = ["11"] if is_old else []
    new = f"${11 + len(first)}"
    possible = {"nothing", "no balance"}
    if server != "dead":
        possible.add(new)
    if is_old:
        # In JSON, an old balance is only stale when there is a problem.
        possible |= {"$11 old", "$11"} if name == "json" else {"$11 old"}
    for output in result.outputs:
        assert label(output) in possible, output
        if label(output) == "$11 old" and name != "json":
            assert result.as_of in output
    if name != "json" and asked == 1:
        assert result.amounts == [*first, new[1:]]
    elif name != "json":
        assert len(result.amounts) == len(first) + asked
