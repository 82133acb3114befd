"""``plain``: one line, and an exit status that says whether there is a balance."""

from __future__ import annotations

import pytest
from kit.views import ALL_VIEWS, VIEWS

from moonshot_status.formats.plain import render


@pytest.mark.parametrize("view", ALL_VIEWS)
def test_there_is_exactly_one_line(view: str) -> None:
    assert render(ALL_VIEWS[view]).text.count("\n") == 1


@pytest.mark.parametrize("view", VIEWS)
def test_the_status_says_whether_there_is_a_balance(view: str) -> None:
    assert render(VIEWS[view]).exit_code == (
        0 if any(part.balance for part in VIEWS[view].sections) else 1
    )


def test_reason_and_hint_stand_aside() -> None:
    reply = render(VIEWS["nothing-offline"])
    assert reply.text == "— · offline\n"
    assert reply.stderr == (
        "What happened is offline\nThis is what to do.\nNext: moonshot-status doctor\n"
    )
