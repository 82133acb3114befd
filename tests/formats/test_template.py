"""``template``: one line, the user's own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kit.views import ALL_VIEWS, VIEWS

from moonshot_status.display.combine import combine
from moonshot_status.formats.template import render


@pytest.mark.parametrize("view", ALL_VIEWS)
def test_without_a_template_it_is_what_bars_show(view: str) -> None:
    assert render(ALL_VIEWS[view]).text == f"{ALL_VIEWS[view].headline}\n"


def test_with_one_it_is_the_users_line() -> None:
    reply = render(replace(VIEWS["ok"], template_line="mine | #[fg=red]"))
    assert (reply.text, reply.exit_code) == ("mine | #[fg=red]\n", 0)


def test_a_template_may_have_nothing_to_say() -> None:
    assert render(replace(VIEWS["ok"], template_line="")).text == "\n"


def test_of_several_accounts_each_has_its_line() -> None:
    views = [replace(VIEWS["ok"], template_line=own) for own in ("one", "", None)]
    assert render(combine(views)).text == "one │ work $49.58\n"
