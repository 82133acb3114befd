"""``plain``: one line, and exit status 1 without a balance."""

from __future__ import annotations

from kit.views import ALL_VIEWS, VIEWS, for_each

from moonshot_status.display.view import View
from moonshot_status.formats.plain import render


@for_each(ALL_VIEWS)
def test_there_is_exactly_one_line(view: View) -> None:
    assert render(view).text.count("\n") == 1


@for_each(VIEWS)
def test_the_exit_status_is_1_without_a_balance(view: View) -> None:
    assert render(view).exit_code == (0 if any(part.balance for part in view.sections) else 1)


def test_notes_and_next_step_are_for_standard_error() -> None:
    reply = render(VIEWS["nothing-offline"])
    assert reply.text == "— · offline\n"
    assert reply.stderr == (
        "What happened is offline\nThis is what to do.\nNext: moonshot-status doctor\n"
    )
