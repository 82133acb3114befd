"""``i3blocks``: two or three plain lines, and 33 when it is urgent."""

from __future__ import annotations

import re

import pytest
from views import ALL_VIEWS, VIEWS

from moonshot_status.account import Level
from moonshot_status.formats.i3blocks import render


@pytest.mark.parametrize("view", ALL_VIEWS)
def test_there_are_full_text_short_text_and_perhaps_a_colour(view: str) -> None:
    full, short, *colour = render(ALL_VIEWS[view]).text.splitlines()
    assert full == ALL_VIEWS[view].headline
    assert len(short) < len(full)
    assert len(colour) <= 1
    assert all(re.fullmatch("#[0-9a-f]{6}", line) for line in colour)


@pytest.mark.parametrize("view", VIEWS)
def test_critical_and_empty_are_urgent(view: str) -> None:
    urgent = VIEWS[view].level in (Level.CRITICAL, Level.EMPTY)
    assert render(VIEWS[view]).exit_code == (33 if urgent else 0)
